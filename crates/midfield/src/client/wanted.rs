//! Which resources the subscriptions of a session are about: a server ends what is told of a URI with the first
//! `resources/unsubscribe`, however often it was subscribed to.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::Error;

/// How many subscriptions there are to each URI.
///
/// What is asked of the server meanwhile is asked under the lock, so that the server hears it in the order in which it was counted.
#[derive(Debug, Default)]
pub(super) struct Wanted(Mutex<HashMap<String, usize>>);

impl Wanted {
    /// One more wants to hear of `uri`, if `subscribe` succeeds.
    pub(super) async fn begin(
        &self,
        uri: &str,
        subscribe: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let mut counts = self.0.lock().await;
        subscribe.await?;
        *counts.entry(uri.to_owned()).or_default() += 1;
        Ok(())
    }

    /// One fewer wants to hear of `uri`. The last one carries out `unsubscribe`.
    pub(super) async fn end(
        &self,
        uri: &str,
        unsubscribe: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let mut counts = self.0.lock().await;
        match counts.get_mut(uri) {
            Some(count) if *count > 1 => {
                *count -= 1;
                Ok(())
            }
            _ => {
                counts.remove(uri);
                unsubscribe.await
            }
        }
    }
}

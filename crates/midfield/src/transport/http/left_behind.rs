//! Calls whose clients went away and which go on: in the legacy era that is no cancellation.

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The owner of these calls. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftBehind(Arc<Owner>);

#[derive(Debug, Default)]
struct Owner {
    calls: TaskTracker,
    cut: CancellationToken,
}

impl LeftBehind {
    /// Takes a call over. While the runtime goes down there is nobody left to go on: then it ends.
    pub(super) fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let cut = self.0.cut.clone();
        self.0
            .calls
            .spawn(async move { cut.run_until_cancelled_owned(call).await });
    }

    /// Waits until there are none, and none will come any more.
    pub(super) async fn wait(&self) {
        self.0.calls.close();
        self.0.calls.wait().await;
    }

    /// Stops those that are left when the guard is dropped.
    pub(super) fn drop_guard(&self) -> DropGuard {
        self.0.cut.clone().drop_guard()
    }
}

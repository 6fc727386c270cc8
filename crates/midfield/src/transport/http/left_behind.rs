//! Calls whose clients went away and which go on: in the legacy era that is no cancellation.

use std::future::Future;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The owner of these calls. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftBehind {
    calls: TaskTracker,
    cut: CancellationToken,
}

impl LeftBehind {
    /// Takes a call over.
    pub(super) fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.calls
            .spawn(async move { cut.run_until_cancelled_owned(call).await });
    }

    /// Waits until there are none, and none will come any more.
    pub(super) async fn wait(&self) {
        self.calls.close();
        self.calls.wait().await;
    }

    /// Stops those that are left when the guard is dropped.
    pub(super) fn drop_guard(&self) -> DropGuard {
        self.cut.clone().drop_guard()
    }
}

//! Says that the worker lives, from outside the runtime that handlers could block.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Engine, Renewal, cause, milliseconds};

/// Until when what the worker holds is its own, in milliseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Lease(AtomicU64);

impl Lease {
    /// Whether the worker may take tasks. Without a lease what it takes would be another's at once, or its own once more.
    pub(super) fn is_valid(&self, now: u64) -> bool {
        now < self.0.load(Ordering::Relaxed)
    }

    fn set(&self, until: u64) {
        self.0.store(until, Ordering::Relaxed);
    }
}

/// Begins to renew the worker's lease, until the engine stops and nothing of it runs any more. The first renewal is made before
/// this returns, unless the engine stops.
pub(super) async fn start(engine: &Engine) {
    while !renew(engine).await {
        let pause = tokio::time::sleep(RETRY);
        tokio::select! {
            biased;
            () = engine.0.stop.cancelled() => break,
            () = pause => {}
        }
    }
    match engine.0.options.renewal {
        Renewal::Task => {
            engine.0.tracker.spawn(keep_renewing(engine.clone()));
        }
        Renewal::Thread => {
            let renewing = engine.clone();
            let thread = std::thread::Builder::new().name("midfield-lease".to_owned());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            let spawned = runtime.and_then(|runtime| {
                thread.spawn(move || runtime.block_on(keep_renewing(renewing)))
            });
            if let Err(error) = spawned {
                tracing::warn!(%error, "no thread can be made to renew leases; a task of the runtime does it");
                engine.0.tracker.spawn(keep_renewing(engine.clone()));
            }
        }
    }
}

async fn keep_renewing(engine: Engine) {
    let lease = engine.0.options.lease;
    let mut pause = lease / 3;
    while !engine.0.has_ended.is_cancelled() {
        tokio::select! {
            biased;
            () = engine.0.has_ended.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = lease / 3;
        if !renew(&engine).await {
            // The store fails; it is asked again soon.
            pause = RETRY.min(lease / 10);
            if !engine.0.lease.is_valid(engine.now()) {
                engine.lose_all();
            }
        }
    }
}

/// Renews the lease; `false` when the store did not say so.
async fn renew(engine: &Engine) -> bool {
    let now = engine.now();
    let until = now.saturating_add(milliseconds(engine.0.options.lease));
    match engine.0.store.renew(engine.0.worker, now, until).await {
        Ok(is_kept) => {
            if !is_kept {
                // Others may hold what was held here. The worker is known again from now on, and begins anew.
                engine.lose_all();
            }
            engine.0.lease.set(until);
            true
        }
        Err(error) => {
            let cause = cause(&error);
            tracing::warn!(
                cause,
                "the lease of this process's tasks could not be renewed"
            );
            false
        }
    }
}

/// Lets go of all that is held, also of what nobody here knows of, and begins anew.
pub(super) async fn begin_anew(engine: &Engine) {
    engine.0.lease.set(0);
    engine.lose_all();
    loop {
        let retired = engine.0.store.retire(engine.0.worker, engine.now()).await;
        if retired.is_ok() && renew(engine).await {
            return;
        }
        tokio::select! {
            biased;
            () = engine.0.stop.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

const RETRY: Duration = Duration::from_millis(100);

//! Says that the worker lives, from outside the runtime that handlers could block.

use std::time::Duration;

use super::{Engine, Renewal, cause, milliseconds};

/// Begins to renew the worker's lease, until the engine stops and nothing of it runs any more. The first renewal is made before
/// this returns.
pub(super) async fn start(engine: &Engine) {
    renew(engine).await;
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
    let mut valid_until = engine.now() + milliseconds(lease);
    while !engine.0.has_ended.is_cancelled() {
        let pause = tokio::time::sleep(lease / 3);
        tokio::select! {
            () = engine.0.has_ended.cancelled() => return,
            () = pause => {}
        }
        let begun = engine.now();
        if renew(&engine).await {
            valid_until = begun + milliseconds(lease);
        } else if engine.now() >= valid_until {
            engine.lose_all();
        } else {
            // The store fails; it is asked again soon.
            tokio::time::sleep(RETRY.min(lease / 10)).await;
        }
    }
}

/// Renews the lease; `false` when the store did not say so.
async fn renew(engine: &Engine) -> bool {
    let now = engine.now();
    let until = now + milliseconds(engine.0.options.lease);
    match engine.0.store.renew(engine.0.worker, now, until).await {
        Ok(true) => true,
        Ok(false) => {
            // Others may hold what was held here. The worker is known again from now on, and begins anew.
            engine.lose_all();
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

const RETRY: Duration = Duration::from_millis(100);

//! Tasks that cannot go on: whose handler has changed, and whose contents cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use midfield_durable::engine::{Ended, Error, Seal, SealError};
use midfield_durable::task::State;

use super::done;
use super::support::line::Fate;
use super::support::site::{Site, result};
use super::support::{OWNER, World, call, options, seconds};

#[tokio::test(start_paused = true)]
async fn a_handler_that_has_changed_fails_with_what_it_was_and_is() {
    let old = World::new().handler("changes", async |cx| {
        cx.step("one").await;
        done(cx.ask("confirm").await.unwrap())
    });
    let first = old.site();
    let task = first.create(call("changes")).await.unwrap();
    first.until_asked(task.id, 1).await;
    first.shut_down().await;
    let new = old.handler("changes", async |cx| done(cx.ask("one").await.unwrap()));
    let second = new.site();
    second.say_to(task.id, "confirm", "yes").await;
    let end = second.until_ended(task.id).await;
    assert_eq!(end.state, State::Failed);
    assert!(
        result(&end).contains("`one` was recorded as a step"),
        "{}",
        result(&end)
    );
    assert_eq!(second.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_handler_is_its_result() {
    let world = World::new().handler("fails", async |_| {
        Ended::Failed(super::support::raw("so it goes"))
    });
    let site = world.site();
    let task = site.create(call("fails")).await.unwrap();
    let end = site.until_ended(task.id).await;
    assert_eq!(
        (end.state, result(&end)),
        (State::Failed, "so it goes".to_owned())
    );
}

/// A seal whose key may be away.
#[derive(Debug)]
struct Key {
    is_there: Arc<AtomicBool>,
    has_chance: Arc<AtomicBool>,
}

impl Seal for Key {
    fn seal(&self, _place: &[u8], content: &[u8]) -> Result<Vec<u8>, SealError> {
        let sealed = self.has_chance.load(Ordering::SeqCst);
        sealed.then(|| content.to_vec()).ok_or(SealError::new())
    }

    fn open(&self, _place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let opened = self.is_there.load(Ordering::SeqCst);
        opened.then(|| sealed.to_vec())
    }
}

struct Locked {
    world: World,
    site: Site,
    is_there: Arc<AtomicBool>,
    has_chance: Arc<AtomicBool>,
}

fn locked() -> Locked {
    let world = World::new().handler("asks", async |cx| {
        cx.step("one").await;
        let answer = cx.ask("confirm").await.unwrap();
        done(format!("{answer} {}", cx.step("two").await))
    });
    let is_there = Arc::new(AtomicBool::new(true));
    let has_chance = Arc::new(AtomicBool::new(true));
    let key = Key {
        is_there: Arc::clone(&is_there),
        has_chance: Arc::clone(&has_chance),
    };
    let fates = Arc::new(|_| Fate::Happens);
    let site = Site::sealed(&world, options(), world.clock(), fates, Arc::new(key));
    Locked {
        world,
        site,
        is_there,
        has_chance,
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_read_stays_and_is_tried_again() {
    let locked = locked();
    let site = &locked.site;
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    tokio::time::sleep(seconds(5)).await;
    site.say_to(task.id, "confirm", "yes").await;
    // The answer is kept, the run begins, and cannot read anything.
    locked.is_there.store(false, Ordering::SeqCst);
    let unreadable = site.view(OWNER, task.id).await;
    assert!(matches!(unreadable, Err(Error::Unreadable)));
    tokio::time::sleep(seconds(3_600)).await;
    assert_eq!(site.running(), 0);
    locked.is_there.store(true, Ordering::SeqCst);
    assert_eq!(result(&site.until_ended(task.id).await), "yes two");
    assert_eq!(locked.world.deeds(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_written_is_tried_again() {
    let locked = locked();
    let site = &locked.site;
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    tokio::time::sleep(seconds(5)).await;
    site.say_to(task.id, "confirm", "yes").await;
    locked.has_chance.store(false, Ordering::SeqCst);
    tokio::time::sleep(seconds(100)).await;
    assert!(!site.see(task.id).await.state.has_ended());
    assert!(matches!(
        site.create(call("asks")).await,
        Err(Error::Seal(_))
    ));
    locked.has_chance.store(true, Ordering::SeqCst);
    assert_eq!(result(&site.until_ended(task.id).await), "yes two");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_read_can_be_cancelled() {
    let locked = locked();
    let site = &locked.site;
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    locked.is_there.store(false, Ordering::SeqCst);
    let cancelled = site.cancel(OWNER, task.id).await;
    assert!(matches!(cancelled, Err(Error::Unreadable)));
    locked.is_there.store(true, Ordering::SeqCst);
    assert_eq!(site.see(task.id).await.state, State::Cancelled);
}

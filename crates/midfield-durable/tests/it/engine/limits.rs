//! Limits: how much runs at once, how much one owner may have, how large a result is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield_durable::engine::{EngineOptions, Error, NewCall};
use midfield_durable::task::{Owner, State};

use super::done;
use super::support::line::{Fate, Verb};
use super::support::site::result;
use super::support::{OWNER, STRANGER, World, call, milliseconds, options, raw, seconds};

/// A world whose tasks note how many of them run at once at most.
fn crowded() -> (World, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&most);
    let work = move |cx: super::support::cx::Cx| {
        let (noted, now) = (Arc::clone(&noted), Arc::clone(&now));
        async move {
            noted.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            cx.slow_step("work", seconds(2)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            done("worked")
        }
    };
    let world = World::new()
        .handler("work", work.clone())
        .handler("other", work);
    (world, most)
}

async fn make(site: &super::support::site::Site, owner: Owner, lane: &str, count: usize) {
    for number in 0..count {
        let call = NewCall::new(owner, lane, raw(&number));
        site.create(call).await.unwrap();
    }
}

fn narrow(set: impl FnOnce(&mut EngineOptions)) -> EngineOptions {
    let mut options = options();
    set(&mut options);
    options
}

#[tokio::test(start_paused = true)]
async fn no_more_run_than_may() {
    for late in [0, 3, 20] {
        let (world, most) = crowded();
        let fate = Fate::Late {
            before: milliseconds(late),
            after: milliseconds(late),
        };
        let options = narrow(|it| it.concurrency = 3.try_into().unwrap());
        let site = world.site_of(options, Arc::new(move |_| fate));
        make(&site, OWNER, "work", 20).await;
        make(&site, STRANGER, "other", 20).await;
        tokio::time::sleep(seconds(120)).await;
        assert_eq!(world.deeds().len(), 40);
        assert_eq!(most.load(Ordering::SeqCst), 3, "{late}");
        site.gate.kill();
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_of_one_owner_or_lane_run_than_may() {
    let (world, most) = crowded();
    let options = narrow(|it| it.concurrency_per_owner = 2.try_into().unwrap());
    let site = world.site_with(options);
    make(&site, OWNER, "work", 10).await;
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((world.deeds().len(), most.load(Ordering::SeqCst)), (10, 2));

    let (world, most) = crowded();
    let options = narrow(|it| it.concurrency_per_lane = vec![("work".to_owned(), 1)]);
    let site = world.site_with(options);
    make(&site, OWNER, "work", 10).await;
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((world.deeds().len(), most.load(Ordering::SeqCst)), (10, 1));
}

#[tokio::test(start_paused = true)]
async fn an_owner_with_many_tasks_keeps_no_other_waiting() {
    let (world, _) = crowded();
    let site = world.site_with(narrow(|it| it.concurrency = 2.try_into().unwrap()));
    make(&site, OWNER, "work", 100).await;
    let one = site
        .create(NewCall::new(STRANGER, "work", raw("mine")))
        .await
        .unwrap();
    tokio::time::sleep(seconds(6)).await;
    let view = site.view(STRANGER, one.id).await.unwrap().unwrap();
    assert_eq!(view.state, State::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_owner_has_no_more_unfinished_tasks_than_it_may() {
    let (world, _) = crowded();
    let site = world.site_with(narrow(|it| it.unfinished_per_owner = 2.try_into().unwrap()));
    make(&site, OWNER, "work", 2).await;
    let third = site.create(call("work")).await;
    assert!(matches!(third, Err(Error::TooMany { most: 2 })));
    make(&site, STRANGER, "work", 1).await;
    tokio::time::sleep(seconds(5)).await;
    site.create(call("work")).await.unwrap();
    // What was refused keeps no place.
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(site.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_too_large_fails() {
    let world = World::new()
        .handler("fits", async |_| done("x".repeat(98)))
        .handler("does not", async |_| done("x".repeat(99)));
    let site = world.site_with(narrow(|it| it.max_result = 100));
    let fits = site.create(call("fits")).await.unwrap();
    assert_eq!(site.until_ended(fits.id).await.state, State::Completed);
    let large = site.create(call("does not")).await.unwrap();
    let end = site.until_ended(large.id).await;
    assert_eq!(end.state, State::Failed);
    assert_eq!(
        result(&end),
        "the result of the task has 101 bytes, of at most 100"
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_takes_no_place() {
    let world = World::new()
        .handler("asks", async |cx| done(cx.ask("confirm").await.unwrap()))
        .handler("step", async |cx| done(cx.step("one").await));
    let site = world.site_with(narrow(|it| it.concurrency = 1.try_into().unwrap()));
    for _ in 0..5 {
        site.create(call("asks")).await.unwrap();
    }
    let step = site.create(call("step")).await.unwrap();
    assert_eq!(site.until_ended(step.id).await.state, State::Completed);
}

/// A claim takes its time, and meanwhile tasks are made that would begin at once.
#[tokio::test(start_paused = true)]
async fn what_begins_during_a_claim_is_counted() {
    let (world, most) = crowded();
    let fates = |verb: Verb| match verb.name {
        "claim" => Fate::Late {
            before: milliseconds(200),
            after: milliseconds(200),
        },
        _ => Fate::Happens,
    };
    let options = narrow(|it| it.concurrency = 3.try_into().unwrap());
    let site = world.site_of(options, Arc::new(fates));
    for _ in 0..10 {
        make(&site, OWNER, "work", 1).await;
        tokio::time::sleep(milliseconds(330)).await;
    }
    make(&site, STRANGER, "work", 10).await;
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(world.deeds().len(), 20);
    assert!(most.load(Ordering::SeqCst) <= 3, "{most:?}");
}

//! Making tasks: one task for one request, however often it is made.

use std::sync::Arc;

use midfield_durable::engine::{Error, NewCall};
use midfield_durable::task::State;

use super::done;
use super::support::line::Fate;
use super::support::site::result;
use super::support::{OWNER, STRANGER, World, call, options, raw, seconds};

fn world() -> World {
    World::new().handler("step", async |cx| done(cx.step("one").await))
}

fn keyed(key: &str) -> NewCall {
    let mut call = call("step");
    call.idempotency_key = Some(key.to_owned());
    call
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_repeated_gives_the_same_task() {
    let world = world();
    let site = world.site();
    let first = site.create(keyed("a")).await.unwrap();
    let again = site.create(keyed("a")).await.unwrap();
    assert_eq!(first.id, again.id);
    site.until_ended(first.id).await;
    let late = site.create(keyed("a")).await.unwrap();
    assert_eq!((late.id, late.state), (first.id, State::Completed));
    assert_eq!(result(&late), "one");
    // Also in another process, and not for somebody else.
    let elsewhere = world.site().create(keyed("a")).await.unwrap();
    assert_eq!(elsewhere.id, first.id);
    let mut of_another = keyed("a");
    of_another.owner = STRANGER;
    assert_ne!(site.create(of_another).await.unwrap().id, first.id);
    assert_eq!(world.deeds().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_used_for_another_request_is_refused() {
    let site = world().site();
    site.create(keyed("a")).await.unwrap();
    let mut other = keyed("a");
    other.request = raw("something else");
    assert!(matches!(site.create(other).await, Err(Error::KeyReused)));
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_making_was_not_answered_is_found_again_and_runs() {
    for happens in [true, false] {
        let world = world();
        let fates = move |verb: super::support::line::Verb| match verb.name {
            "create" if verb.number < 10 => Fate::Unknown { happens },
            _ => Fate::Happens,
        };
        let site = world.site_of(options(), Arc::new(fates));
        assert!(site.create(keyed("a")).await.is_err());
        tokio::time::sleep(seconds(2)).await;
        assert_eq!(
            site.list(OWNER, 0, 10).await.unwrap().len(),
            usize::from(happens)
        );
        let found = site.create(keyed("a")).await.unwrap();
        let end = site.until_ended(found.id).await;
        assert_eq!(result(&end), "one", "{happens}");
        assert_eq!(world.deeds(), ["one"]);
        assert_eq!(site.list(OWNER, 0, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_process_that_died_amid_its_making_is_run_by_another() {
    for happens in [true, false] {
        let world = world();
        let fates = move |verb: super::support::line::Verb| match verb.name {
            "create" => Fate::Dies { happens },
            _ => Fate::Happens,
        };
        let dying = world.site_of(options(), Arc::new(fates));
        let making = tokio::time::timeout(seconds(1), dying.create(keyed("a")));
        assert!(making.await.is_err());
        let site = world.site();
        let found = site.create(keyed("a")).await.unwrap();
        assert_eq!(result(&site.until_ended(found.id).await), "one");
        assert_eq!(world.deeds(), ["one"]);
        assert_eq!(site.list(OWNER, 0, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_while_a_task_is_made_leaves_a_task_that_runs() {
    let world = world();
    let late = Fate::Late {
        before: seconds(1),
        after: seconds(1),
    };
    let fates = move |verb: super::support::line::Verb| match verb.name {
        "create" => late,
        _ => Fate::Happens,
    };
    let site = world.site_of(options(), Arc::new(fates));
    let making = tokio::time::timeout(seconds(1), site.create(keyed("a")));
    assert!(making.await.is_err());
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(world.deeds(), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_shuts_down_makes_no_tasks() {
    let site = world().site();
    site.shut_down().await;
    assert!(matches!(
        site.create(call("step")).await,
        Err(Error::ShuttingDown)
    ));
}

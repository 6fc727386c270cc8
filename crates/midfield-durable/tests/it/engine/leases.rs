//! Leases: what a process does not hold any more it does not change, and what nobody runs is run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use midfield_durable::engine::KeptAnswer;
use midfield_durable::task::State;

use super::done;
use super::support::line::{Fate, Verb};
use super::support::site::{Site, result};
use super::support::{OWNER, World, call, milliseconds, options, raw, seconds};

fn world() -> World {
    World::new()
        .handler("step", async |cx| done(cx.step("one").await))
        .handler("slow", async |cx| {
            let one = cx.slow_step("one", seconds(20)).await;
            done(format!("{one} {}", cx.step("two").await))
        })
}

/// A process whose verbs of a name have a fate as long as the switch is on.
fn faulty(world: &World, name: &'static str, fate: Fate) -> (Site, Arc<AtomicBool>) {
    let is_on = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_on);
    let fates = move |verb: Verb| {
        if verb.name == name && switch.load(Ordering::SeqCst) {
            fate
        } else {
            Fate::Happens
        }
    };
    (world.site_of(options(), Arc::new(fates)), is_on)
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_loses_its_tasks_and_writes_nothing() {
    let world = world();
    let first = world.site();
    let task = first.create(call("slow")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    first.gate.stop();
    let second = world.site();
    let end = second.until_ended(task.id).await;
    assert_eq!(result(&end), "one two");
    first.gate.go_on();
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(second.see(task.id).await, end);
    assert_eq!(first.see(task.id).await, end);
    assert_eq!(first.figures().lease_losses, 1);
    assert_eq!(second.figures().claims, 1);
    // It works again.
    let next = first.create(call("step")).await.unwrap();
    first.until_ended(next.id).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_alone_goes_on() {
    let world = world();
    let site = world.site();
    let task = site.create(call("slow")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    for _ in 0..10 {
        site.gate.stop();
        tokio::time::sleep(seconds(60)).await;
        site.gate.go_on();
        tokio::time::sleep(seconds(1)).await;
    }
    let end = site.until_ended(task.id).await;
    assert_eq!(
        (end.state, result(&end)),
        (State::Completed, "one two".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_before_the_lease_is_said() {
    for fate in [Fate::Fails, Fate::Unknown { happens: false }] {
        let world = world();
        let (site, is_on) = faulty(&world, "renew", fate);
        let task = site.create(call("slow")).await.unwrap();
        tokio::time::sleep(seconds(30)).await;
        is_on.store(false, Ordering::SeqCst);
        let end = site.until_ended(task.id).await;
        assert_eq!(
            (end.state, result(&end)),
            (State::Completed, "one two".to_owned())
        );
        assert_eq!(world.deeds(), ["one", "two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_for_a_while_ends_no_task() {
    for happens in [None, Some(true), Some(false)] {
        let world = world();
        let fate = happens.map_or(Fate::Fails, |happens| Fate::Unknown { happens });
        let (site, is_on) = faulty(&world, "renew", fate);
        is_on.store(false, Ordering::SeqCst);
        tokio::time::sleep(seconds(1)).await;
        for pause in [1, 4, 5, 6, 7, 60] {
            let task = site.create(call("slow")).await.unwrap();
            is_on.store(true, Ordering::SeqCst);
            tokio::time::sleep(seconds(pause)).await;
            is_on.store(false, Ordering::SeqCst);
            let end = site.until_ended(task.id).await;
            assert_eq!(
                (end.state, result(&end)),
                (State::Completed, "one two".to_owned())
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_and_not_answered_is_run_all_the_same() {
    for happens in [true, false] {
        let world = world();
        let (site, is_on) = faulty(&world, "claim", Fate::Unknown { happens });
        let other = world.site();
        other.shut_down().await;
        // Somebody else has made it, and nobody holds it.
        let maker = midfield_durable::engine::Engine::with_clock(
            Arc::new(world.memory()),
            Arc::new(midfield_durable::engine::Unsealed),
            options(),
            world.clock(),
        );
        let task = maker.unwrap().create(call("step")).await.unwrap();
        tokio::time::sleep(milliseconds(150)).await;
        is_on.store(false, Ordering::SeqCst);
        assert_eq!(result(&site.until_ended(task.id).await), "one");
        assert_eq!(world.deeds(), ["one"]);
    }
}

/// Two questions of one task are answered while the lease is lost to another process: both answers count.
#[tokio::test(start_paused = true)]
async fn answers_survive_a_lost_lease() {
    let world = World::new().handler("ask", async |cx| {
        let (one, two) = futures_util::join!(cx.ask("one"), cx.ask("two"));
        done(format!("{} {}", one.unwrap(), two.unwrap()))
    });
    let first = world.site();
    let task = first.create(call("ask")).await.unwrap();
    first.until_asked(task.id, 2).await;
    first.say_to(task.id, "one", "1").await;
    first.gate.stop();
    let second = world.site();
    tokio::time::sleep(seconds(20)).await;
    let answer = vec![("two".to_owned(), KeptAnswer::Result(raw("2")))];
    second.answer(OWNER, task.id, answer).await.unwrap();
    first.gate.go_on();
    assert_eq!(result(&second.until_ended(task.id).await), "1 2");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(result(&first.see(task.id).await), "1 2");
}

/// To the other process's clock no lease of the first one is ever valid.
#[tokio::test(start_paused = true)]
async fn a_process_with_another_time_of_day_does_not_wear_tasks_out() {
    let day = std::time::SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000 + 1);
    let world = world();
    let late = world.site();
    let early = Site::begin(
        &world,
        options(),
        midfield_durable::Clock::starting_at(day),
        Arc::new(|_| Fate::Happens),
    );
    let mut tasks = Vec::new();
    for number in 0..20 {
        let site = if number % 2 == 0 { &late } else { &early };
        tasks.push(site.create(call("step")).await.unwrap().id);
        tokio::time::sleep(milliseconds(333)).await;
    }
    for id in tasks {
        let end = late.until_ended(id).await;
        assert_eq!(end.state, State::Completed, "{end:?}");
    }
}

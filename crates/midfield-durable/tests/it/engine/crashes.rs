//! A process that dies at any use of the store: another one goes on, and nothing is done or asked twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use midfield_durable::engine::{Ended, KeptAnswer};
use midfield_durable::task::{State, TaskId};

use super::done;
use super::support::cx::Cx;
use super::support::line::{Fate, Verb};
use super::support::site::{Site, result};
use super::support::{OWNER, World, call, milliseconds, options, raw, seconds};

/// Forty steps, two questions, two sleeps.
async fn walk(cx: Cx) -> Ended {
    let mut said = Vec::new();
    for part in 0..2 {
        for step in 0..20 {
            said.push(cx.step(&format!("step {part} {step}")).await);
        }
        said.push(cx.ask("confirm").await.unwrap());
        cx.sleep("nap", milliseconds(1_500)).await;
    }
    done(said.join(" "))
}

/// Makes the task and answers its questions, as a client that asks again when it hears nothing. Processes that die are
/// followed by others. Gives the result, and how often each key was answered.
async fn live_through(world: &World, mut site: Site) -> (String, BTreeMap<String, usize>) {
    let mut new = call("walk");
    new.idempotency_key = Some("key".to_owned());
    let mut id: Option<TaskId> = None;
    let mut answers = BTreeMap::new();
    for _ in 0..5_000 {
        tokio::time::sleep(milliseconds(50)).await;
        if site.gate.is_dead() {
            site = world.site();
        }
        let Some(known) = id else {
            let making = tokio::time::timeout(seconds(1), site.create(new.clone()));
            id = making.await.ok().map(|made| made.unwrap().id);
            continue;
        };
        let looking = tokio::time::timeout(seconds(1), site.view(OWNER, known));
        let Ok(seen) = looking.await else { continue };
        let view = seen
            .unwrap()
            .expect("a task that was acknowledged is found");
        if view.state.has_ended() {
            assert_eq!(view.state, State::Completed);
            site.gate.kill();
            return (result(&view), answers);
        }
        for question in view.questions {
            let answer = vec![(question.key.clone(), KeptAnswer::Result(raw(&question.key)))];
            let answering = tokio::time::timeout(seconds(1), site.answer(OWNER, known, answer));
            if answering.await.is_ok() {
                *answers.entry(question.key).or_default() += 1;
            }
        }
    }
    panic!("the task does not end");
}

/// Whether the process used the store as often.
async fn survives(nth: u64, happens: bool) -> bool {
    let world = World::new().handler("walk", walk);
    let has_died = Arc::new(AtomicBool::new(false));
    let died = Arc::clone(&has_died);
    let fates = move |verb: Verb| {
        if verb.number == nth {
            died.store(true, Ordering::SeqCst);
            Fate::Dies { happens }
        } else {
            Fate::Happens
        }
    };
    let site = world.site_of(options(), Arc::new(fates));
    let (result, answers) = live_through(&world, site).await;
    let context = format!("use {nth}, happens: {happens}");
    let steps = |part| (0..20).map(move |step| format!("step {part} {step}"));
    let said: Vec<_> = steps(0)
        .chain(["confirm".to_owned()])
        .chain(steps(1))
        .chain(["confirm#2".to_owned()])
        .collect();
    assert_eq!(result, said.join(" "), "{context}");
    assert!(
        answers.values().all(|times| *times == 1),
        "{context}: {answers:?}"
    );
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let effects = world.effects();
    for effect in &effects {
        let key = keys
            .entry(effect.name.clone())
            .or_insert_with(|| effect.key.clone());
        assert_eq!(*key, effect.key, "{context}: one idempotency key");
    }
    assert_eq!(keys.len(), 40, "{context}");
    // What was at work when the process died is done again, and nothing else.
    assert!(effects.len() <= 41, "{context}: {}", effects.len());
    has_died.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_task_ends_as_ever_whenever_its_process_dies() {
    for happens in [true, false] {
        let mut nth = 1;
        while survives(nth, happens).await {
            nth += 1;
        }
        assert!(nth > 100, "the process used the store {nth} times");
    }
}

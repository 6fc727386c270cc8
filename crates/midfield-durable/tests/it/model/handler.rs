//! Handlers as values, what they come to, and how they run.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use midfield_durable::{Kind, Retry};
use proptest::prelude::*;

use super::driver::World;
use crate::raw;

/// A part of a handler; each has a number of its own, of which all that comes of it is made.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    number: u32,
    name: &'static str,
    does: Does,
}

#[derive(Clone, Debug)]
enum Does {
    /// A step that is polled so often before it is done.
    Step {
        polls: u32,
        fails: bool,
    },
    Ask(Kind),
    Sleep(u64),
    /// Asks, and waits for the answer no longer than so many milliseconds. Who wins is not known beforehand.
    Race {
        limit: u64,
        sleep_first: bool,
    },
    /// Asks, and goes one of two ways.
    Branch([Vec<Part>; 2]),
    Join(Vec<Vec<Part>>),
}

/// What is to come of a handler.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) trace: Vec<String>,
    /// The numbers of the steps that are done.
    pub(crate) steps: Vec<u32>,
    /// The numbers of the questions that are answered.
    pub(crate) asked: Vec<u32>,
}

/// What the peer answers to question `number`; some are refused.
pub(crate) fn answer(number: u32) -> Result<u32, i64> {
    if number % 7 == 3 {
        Err(i64::from(number))
    } else {
        Ok(number * 10)
    }
}

pub(crate) fn handlers() -> impl Strategy<Value = Vec<Part>> {
    let leaf = prop_oneof![
        3 => (0..4_u32, prop::bool::weighted(0.2)).prop_map(|(polls, fails)| Does::Step { polls, fails }),
        3 => prop::sample::select(vec![Kind::Elicitation, Kind::Sample, Kind::Call]).prop_map(Does::Ask),
        1 => (0..30_u64).prop_map(Does::Sleep),
        1 => (0..30_u64, any::<bool>()).prop_map(|(limit, sleep_first)| Does::Race { limit, sleep_first }),
    ];
    let does = leaf.prop_recursive(3, 30, 4, |inner| {
        let parts = prop::collection::vec(part(inner), 0..4);
        prop_oneof![
            1 => [parts.clone(), parts.clone()].prop_map(Does::Branch),
            2 => prop::collection::vec(parts, 1..4).prop_map(Does::Join),
        ]
    });
    prop::collection::vec(part(does), 1..6).prop_map(|mut parts: Vec<Part>| {
        number(&mut parts, &mut 0);
        parts
    })
}

/// Names are drawn from so few that branches share them for whatever they do.
fn part(
    does: impl Strategy<Value = Does> + Clone + 'static,
) -> impl Strategy<Value = Part> + Clone {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    (name, does).prop_map(|(name, does)| Part {
        number: 0,
        name,
        does,
    })
}

fn number(parts: &mut [Part], next: &mut u32) {
    for part in parts {
        part.number = *next;
        *next += 1;
        match &mut part.does {
            Does::Branch(ways) => ways.iter_mut().for_each(|way| number(way, next)),
            Does::Join(branches) => branches.iter_mut().for_each(|branch| number(branch, next)),
            _ => {}
        }
    }
}

/// What comes of a handler, found without running it; `races` says in which an answer came in time.
pub(crate) fn expected(parts: &[Part], races: &BTreeMap<u32, bool>) -> Expected {
    let mut all = Expected::default();
    expect(parts, races, &mut all);
    all.steps.sort_unstable();
    all.asked.sort_unstable();
    all
}

fn expect(parts: &[Part], races: &BTreeMap<u32, bool>, all: &mut Expected) {
    for part in parts {
        let number = part.number;
        match &part.does {
            Does::Step { fails, .. } => {
                all.steps.push(number);
                all.trace.push(stepped(number, *fails));
            }
            Does::Sleep(_) => all.trace.push(format!("{number} slept")),
            Does::Race { .. } => all.trace.push(match races.get(&number) {
                Some(true) => told(number, answer(number)),
                _ => format!("{number} gave up"),
            }),
            Does::Ask(_) => {
                all.asked.push(number);
                all.trace.push(told(number, answer(number)));
            }
            Does::Branch(ways) => {
                all.asked.push(number);
                all.trace.push(told(number, answer(number)));
                expect(&ways[way(answer(number))], races, all);
            }
            Does::Join(branches) => branches
                .iter()
                .for_each(|branch| expect(branch, races, all)),
        }
    }
}

fn stepped(number: u32, fails: bool) -> String {
    if fails {
        format!("{number} failed with error {number}")
    } else {
        format!("{number} gave {}", number * 100)
    }
}

fn told(number: u32, answer: Result<u32, i64>) -> String {
    format!("{number} was told {answer:?}")
}

fn way(answer: Result<u32, i64>) -> usize {
    usize::from(answer.is_ok_and(|answer| answer % 20 == 0))
}

/// Runs a handler, and gives what it did.
pub(crate) fn run<'a>(
    parts: &'a [Part],
    world: &'a World,
) -> Pin<Box<dyn Future<Output = Vec<String>> + 'a>> {
    Box::pin(async move {
        let mut trace = Vec::new();
        for part in parts {
            match &part.does {
                Does::Step { polls, fails } => trace.push(step(part, *polls, *fails, world).await),
                Does::Sleep(duration) => {
                    let duration = Duration::from_millis(*duration);
                    world.execution.sleep(part.name, duration).await;
                    trace.push(format!("{} slept", part.number));
                }
                Does::Race { limit, sleep_first } => {
                    let limit = Duration::from_millis(*limit);
                    let answer = race(part, limit, *sleep_first, world).await;
                    world.raced(part.number, answer.is_some());
                    trace.push(answer.map_or_else(
                        || format!("{} gave up", part.number),
                        |answer| told(part.number, answer),
                    ));
                }
                Does::Ask(kind) => trace.push(told(part.number, ask(part, *kind, world).await)),
                Does::Branch(ways) => {
                    let answer = ask(part, Kind::Elicitation, world).await;
                    trace.push(told(part.number, answer));
                    world.called().await;
                    trace.extend(run(&ways[way(answer)], world).await);
                }
                Does::Join(branches) => trace.extend(join(branches, world).await),
            }
            world.called().await;
        }
        trace
    })
}

/// Two branches are joined by tokio, which polls another one first each time; more are polled in order.
async fn join(branches: &[Vec<Part>], world: &World) -> Vec<String> {
    match branches {
        [left, right] => {
            let (left, right) = tokio::join!(run(left, world), run(right, world));
            [left, right].concat()
        }
        _ => join_all(branches.iter().map(|branch| run(branch, world)))
            .await
            .concat(),
    }
}

async fn step(part: &Part, polls: u32, fails: bool, world: &World) -> String {
    let number = part.number;
    let work = async |_| {
        for _ in 0..polls {
            tokio::task::yield_now().await;
            world.called().await;
        }
        world.worked(number);
        if fails {
            Err(format!("error {number}"))
        } else {
            Ok(number * 100)
        }
    };
    let result: Result<u32, _> = world.execution.step(part.name, &Retry::once(), work).await;
    match result {
        Ok(result) => format!("{number} gave {result}"),
        Err(error) => format!("{number} failed with {error}"),
    }
}

/// An answer that came in time. Its kind tells the driver that it may come late.
async fn race(
    part: &Part,
    limit: Duration,
    sleep_first: bool,
    world: &World,
) -> Option<Result<u32, i64>> {
    if sleep_first {
        tokio::select! {
            biased;
            () = world.execution.sleep(part.name, limit) => None,
            answer = ask(part, Kind::Roots, world) => Some(answer),
        }
    } else {
        tokio::select! {
            biased;
            answer = ask(part, Kind::Roots, world) => Some(answer),
            () = world.execution.sleep(part.name, limit) => None,
        }
    }
}

async fn ask(part: &Part, kind: Kind, world: &World) -> Result<u32, i64> {
    let execution: &Arc<_> = &world.execution;
    let accept = |answer: &midfield_protocol::Raw| match answer.read::<u32>() {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    let asking = execution.ask(kind, part.name, raw(&part.number), accept);
    match asking.await {
        Ok(answer) => Ok(answer.read().unwrap()),
        Err(refusal) => Err(refusal.code),
    }
}

//! What tasks of the simulation do: a small program, that is their request.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join;
use midfield_durable::engine::Ended;
use midfield_durable::{Attempt, Kind, Retry, StepError};
use midfield_protocol::Raw;
use serde::{Deserialize, Serialize};

use super::super::support::cx::Cx;
use super::super::support::{milliseconds, raw};
use super::Simulation;
use super::rng::Rng;

/// One thing that a task does. Times are milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Op {
    Step(String, u64),
    Once(String, u64),
    Sleep(String, u64),
    Ask(String),
    /// A question that is given up after a while.
    Race(String, String, u64),
    /// What must not be done twice, given up after a while.
    Hurry(String, String, u64),
    Both(Vec<Self>, Vec<Self>),
    /// Time that the engine knows nothing of.
    Rest(u64),
    Say(String),
}

/// Makes programs. Where names are shared, nothing waits for what the execution does not know.
pub(super) struct Author<'a> {
    rng: &'a mut Rng,
    shares_names: bool,
    names: u64,
}

impl<'a> Author<'a> {
    pub(super) fn new(rng: &'a mut Rng) -> Self {
        let shares_names = rng.chance(400);
        Self {
            rng,
            shares_names,
            names: 0,
        }
    }

    pub(super) fn shares_names(&self) -> bool {
        self.shares_names
    }

    pub(super) fn program(&mut self, depth: u64) -> Vec<Op> {
        let length = 1 + self.rng.below(5);
        (0..length).map(|_| self.op(depth)).collect()
    }

    fn name(&mut self, stem: &str) -> String {
        if self.shares_names {
            return stem.to_owned();
        }
        self.names += 1;
        format!("{stem} {}", self.names)
    }

    fn op(&mut self, depth: u64) -> Op {
        let short = self.rng.below(300);
        match self.rng.below(100) {
            0..30 => Op::Step(self.name("step"), short),
            30..45 => Op::Once(self.name("once"), short * 3),
            45..55 => Op::Sleep(self.name("sleep"), self.rng.below(4_000)),
            55..70 => Op::Ask(self.name("ask")),
            70..75 => {
                let (ask, sleep) = (self.name("race"), self.name("patience"));
                Op::Race(ask, sleep, self.rng.below(4_000))
            }
            90..93 => {
                let (once, sleep) = (self.name("once"), self.name("haste"));
                Op::Hurry(once, sleep, short * 3)
            }
            75..90 if depth > 0 => Op::Both(self.program(depth - 1), self.program(depth - 1)),
            93..96 if !self.shares_names => Op::Rest(short),
            _ => Op::Say(format!("said {short}")),
        }
    }
}

/// Runs a program; its result is all that it learned, in order.
pub(super) async fn work(simulation: Arc<Simulation>, cx: Cx) -> Ended {
    let program: Vec<Op> = cx.call.request.read().unwrap();
    let learned = run_all(&simulation, &cx, &program, String::new()).await;
    Ended::Completed(raw(&learned))
}

type Learned = Vec<(String, String)>;

fn run_all<'a>(
    simulation: &'a Simulation,
    cx: &'a Cx,
    program: &'a [Op],
    path: String,
) -> Pin<Box<dyn Future<Output = Learned> + Send + 'a>> {
    Box::pin(async move {
        let mut learned = Vec::new();
        for (number, op) in program.iter().enumerate() {
            let path = format!("{path}.{number}");
            match op {
                Op::Both(one, two) => {
                    let one = run_all(simulation, cx, one, format!("{path}a"));
                    let two = run_all(simulation, cx, two, format!("{path}b"));
                    let (one, two) = join(one, two).await;
                    learned.extend(one);
                    learned.extend(two);
                }
                op => {
                    if let Some(value) = run(simulation, cx, op, &path).await {
                        if !cx.call.is_cancelled() {
                            simulation.history().learned(cx.call.id, &path, &value);
                        }
                        learned.push((path, value));
                    }
                }
            }
        }
        learned
    })
}

/// Does one thing, and gives what was learned.
async fn run(simulation: &Simulation, cx: &Cx, op: &Op, path: &str) -> Option<String> {
    let effect = async |attempt: &Attempt, is_once| {
        cx.gate.pass().await;
        let key = attempt.key.as_str();
        simulation.history().effect(cx.call.id, path, key, is_once)
    };
    let once = async |name: &str, time: u64| {
        let work = async |attempt: Attempt| {
            let done = effect(&attempt, true).await;
            tokio::time::sleep(milliseconds(time)).await;
            Ok::<_, StepError>(done)
        };
        let done = cx.execution.step_at_most_once(name, work, |error| error);
        done.await.unwrap_or_else(|error| {
            assert!(error.is_outcome_unknown);
            "unknown".to_owned()
        })
    };
    match op {
        Op::Step(name, time) => {
            let work = async |attempt: Attempt| {
                tokio::time::sleep(milliseconds(*time)).await;
                Ok::<_, String>(effect(&attempt, false).await)
            };
            let done = cx.execution.step(name, &Retry::once(), work).await;
            Some(done.unwrap())
        }
        Op::Once(name, time) => Some(once(name, *time).await),
        Op::Hurry(name, haste, time) => tokio::select! {
            biased;
            done = once(name, 400) => Some(done),
            () = cx.sleep(haste, milliseconds(*time)) => Some("nobody".to_owned()),
        },
        Op::Sleep(name, time) => {
            cx.sleep(name, milliseconds(*time)).await;
            None
        }
        Op::Ask(name) => Some(ask(cx, name).await),
        Op::Race(name, patience, time) => tokio::select! {
            biased;
            answer = ask(cx, name) => Some(answer),
            () = cx.sleep(patience, milliseconds(*time)) => Some("nobody".to_owned()),
        },
        Op::Rest(time) => {
            tokio::time::sleep(milliseconds(*time)).await;
            None
        }
        Op::Say(text) => {
            cx.call.say(text.clone());
            None
        }
        Op::Both(..) => None,
    }
}

async fn ask(cx: &Cx, name: &str) -> String {
    let is_text = |answer: &Raw| {
        let text = answer.read::<String>();
        text.map(|_| ()).map_err(|error| error.to_string())
    };
    let answer = cx.execution.ask(Kind::Elicitation, name, raw("?"), is_text);
    match answer.await {
        Ok(answer) => answer.read().unwrap(),
        Err(refusal) => refusal.message,
    }
}

/// The paths of all that a program learns something at, in order.
pub(super) fn paths(program: &[Op], path: &str, into: &mut Vec<String>) {
    for (number, op) in program.iter().enumerate() {
        let path = format!("{path}.{number}");
        match op {
            Op::Both(one, two) => {
                paths(one, &format!("{path}a"), into);
                paths(two, &format!("{path}b"), into);
            }
            Op::Step(..) | Op::Once(..) | Op::Ask(..) | Op::Race(..) | Op::Hurry(..) => {
                into.push(path);
            }
            Op::Sleep(..) | Op::Rest(..) | Op::Say(..) => {}
        }
    }
}

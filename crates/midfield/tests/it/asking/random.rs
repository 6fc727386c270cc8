//! Any handler, run again any number of times by a client that is as forgetful as it may be, comes to what
//! it comes to in one uninterrupted session.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use midfield::prelude::*;
use midfield::server::Retry;
use midfield::{Error, Service};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::{Peer, named, text};
use crate::messages::MODERN;

/// What a handler does. Names are given by the place in the tree, so that no two branches share one.
#[derive(Clone, Debug)]
enum Plan {
    Step,
    Ask,
    Sleep(u8),
    Sequence(Vec<Self>),
    Join(Vec<Self>),
    /// Asks, and does the first where the answer's digest is even.
    Branch(Box<Self>, Box<Self>),
    /// Does the same twice, under the same names.
    Twice(Box<Self>),
}

/// What was done: under which idempotency key, and by which step.
type Done = Arc<Mutex<Vec<(String, String)>>>;

struct Script {
    plan: Plan,
    done: Done,
}

#[derive(Deserialize, JsonSchema)]
struct Pair {
    #[expect(dead_code, reason = "they are there to be written in any order")]
    a: u32,
    #[expect(dead_code, reason = "they are there to be written in any order")]
    b: BTreeMap<String, u32>,
}

async fn handler(cx: Context, script: State<Script>, _: Args<Pair>) -> Result<String> {
    perform(&cx, &script, &script.plan, "p".to_owned(), 0).await
}

type Performing<'a> = Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>>;

fn perform<'a>(
    cx: &'a Context,
    script: &'a Script,
    plan: &'a Plan,
    name: String,
    turn: u8,
) -> Performing<'a> {
    Box::pin(async move {
        Ok(match plan {
            Plan::Step => step(cx, script, &name, turn).await?,
            Plan::Ask => ask(cx, &name, turn).await?,
            Plan::Sleep(time) => {
                cx.sleep(&name, Duration::from_millis((*time).into())).await;
                "slept".to_owned()
            }
            Plan::Sequence(plans) => {
                let mut all = Vec::new();
                for (at, plan) in plans.iter().enumerate() {
                    all.push(perform(cx, script, plan, format!("{name}.{at}"), turn).await?);
                }
                format!("({})", all.join(" "))
            }
            Plan::Join(plans) => {
                let plans = plans.iter().enumerate();
                let all =
                    plans.map(|(at, plan)| perform(cx, script, plan, format!("{name}.{at}"), turn));
                let all = futures_util::future::join_all(all).await;
                let all = all.into_iter().collect::<Result<Vec<_>>>()?;
                format!("[{}]", all.join(" "))
            }
            Plan::Branch(even, odd) => {
                let answer = ask(cx, &name, turn).await?;
                let sum: u32 = answer.bytes().map(u32::from).sum();
                let (which, plan) = if sum.is_multiple_of(2) {
                    ("e", even)
                } else {
                    ("o", odd)
                };
                let done = perform(cx, script, plan, format!("{name}.{which}"), turn).await?;
                format!("{answer}?{done}")
            }
            Plan::Twice(plan) => {
                let first = perform(cx, script, plan, format!("{name}.t"), turn * 2).await?;
                let second = perform(cx, script, plan, format!("{name}.t"), turn * 2 + 1).await?;
                format!("{first}{second}")
            }
        })
    })
}

async fn step(cx: &Context, script: &Script, name: &str, turn: u8) -> Result<String> {
    let label = format!("{name}/{turn}");
    cx.step_with(name, &Retry::once(), |attempt| {
        let done = script.done.clone();
        let label = label.clone();
        async move {
            tokio::task::yield_now().await;
            let mut done = done.lock().expect("no panic");
            done.push((attempt.key.as_str().to_owned(), label.clone()));
            Ok::<_, Error>(label)
        }
    })
    .await
}

async fn ask(cx: &Context, name: &str, turn: u8) -> Result<String> {
    let answer = cx
        .elicit::<super::Name>(name, format!("{name}/{turn}"))
        .await?;
    Ok(answer
        .accepted()
        .map_or_else(|| "no".to_owned(), |answer| answer.name))
}

fn plans() -> impl Strategy<Value = Plan> {
    let leaf = prop_oneof![
        2 => Just(Plan::Step),
        3 => Just(Plan::Ask),
        1 => (0_u8..20).prop_map(Plan::Sleep),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Plan::Sequence),
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Plan::Join),
            2 => (inner.clone(), inner.clone())
                .prop_map(|(even, odd)| Plan::Branch(Box::new(even), Box::new(odd))),
            1 => inner.prop_map(|plan| Plan::Twice(Box::new(plan))),
        ]
    })
}

/// A service for a plan, and what its handler does.
fn service(plan: &Plan) -> (Service, Done) {
    let done = Done::default();
    let script = Script {
        plan: plan.clone(),
        done: done.clone(),
    };
    let service = Server::new("asking", "1")
        .state(script)
        .travelling_journal(1 << 20, Duration::from_hours(1))
        .tool(Tool::new("plan", handler))
        .build()
        .expect("a server");
    (service, done)
}

/// Arguments that are the same whatever their order.
const ARGUMENTS: [&str; 3] = [
    r#"{"a":1,"b":{"x":1,"y":2}}"#,
    r#"{"b":{"y":2,"x":1},"a":1}"#,
    r#"{ "b" : {"x":1,"y":2}, "a" : 1 }"#,
];

/// What a client has, to send its request again.
#[derive(Clone, Default)]
struct Bag {
    state: Option<Value>,
    asked: serde_json::Map<String, Value>,
    /// The keys of the questions that it has answered well.
    answered: BTreeSet<String>,
}

/// A client that drops, repeats, forgets and fumbles, as `whims` say.
struct Fickle<'a> {
    peer: Peer,
    whims: &'a [u8],
    at: usize,
}

impl Fickle<'_> {
    /// A number below `most`; 0, the honest choice, once the whims are used up.
    fn whim(&mut self, most: u8) -> u8 {
        let whim = self.whims.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        whim % most
    }

    async fn send(&mut self, bag: &Bag, responses: &Value) -> Value {
        let mut request = self
            .peer
            .request("tools/call", &json!({"name": "plan"}), &json!({}));
        if let Some(state) = &bag.state {
            request["params"]["requestState"] = state.clone();
            request["params"]["inputResponses"] = responses.clone();
        }
        // Written by hand, so that the order of the arguments is the client's.
        request["params"]["arguments"] = json!("ARGUMENTS");
        let arguments = ARGUMENTS[usize::from(self.whim(3))];
        let text = request.to_string().replace("\"ARGUMENTS\"", arguments);
        self.peer.write(&text).await;
        self.peer.hear_however_late().await
    }

    /// Answers some of what was asked, some of it wrongly.
    fn answers(&mut self, bag: &mut Bag) -> Value {
        let mut responses = serde_json::Map::new();
        for (key, asked) in bag.asked.clone() {
            match self.whim(6) {
                1 => {}
                2 => {
                    let wrong = json!({"action": "accept", "content": {"name": 5}});
                    responses.insert(key, wrong);
                }
                3 => {
                    responses.insert(format!("{key}#9"), named(&asked));
                }
                _ => {
                    responses.insert(key.clone(), named(&asked));
                    bag.answered.insert(key);
                }
            }
        }
        responses.into()
    }

    /// Runs the request to its end.
    async fn run(&mut self) -> String {
        let mut history: Vec<Bag> = Vec::new();
        let mut bag = Bag::default();
        loop {
            let mut tried = bag.clone();
            let responses = self.answers(&mut tried);
            let mut response = self.send(&tried, &responses).await;
            // The response was lost on its way: the request is sent again as it was.
            while tried.state.is_some() && self.whim(5) == 1 {
                response = self.send(&tried, &responses).await;
            }
            if response["result"]["resultType"] != "input_required" {
                return text(&response).to_owned();
            }
            let asked = response["result"]["inputRequests"].as_object();
            let asked = asked.expect("questions").clone();
            for key in asked.keys() {
                assert!(
                    !tried.answered.contains(key),
                    "{key} was answered: {response}"
                );
            }
            tried.state = Some(response["result"]["requestState"].clone());
            tried.asked = asked;
            history.push(tried.clone());
            bag = tried;
            // Or it goes back to what it had a while ago.
            if self.whim(9) == 1 {
                let back = usize::from(self.whim(255)) % history.len();
                bag = history[back].clone();
            }
            assert!(history.len() < 500, "it has no end");
        }
    }
}

/// The steps that were done, each once for each of its keys.
fn labels(done: &Done, exactly: bool) -> Vec<String> {
    let done = done.lock().expect("no panic");
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, label) in done.iter() {
        let known = keys.insert(key, label);
        assert!(
            known.is_none_or(|known| known == label),
            "{key} stands for two steps"
        );
        assert!(!exactly || known.is_none(), "{label} was done twice");
    }
    let mut labels: Vec<String> = keys.into_values().map(str::to_owned).collect();
    labels.sort_unstable();
    labels
}

/// Compares a run by `whims` with an uninterrupted one.
async fn compare(plan: &Plan, whims: &[u8]) {
    let (live, live_done) = service(plan);
    let mut peer = Peer::able(&live, "2025-11-25").await;
    let arguments: Value = serde_json::from_str(ARGUMENTS[0]).expect("JSON");
    let params = json!({"name": "plan", "arguments": arguments});
    let response = peer.run("tools/call", &params, named).await;
    let expected = text(&response).to_owned();
    let expected_done = labels(&live_done, true);

    let (again, done) = service(plan);
    let peer = Peer::able(&again, MODERN).await;
    let mut client = Fickle { peer, whims, at: 0 };
    assert_eq!(client.run().await, expected);
    assert_eq!(labels(&done, whims.is_empty()), expected_done);
}

proptest! {
    #![proptest_config(Config { cases: 300, ..Config::default() })]

    #[test]
    fn a_call_that_is_run_again_comes_to_what_an_uninterrupted_one_comes_to(
        plan in plans(),
        whims in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(compare(&plan, &whims));
        // Honest to the end: then nothing is done twice.
        runtime.block_on(compare(&plan, &[]));
    }
}

//! A handler that asks for something else than its journal holds is stopped.

use std::pin::pin;
use std::time::Duration;

use midfield_durable::{Execution, Failure, Journal, Key, Kind, NameProblem};
use proptest::prelude::*;

use crate::{elicit, poll_once, raw, resumed, step};

/// One call of a handler.
#[derive(Clone, Debug, PartialEq)]
struct Use {
    kind: Kind,
    name: String,
    request: u64,
}

impl Use {
    async fn run(&self, execution: &Execution) {
        match self.kind {
            Kind::Step => _ = step(execution, &self.name, 1).await,
            Kind::Sleep => {
                let duration = Duration::from_millis(self.request);
                execution.sleep(&self.name, duration).await;
            }
            kind => {
                let asking = execution.ask(kind, &self.name, raw(&self.request), |_| Ok(()));
                assert_eq!(asking.await, Ok(raw("answer")));
            }
        }
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Step,
        Kind::Elicitation,
        Kind::Sample,
        Kind::Roots,
        Kind::Sleep,
        Kind::Call,
    ])
}

fn uses() -> impl Strategy<Value = Use> {
    (kinds(), "[a-d]{1,2}", 0..3_u64).prop_map(|(kind, name, request)| Use {
        kind,
        name,
        request,
    })
}

/// Runs all of it, answering what it asks, and gives why it could not go on.
async fn run(execution: &Execution, uses: &[Use]) -> Option<Failure> {
    let mut handler = pin!(async {
        for each in uses {
            each.run(execution).await;
        }
    });
    loop {
        let ready = poll_once(handler.as_mut()).await.is_ready();
        let failure = execution.failure();
        if ready || failure.is_some() {
            return failure;
        }
        for question in execution.take_new_questions() {
            let answer = midfield_durable::Reply::Answered(raw("answer"));
            execution.answer(&question.key, answer).unwrap();
        }
        tokio::task::yield_now().await;
        if execution.next_deadline().is_some() {
            tokio::time::advance(Duration::from_millis(3)).await;
        }
    }
}

fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_changed_call_is_told_from_the_recorded_one(
        uses in prop::collection::vec(uses(), 1..8),
        at in any::<prop::sample::Index>(),
        kind in kinds(),
        request in 0..3_u64,
    ) {
        paused().block_on(async {
            let first = Execution::new();
            assert_eq!(run(&first, &uses).await, None);
            let at = at.index(uses.len());
            let mut changed = uses.clone();
            changed[at].kind = kind;
            changed[at].request = request;
            let recorded = &uses[at];
            let failure = run(&resumed(&first, &[]), &changed).await;
            // The request of a step is what it does, of which the journal knows nothing.
            if *recorded == changed[at] || kind == Kind::Step && recorded.kind == kind {
                prop_assert_eq!(failure, None);
                return Ok(());
            }
            let occurrence = uses[..=at].iter().filter(|other| other.name == recorded.name);
            let occurrence = u32::try_from(occurrence.count()).unwrap();
            let key = Key::new(&recorded.name, occurrence).unwrap();
            let failure = failure.unwrap();
            let text = failure.to_string();
            let start = format!("`{key}` was recorded ");
            prop_assert!(text.starts_with(&start), "{}", text);
            if kind != recorded.kind {
                let both = format!("as {}, the handler now asks for {kind}", recorded.kind);
                prop_assert!(text.ends_with(&both), "{}", text);
            }
            let recorded = recorded.kind;
            prop_assert_eq!(failure, Failure::Mismatch { key, recorded, asked: kind });
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_mismatch_says_what_was_recorded_and_what_is_asked_for() {
    let first = Execution::new();
    let asked = Use {
        kind: Kind::Elicitation,
        name: "confirm".to_owned(),
        request: 1,
    };
    assert_eq!(run(&first, std::slice::from_ref(&asked)).await, None);
    let kind = Kind::Step;
    let other_kind = Use {
        kind,
        ..asked.clone()
    };
    let failure = run(&resumed(&first, &[]), &[other_kind]).await.unwrap();
    assert_eq!(
        failure.to_string(),
        "`confirm` was recorded as an elicitation, the handler now asks for a step"
    );
    let other_request = Use {
        request: 2,
        ..asked
    };
    let failure = run(&resumed(&first, &[]), &[other_request]).await.unwrap();
    assert_eq!(
        failure.to_string(),
        "`confirm` was recorded with another question"
    );
}

#[tokio::test]
async fn a_failure_cannot_be_swallowed_and_the_first_one_stays() {
    let execution = Execution::new();
    let mut handler = pin!(async {
        let failing = async { elicit(&execution, "a#1", "?").await.is_ok() };
        tokio::select! {
            biased;
            _ = failing => "swallowed",
            _ = step(&execution, "after", 1) => "went on",
            () = execution.sleep("b", Duration::ZERO) => "slept",
        }
    });
    assert!(poll_once(handler.as_mut()).await.is_pending());
    execution.fail(Failure::Other("later".to_owned()));
    assert!(matches!(
        execution.failure(),
        Some(Failure::Name {
            problem: NameProblem::Hash,
            ..
        })
    ));
    assert!(poll_once(handler.as_mut()).await.is_pending());
}

#[tokio::test]
async fn names_that_cannot_be_told_from_keys_are_refused() {
    for (name, expected) in [
        (
            "a#2".to_owned(),
            "`a#2` cannot be a name: it holds a `#`".to_owned(),
        ),
        (String::new(), "`` cannot be a name: it is empty".to_owned()),
        (
            "ä".repeat(129),
            format!(
                "`{}` cannot be a name: it is longer than 256 bytes",
                "ä".repeat(128)
            ),
        ),
    ] {
        let execution = Execution::new();
        let mut handler = pin!(elicit(&execution, &name, "?"));
        assert!(poll_once(handler.as_mut()).await.is_pending());
        assert_eq!(execution.failure().unwrap().to_string(), expected);
        assert!(execution.open_questions().is_empty());
    }
    let execution = Execution::new();
    assert_eq!(step(&execution, &"ä".repeat(128), 1).await, 1);
}

#[tokio::test]
async fn a_full_journal_can_be_replayed_and_holds_no_more() {
    let first = Execution::new().with_entry_limit(2);
    step(&first, "one", 1).await;
    let second = resumed(&first, &[]).with_entry_limit(2);
    step(&second, "one", 1).await;
    let mut open = pin!(elicit(&second, "two", "?"));
    assert!(poll_once(open.as_mut()).await.is_pending());
    assert_eq!(second.failure(), None);
    let mut third = pin!(step(&second, "three", 3));
    assert!(poll_once(third.as_mut()).await.is_pending());
    assert_eq!(second.failure(), Some(Failure::TooLarge { limit: 2 }));
}

#[tokio::test]
async fn a_recorded_answer_that_no_longer_fits_ends_the_call() {
    let text = serde_json::to_string(&[(
        "confirm",
        Kind::Elicitation,
        midfield_durable::Digest::of(Kind::Elicitation, &raw("?")),
        1,
        serde_json::json!({"done": "perhaps"}),
    )])
    .unwrap();
    let journal: Journal = serde_json::from_str(&text).unwrap();
    let execution = Execution::resume(journal, Vec::new(), std::collections::BTreeMap::default());
    let never = |_: &midfield_protocol::Raw| Err("neither yes nor no".to_owned());
    let mut handler = pin!(execution.ask(Kind::Elicitation, "confirm", raw("?"), never));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert_eq!(
        execution.failure().unwrap().to_string(),
        "`confirm` was recorded as an elicitation that cannot be read: neither yes nor no"
    );
}

//! Steps: done at least once, recorded exactly once.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use midfield_durable::{Backoff, Execution, Failure, IdempotencyKey, Reply, Retry};
use serde::{Deserialize, Serialize, Serializer};
use tokio::time::Instant;

use crate::{elicit, poll_once, raw, resumed, step, times};

#[tokio::test]
async fn a_recorded_result_is_given_without_work() {
    let first = Execution::new();
    assert_eq!(step(&first, "count", 3).await, 3);
    assert_eq!(step(&first, "count", 4).await, 4);
    let second = resumed(&first, &[]);
    let work = async |_| -> Result<u32, String> { panic!("the work was done again") };
    let retry = Retry::once();
    assert_eq!(second.step("count", &retry, work).await.unwrap(), 3);
    assert_eq!(second.step("count", &retry, work).await.unwrap(), 4);
    assert_eq!(second.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_step_is_tried_as_often_as_allowed_and_its_last_error_recorded() {
    let first = Execution::new();
    let tried = Mutex::new(Vec::new());
    let retry = times(3).backoff(Backoff::new(Duration::from_secs(1)).factor(3));
    let begun = Instant::now();
    let work = |attempt: midfield_durable::Attempt| {
        tried.lock().unwrap().push(attempt.clone());
        ready(Err::<u32, _>(format!("failed {}", attempt.number)))
    };
    let error = first.step("load", &retry, work).await.unwrap_err();
    assert_eq!(error.to_string(), "failed 3");
    assert_eq!(begun.elapsed(), Duration::from_secs(4));
    let tried = tried.into_inner().unwrap();
    let numbers: Vec<u32> = tried.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(tried.iter().all(|attempt| attempt.key == tried[0].key));

    let second = resumed(&first, &[]);
    let replayed = second.step("load", &retry, async |_| Ok::<u32, String>(1));
    assert_eq!(replayed.await, Err(error));
}

#[tokio::test(start_paused = true)]
async fn only_errors_that_are_worth_it_are_tried_again() {
    let execution = Execution::new();
    for (error, expected) in [(503_u16, 3), (404, 1)] {
        let tried = Cell::new(0);
        let retry = times(3).retry_if(|code: &u16| *code >= 500);
        let work = |_| {
            tried.set(tried.get() + 1);
            ready(Err::<(), _>(error))
        };
        let result = execution.step("load", &retry, work).await;
        assert_eq!(result.unwrap_err().message, error.to_string());
        assert_eq!(tried.get(), expected, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_works_at_the_second_attempt_records_only_its_result() {
    let execution = Execution::new();
    let work = async |attempt: midfield_durable::Attempt| match attempt.number {
        1 => Err("not yet"),
        number => Ok(number),
    };
    let result = execution.step("load", &times(5), work).await;
    assert_eq!(result, Ok(2));
    assert_eq!(execution.count(), 1);
}

#[test]
fn waits_grow_up_to_their_limit() {
    let backoff = Backoff::new(Duration::from_secs(1)).max(Duration::from_secs(5));
    let waits: Vec<u64> = (1..=4).map(|at| backoff.delay(at).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 5]);
    assert_eq!(backoff.delay(u32::MAX), Duration::from_secs(5));
    let jittered = backoff.jitter(|attempt, wait| wait / 2 + Duration::from_secs(attempt.into()));
    assert_eq!(jittered.delay(3), Duration::from_secs(5));
}

/// The idempotency keys that two uses of `pay` get.
async fn keys_of(execution: &Execution) -> [IdempotencyKey; 2] {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let work = |attempt: midfield_durable::Attempt| {
            keys.push(attempt.key);
            ready(Ok::<_, String>(()))
        };
        execution.step("pay", &Retry::once(), work).await.unwrap();
    }
    keys.try_into().unwrap()
}

#[tokio::test]
async fn idempotency_keys_are_stable_for_an_id_and_unique_otherwise() {
    let named = keys_of(&Execution::new().with_id("call-1")).await;
    assert_eq!(named, keys_of(&Execution::new().with_id("call-1")).await);
    assert_ne!(named[0], named[1]);
    let other = keys_of(&Execution::new().with_id("call-2")).await;
    assert!(!named.contains(&other[0]));
    let unnamed = keys_of(&Execution::new()).await;
    assert_ne!(unnamed, keys_of(&Execution::new()).await);
    assert_eq!(named[0].as_str().len(), 22);
}

#[tokio::test]
async fn a_running_step_is_not_waiting_and_not_recorded() {
    let execution = Execution::new();
    let mut asking = pin!(elicit(&execution, "confirm", "?"));
    assert!(poll_once(asking.as_mut()).await.is_pending());
    {
        let retry = Retry::once();
        let work = |_| pending::<Result<u32, String>>();
        let mut running = pin!(execution.step("slow", &retry, work));
        assert!(poll_once(running.as_mut()).await.is_pending());
        assert!(!execution.is_waiting());
        assert!(!execution.has_entries());
    }
    assert!(execution.is_waiting());
}

/// Is written as a number and can only be read from a text.
#[derive(Debug, Deserialize)]
struct OneWay(#[expect(dead_code, reason = "only read as JSON")] String);

impl Serialize for OneWay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

#[tokio::test]
async fn a_result_that_cannot_be_kept_ends_the_call() {
    let execution = Execution::new();
    let retry = Retry::once();
    let work = async |_| Ok::<_, String>(OneWay(String::new()));
    let mut handler = pin!(execution.step("odd", &retry, work));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    let failure = execution.failure().unwrap();
    assert!(matches!(&failure, Failure::Unreadable { key, .. } if key.name() == "odd"));
    assert!(
        failure
            .to_string()
            .starts_with("`odd` was recorded as a step that cannot be read: invalid type")
    );

    let execution = Execution::new();
    let work = async |_| Ok::<_, String>(BTreeMap::from([((1, 2), 3)]));
    let mut handler = pin!(execution.step("odd", &retry, work));
    assert_eq!(poll_once(handler.as_mut()).await, Poll::Pending);
    let failure = execution.failure().unwrap().to_string();
    assert!(failure.starts_with("the result of `odd` cannot be written as JSON"));
    assert!(!execution.has_entries());
}

#[test]
fn an_execution_that_is_asked_nothing_allocates_nothing() {
    let counted = allocation_counter::measure(|| {
        let execution = Execution::new();
        assert!(!execution.is_waiting());
        assert_eq!(execution.failure(), None);
        assert!(!execution.has_entries());
        assert!(execution.take_new_questions().is_empty());
    });
    assert_eq!(counted.count_total, 0);
}

#[tokio::test]
async fn a_handler_can_move_between_threads() {
    fn sent<F: Future<Output = ()> + Send + 'static>(handler: F) -> F {
        handler
    }
    let execution = Arc::new(Execution::new());
    let handler = sent({
        let execution = Arc::clone(&execution);
        async move {
            step(&execution, "one", 1).await;
            execution.sleep("nothing", Duration::ZERO).await;
            let answer = elicit(&execution, "confirm", "?").await;
            assert_eq!(answer, Ok(raw("yes")));
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(handler);
    while !execution.is_waiting() {
        tokio::task::yield_now().await;
    }
    let answer = Reply::Answered(raw("yes"));
    assert_eq!(execution.answer("confirm", answer), Ok(()));
    tasks.join_next().await.unwrap().unwrap();
    assert_eq!(execution.count(), 3);
}

//! What a driver and a handler may rely on, through the public interface.

mod engine;
mod figures;
mod json;
mod mismatches;
mod model;
mod order;
mod questions;
mod records;
mod sleeps;
mod steps;
mod store;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::Poll;

use midfield_durable::{Asked, Execution, Journal, Kind, Refusal, Retry};
use midfield_protocol::Raw;
use serde::Serialize;

/// The JSON of a value.
fn raw<T: Serialize + ?Sized>(value: &T) -> Raw {
    Raw::of(value).unwrap()
}

/// Polls once, with the waker of the test, and says what came of it.
async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Waits until something that was polled before wakes the test.
async fn woken() {
    let mut polled = false;
    poll_fn(|_| {
        if polled {
            Poll::Ready(())
        } else {
            polled = true;
            Poll::Pending
        }
    })
    .await;
}

/// Asks for anything.
async fn elicit(execution: &Execution, name: &str, request: &str) -> Result<Raw, Refusal> {
    execution
        .ask(Kind::Elicitation, name, raw(request), |_| Ok(()))
        .await
}

/// A step that works at once.
async fn step(execution: &Execution, name: &str, result: u32) -> u32 {
    let work = async |_| Ok::<_, String>(result);
    execution.step(name, &Retry::once(), work).await.unwrap()
}

fn times(attempts: u32) -> Retry {
    Retry::attempts(NonZeroU32::new(attempts).unwrap())
}

/// The execution that goes on after `execution`, whose state has been JSON in between.
fn resumed(execution: &Execution, responses: &[(&str, Raw)]) -> Execution {
    let text = serde_json::to_string(&(execution.journal(), execution.asked())).unwrap();
    let (journal, asked): (Journal, Vec<Asked>) = serde_json::from_str(&text).unwrap();
    let mut all: BTreeMap<String, Raw> = execution.unclaimed();
    let responses = responses.iter();
    all.extend(responses.map(|(key, response)| ((*key).to_owned(), response.clone())));
    Execution::resume(journal, asked, all)
}

//! The order in which a handler learns is the same in each run.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use midfield_durable::{Execution, Reply, Retry};
use midfield_protocol::Raw;
use tokio::sync::oneshot;

use crate::{elicit, poll_once, raw, resumed, step};

/// Two branches whose first step takes as long as said, and which then use one name.
async fn race(execution: &Execution, left: u64, right: u64) -> (u32, u32) {
    let branch = async |name: &str, wait: u64, result: u32| {
        let work = async |_| {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            Ok::<_, String>(())
        };
        execution.step(name, &Retry::once(), work).await.unwrap();
        step(execution, "write", result).await
    };
    tokio::join!(branch("left", left, 1), branch("right", right, 2))
}

#[tokio::test(start_paused = true)]
async fn branches_that_share_a_name_each_get_their_own_result_again() {
    for (left, right) in [(1, 2), (2, 1)] {
        let first = Execution::new();
        assert_eq!(race(&first, left, right).await, (1, 2));
        let second = resumed(&first, &[]);
        assert_eq!(race(&second, 0, 0).await, (1, 2), "{left} {right}");
        assert_eq!(second.journal(), first.journal());
    }
}

/// Waits for two of three answers and gives them in the order in which they came.
async fn as_they_come(execution: &Execution) -> Vec<Raw> {
    let mut one = pin!(elicit(execution, "one", "?"));
    let mut two = pin!(elicit(execution, "two", "?"));
    let mut three = pin!(elicit(execution, "three", "?"));
    let mut came = Vec::new();
    while came.len() < 2 {
        let answer = tokio::select! {
            biased;
            answer = &mut one, if !came.contains(&raw("one")) => answer,
            answer = &mut two, if !came.contains(&raw("two")) => answer,
            answer = &mut three => answer,
        };
        came.push(answer.unwrap());
    }
    came
}

#[tokio::test]
async fn answers_are_told_in_the_order_in_which_they_came() {
    let first = Execution::new();
    let mut handler = pin!(as_they_come(&first));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    for name in ["two", "one"] {
        let answer = Reply::Answered(raw(name));
        first.answer(name, answer).unwrap();
        let last = poll_once(handler.as_mut()).await;
        assert_eq!(last.is_ready(), name == "one");
    }
    let second = resumed(&first, &[]);
    let told = as_they_come(&second).await;
    assert_eq!(told, [raw("two"), raw("one")]);
}

#[tokio::test]
async fn names_alone_are_enough_for_a_handler_that_takes_another_way() {
    let first = Execution::new();
    for at in 0..50 {
        step(&first, &format!("part {at}"), at).await;
    }
    let second = resumed(&first, &[]);
    for at in (0..50).rev() {
        assert_eq!(step(&second, &format!("part {at}"), 1000).await, at);
    }
    assert_eq!(second.count(), first.count());
}

#[tokio::test]
async fn a_driver_is_not_told_to_wait_while_a_replay_goes_on() {
    let first = Execution::new();
    step(&first, "one", 1).await;
    step(&first, "two", 2).await;
    let second = resumed(&first, &[]);
    let (release, released) = oneshot::channel::<()>();
    let mut handler = pin!(async {
        let late = async {
            released.await.unwrap();
            step(&second, "one", 10).await
        };
        let early = step(&second, "two", 20);
        tokio::join!(elicit(&second, "confirm", "?"), early, late)
    });
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert_eq!(second.open_questions().len(), 1);
    assert!(!second.is_waiting());
    release.send(()).unwrap();
    let yes = Reply::Answered(raw("yes"));
    second.answer("confirm", yes).unwrap();
    assert_eq!(handler.await, (Ok(raw("yes")), 2, 1));
}

#[tokio::test]
async fn what_is_dropped_before_its_turn_keeps_nobody_waiting() {
    let first = Execution::new();
    step(&first, "one", 1).await;
    step(&first, "two", 2).await;
    step(&first, "three", 3).await;
    let second = resumed(&first, &[]);
    {
        let mut two = pin!(step(&second, "two", 20));
        assert!(poll_once(two.as_mut()).await.is_pending());
    }
    assert_eq!(step(&second, "one", 10).await, 1);
    let mut three = pin!(step(&second, "three", 30));
    assert_eq!(poll_once(three.as_mut()).await, Poll::Ready(3));
}

//! Sleeps: time passes once.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use midfield_durable::{Clock, Execution, Outcome};
use midfield_protocol::Raw;
use tokio::time::Instant;

use crate::{elicit, poll_once, raw, resumed, step};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

fn some_day() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000)
}

/// An execution that has slept for ten minutes of an hour, and its clock.
async fn asleep() -> (Execution, Clock) {
    let clock = Clock::starting_at(some_day());
    let execution = Execution::new().with_clock(clock);
    let mut handler = pin!(execution.sleep("nap", HOUR));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert_eq!(execution.next_deadline(), Some(some_day() + HOUR));
    tokio::time::advance(10 * MINUTE).await;
    let resumed = resumed(&execution, &[]);
    (resumed, clock)
}

#[tokio::test(start_paused = true)]
async fn a_replay_sleeps_for_what_is_left() {
    let (execution, clock) = asleep().await;
    let begun = Instant::now();
    execution.with_clock(clock).sleep("nap", HOUR).await;
    assert_eq!(begun.elapsed(), 50 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_replay_after_the_end_does_not_sleep() {
    let (execution, clock) = asleep().await;
    tokio::time::advance(2 * HOUR).await;
    let begun = Instant::now();
    let execution = execution.with_clock(clock);
    execution.sleep("nap", HOUR).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);

    // What is over is over, even for a clock that was set back.
    let again = resumed(&execution, &[]).with_clock(Clock::starting_at(SystemTime::UNIX_EPOCH));
    again.sleep("nap", HOUR).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_makes_no_sleep_longer() {
    let (execution, _) = asleep().await;
    let begun = Instant::now();
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    execution.with_clock(clock).sleep("nap", HOUR).await;
    assert_eq!(begun.elapsed(), HOUR);
}

#[tokio::test(start_paused = true)]
async fn a_sleep_that_was_not_come_to_again_is_carried_on() {
    let (execution, clock) = asleep().await;
    assert_eq!(execution.count(), 1);
    let entry = &execution.journal().entries()[0].clone();
    assert!(matches!(entry.outcome, Outcome::Until(_)));
    let third = resumed(&execution, &[]).with_clock(clock);
    assert_eq!(third.journal(), execution.journal());
    let begun = Instant::now();
    third.sleep("nap", HOUR).await;
    assert_eq!(begun.elapsed(), 50 * MINUTE);
}

/// What a handler comes to that waits for an answer for at most an hour, whichever of the two it polls first.
async fn answer_in_time(execution: &Execution, sleep_first: bool) -> Option<Raw> {
    let given = async {
        if sleep_first {
            tokio::select! {
                biased;
                () = execution.sleep("timeout", HOUR) => None,
                answer = elicit(execution, "confirm", "?") => Some(answer.unwrap()),
            }
        } else {
            tokio::select! {
                biased;
                answer = elicit(execution, "confirm", "?") => Some(answer.unwrap()),
                () = execution.sleep("timeout", HOUR) => None,
            }
        }
    };
    let given = given.await;
    step(execution, "after", 1).await;
    given
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_stays_in_time_however_late_the_replay() {
    for sleep_first in [false, true] {
        let clock = Clock::starting_at(some_day());
        let first = Execution::new().with_clock(clock);
        {
            let mut handler = pin!(answer_in_time(&first, sleep_first));
            assert!(poll_once(handler.as_mut()).await.is_pending());
            assert!(first.is_waiting());
            let yes = midfield_durable::Reply::Answered(raw("yes"));
            first.answer("confirm", yes).unwrap();
            // The answer is in the journal before the handler has seen it.
            let replayed = resumed(&first, &[]);
            tokio::time::advance(2 * HOUR).await;
            let replayed = replayed.with_clock(clock);
            let given = answer_in_time(&replayed, sleep_first).await;
            assert_eq!(given, Some(raw("yes")), "{sleep_first}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_goes_before_a_sleep_that_is_over() {
    for sleep_first in [false, true] {
        let clock = Clock::starting_at(some_day());
        let first = Execution::new().with_clock(clock);
        let second = {
            let mut handler = pin!(answer_in_time(&first, sleep_first));
            assert!(poll_once(handler.as_mut()).await.is_pending());
            resumed(&first, &[("confirm", raw("yes"))]).with_clock(clock)
        };
        tokio::time::advance(2 * HOUR).await;
        let given = answer_in_time(&second, sleep_first).await;
        assert_eq!(given, Some(raw("yes")), "{sleep_first}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_timed_out_stays_so() {
    for sleep_first in [false, true] {
        let clock = Clock::starting_at(some_day());
        let first = Execution::new().with_clock(clock);
        assert_eq!(answer_in_time(&first, sleep_first).await, None);
        let late = resumed(&first, &[("confirm", raw("yes"))]).with_clock(clock);
        assert_eq!(answer_in_time(&late, sleep_first).await, None);
        assert_eq!(late.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_not_told_to_wait_when_a_sleep_is_over() {
    let clock = Clock::starting_at(some_day());
    let first = Execution::new().with_clock(clock);
    let second = {
        let mut handler = pin!(answer_in_time(&first, false));
        assert!(poll_once(handler.as_mut()).await.is_pending());
        resumed(&first, &[]).with_clock(clock)
    };
    tokio::time::advance(2 * HOUR).await;
    let mut handler = pin!(answer_in_time(&second, false));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert!(!second.is_waiting());
    assert_eq!(poll_once(handler).await, Poll::Ready(None));
}

//! Questions: when they are open, who answers them, and what is kept.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use midfield_durable::{Digest, Execution, Failure, Kind, Question, Refusal, Reply, Unaccepted};
use midfield_protocol::Raw;

use crate::{elicit, poll_once, raw, resumed};

fn keys(questions: &[Question]) -> Vec<&str> {
    questions.iter().map(|open| open.key.as_str()).collect()
}

fn answered(text: &str) -> Reply {
    Reply::Answered(raw(text))
}

#[tokio::test]
async fn a_question_is_open_until_it_is_answered() {
    let execution = Execution::new();
    assert!(!execution.is_waiting());
    let mut handler = pin!(elicit(&execution, "confirm", "Write?"));
    assert!(execution.open_questions().is_empty());
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert!(execution.is_waiting());
    let open = execution.open_questions();
    assert_eq!(keys(&open), ["confirm"]);
    assert_eq!(open[0].kind, Kind::Elicitation);
    assert_eq!(open[0].request, raw("Write?"));
    assert_eq!(
        open[0].digest,
        Digest::of(Kind::Elicitation, &raw("Write?"))
    );
    assert_eq!(execution.answer("confirm", answered("yes")), Ok(()));
    assert!(!execution.is_waiting());
    assert!(execution.open_questions().is_empty());
    assert_eq!(
        execution.answer("confirm", answered("no")),
        Err(Unaccepted::NotOpen)
    );
    assert_eq!(poll_once(handler).await, Poll::Ready(Ok(raw("yes"))));
    assert_eq!(execution.count(), 1);
}

#[tokio::test]
async fn an_answer_wakes_the_handler() {
    let execution = Arc::new(Execution::new());
    let (asked, told) = tokio::sync::oneshot::channel();
    let driver = async {
        told.await.unwrap();
        execution.answer("confirm", answered("yes"))
    };
    let handler = async {
        let mut question = pin!(elicit(&execution, "confirm", "Write?"));
        assert!(poll_once(question.as_mut()).await.is_pending());
        asked.send(()).unwrap();
        question.await
    };
    let (given, taken) = tokio::join!(handler, driver);
    assert_eq!((given, taken), (Ok(raw("yes")), Ok(())));
}

#[tokio::test]
async fn questions_asked_in_one_poll_are_open_together() {
    let execution = Execution::new();
    let mut handler = pin!(async {
        tokio::join!(
            elicit(&execution, "ask", "one"),
            elicit(&execution, "ask", "two")
        )
    });
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert_eq!(keys(&execution.take_new_questions()), ["ask", "ask#2"]);
    assert!(execution.take_new_questions().is_empty());
    assert_eq!(keys(&execution.open_questions()), ["ask", "ask#2"]);
    execution.answer("ask#2", answered("b")).unwrap();
    assert!(poll_once(handler.as_mut()).await.is_pending());
    assert!(execution.is_waiting());
    execution.answer("ask", answered("a")).unwrap();
    let both = poll_once(handler).await;
    assert_eq!(both, Poll::Ready((Ok(raw("a")), Ok(raw("b")))));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_leaves_the_question_open() {
    let execution = Execution::new();
    let whole = |answer: &Raw| match answer.read::<u32>() {
        Ok(_) => Ok(()),
        Err(_) => Err("not a whole number".to_owned()),
    };
    let mut handler = pin!(execution.ask(Kind::Sample, "count", raw("How many?"), whole));
    assert!(poll_once(handler.as_mut()).await.is_pending());
    let invalid = Unaccepted::Invalid("not a whole number".to_owned());
    assert_eq!(execution.answer("count", answered("many")), Err(invalid));
    assert!(execution.is_waiting());
    assert!(!execution.has_entries());
    execution.answer("count", Reply::Answered(raw(&3))).unwrap();
    assert_eq!(poll_once(handler).await, Poll::Ready(Ok(raw(&3))));
}

#[tokio::test]
async fn a_refusal_is_recorded_and_given_again() {
    let refusal = Refusal {
        code: -32601,
        message: "No elicitation here".to_owned(),
    };
    let first = Execution::new();
    {
        let mut handler = pin!(elicit(&first, "confirm", "Write?"));
        assert!(poll_once(handler.as_mut()).await.is_pending());
        let refused = Reply::Refused(refusal.clone());
        first.answer("confirm", refused).unwrap();
        assert_eq!(poll_once(handler).await, Poll::Ready(Err(refusal.clone())));
    }
    let second = resumed(&first, &[]);
    assert_eq!(elicit(&second, "confirm", "Write?").await, Err(refusal));
    assert!(second.take_new_questions().is_empty());
}

#[tokio::test]
async fn a_dropped_question_is_withdrawn() {
    let execution = Execution::new();
    {
        let mut told = pin!(elicit(&execution, "told", "?"));
        assert!(poll_once(told.as_mut()).await.is_pending());
        assert_eq!(keys(&execution.take_new_questions()), ["told"]);
        let mut untold = pin!(elicit(&execution, "untold", "?"));
        assert!(poll_once(untold.as_mut()).await.is_pending());
    }
    assert!(execution.open_questions().is_empty());
    assert!(!execution.is_waiting());
    assert_eq!(execution.take_withdrawn(), ["told"]);
    assert!(execution.take_withdrawn().is_empty());
    let late = execution.answer("told", answered("late"));
    assert_eq!(late, Err(Unaccepted::NotOpen));
    assert!(!execution.has_entries());
}

#[tokio::test]
async fn an_answer_that_nobody_saw_is_kept_as_long_as_its_question() {
    let execution = Execution::new();
    {
        let mut handler = pin!(elicit(&execution, "confirm", "Write?"));
        assert!(poll_once(handler.as_mut()).await.is_pending());
        execution.answer("confirm", answered("yes")).unwrap();
        assert_eq!(execution.journal().len(), 1);
        assert_eq!(execution.count(), 1);
        let second = resumed(&execution, &[]);
        let replayed = elicit(&second, "confirm", "Write?").await;
        assert_eq!(replayed, Ok(raw("yes")));
    }
    assert!(execution.journal().is_empty());
    assert!(execution.take_withdrawn().is_empty());
}

#[tokio::test]
async fn a_response_counts_only_for_the_very_question_that_was_asked() {
    let first = Execution::new();
    let mut asking = pin!(elicit(&first, "confirm", "Write 3 rows?"));
    assert!(poll_once(asking.as_mut()).await.is_pending());
    let responses = [("confirm", raw("yes")), ("never", raw("asked"))];

    let second = resumed(&first, &responses);
    assert_eq!(second.unclaimed().len(), 1);
    assert_eq!(second.asked(), first.asked());
    let answer = elicit(&second, "confirm", "Write 3 rows?").await;
    assert_eq!(answer, Ok(raw("yes")));
    assert!(second.unclaimed().is_empty());
    assert!(second.asked().is_empty());

    let early = resumed(&resumed(&first, &[]), &responses);
    let answer = elicit(&early, "confirm", "Write 3 rows?").await;
    assert_eq!(answer, Ok(raw("yes")));

    let third = resumed(&first, &responses);
    let mut other = pin!(elicit(&third, "confirm", "Write 9 rows?"));
    assert!(poll_once(other.as_mut()).await.is_pending());
    let mut unasked = pin!(elicit(&third, "never", "?"));
    assert!(poll_once(unasked.as_mut()).await.is_pending());
    assert_eq!(keys(&third.open_questions()), ["confirm", "never"]);
}

#[tokio::test]
async fn a_response_that_does_not_fit_leaves_the_question_open() {
    let first = Execution::new();
    let never = |_: &Raw| Err("no".to_owned());
    let mut asking = pin!(first.ask(Kind::Roots, "roots", raw(&()), never));
    assert!(poll_once(asking.as_mut()).await.is_pending());
    let second = resumed(&first, &[("roots", raw("x"))]);
    let mut again = pin!(second.ask(Kind::Roots, "roots", raw(&()), never));
    assert!(poll_once(again.as_mut()).await.is_pending());
    assert!(second.is_waiting());
    assert_eq!(second.asked(), first.asked());
}

/// A driver that counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn the_driver_is_woken_once_by_what_changes() {
    let count = Arc::new(Count::default());
    let execution = Execution::new();
    execution.wake_on_change(&Waker::from(Arc::clone(&count)));
    let mut first = pin!(elicit(&execution, "first", "?"));
    assert!(poll_once(first.as_mut()).await.is_pending());
    let mut second = pin!(elicit(&execution, "second", "?"));
    assert!(poll_once(second.as_mut()).await.is_pending());
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    execution.wake_on_change(&Waker::from(Arc::clone(&count)));
    execution.fail(Failure::Other("enough".to_owned()));
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_said_before_it_is_asked_counts_where_it_fits() {
    let said = BTreeMap::from([
        ("name".to_owned(), raw("Ada")),
        ("age".to_owned(), raw("not a number")),
        ("other".to_owned(), raw("nobody asks")),
    ]);
    let execution = Execution::volunteered(said);
    assert_eq!(elicit(&execution, "name", "?").await, Ok(raw("Ada")));
    let is_number = |answer: &Raw| {
        answer
            .read::<u8>()
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let mut age = pin!(execution.ask(Kind::Elicitation, "age", raw("?"), is_number));
    assert!(poll_once(age.as_mut()).await.is_pending());
    let open: Vec<String> = execution
        .open_questions()
        .into_iter()
        .map(|question| question.key)
        .collect();
    assert_eq!(open, ["age"]);
    assert_eq!(execution.asked().len(), 1);
    assert!(execution.unclaimed().is_empty());
}

#[tokio::test]
async fn a_driver_is_woken_when_it_is_called_and_when_the_call_is_refused() {
    let execution = Execution::new();
    let count = Arc::new(Count::default());
    execution.wake_on_change(&Waker::from(Arc::clone(&count)));
    execution.call_driver();
    execution.call_driver();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    execution.wake_on_change(&Waker::from(Arc::clone(&count)));
    let error = midfield_protocol::Error::Internal;
    execution.fail(Failure::Refused(Box::new(error.clone())));
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
    execution.fail(Failure::Other("later".to_owned()));
    assert_eq!(execution.failure(), Some(Failure::Refused(Box::new(error))));
}

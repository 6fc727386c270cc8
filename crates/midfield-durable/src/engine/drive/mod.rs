//! One task being run: the handler goes on, what it learns is kept, answers reach it, and it ends, is put away or is lost.

mod keep;
mod opened;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::live::Live;
use super::notes::{Notes, inner_key};
use super::runner::{Ended, Run, TaskCall};
use super::{Engine, Error, cause, milliseconds};
use crate::execution::Unkept;
use crate::failure::Failure;
use crate::question::{Reply, Unaccepted};
use crate::store::{Next, Write};
use crate::task::Record;

pub(super) use opened::Opened;

/// Runs what was claimed. A task whose contents cannot be read stays as it is: it is handed back, to be tried again when the
/// keys are there.
pub(super) async fn claimed(
    engine: Engine,
    live: Arc<Live>,
    opened: Result<Opened, Box<(Record, Error)>>,
) {
    match opened {
        Ok(opened) => drive(engine, live, opened).await,
        Err(unreadable) => {
            let (record, error) = *unreadable;
            let cause = cause(&error);
            tracing::error!(task = %record.id, cause, "a task cannot be run");
            let mut write = Write::at(engine.now());
            let later = engine.now() + milliseconds(UNREADABLE);
            write.next = Next::Park { due: Some(later) };
            let _ = engine.put(&record, &live, write).await;
            leave(&engine, &live, &record).await;
        }
    }
}

/// Runs a task until it ends, is put away or is lost.
pub(super) async fn drive(engine: Engine, live: Arc<Live>, opened: Opened) {
    let record = opened.record.clone();
    let begun = catch_unwind(AssertUnwindSafe(|| Drive::begin(&engine, &live, opened)));
    match begun {
        Ok(Some(mut drive)) => {
            drive.go().await;
            // What a handler does when it is dropped is its own affair.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(drive)));
        }
        Ok(None) => {}
        Err(_) => {
            let error = engine.failed(&panicked(&record));
            let ended = Ended::Failed(error);
            engine.end(&record, &live, None, ended).await;
        }
    }
    leave(&engine, &live, &record).await;
}

/// Gives back the place of a run that is over, and the task, where the process may have lost it and may hold it all the same.
async fn leave(engine: &Engine, live: &Arc<Live>, record: &Record) {
    if live.lost.is_cancelled() {
        engine.hand_back(record.id, record.fence).await;
    }
    engine.leave(record.id, live);
}

struct Drive {
    engine: Engine,
    live: Arc<Live>,
    /// The task as it was written last.
    record: Record,
    run: Box<dyn Run>,
    notes: Notes,
    /// The outer keys of answers that are kept, that the execution has, and that the handler has not learned.
    answered: Vec<String>,
    /// Answers that are kept, and that the execution has not asked for yet.
    early: Vec<(String, Reply)>,
    /// When its time is over, in milliseconds since 1970.
    deadline: Option<u64>,
    /// Since when it has only waited.
    at_rest: Option<Instant>,
    /// When a message may be written.
    next_message: Instant,
    /// Until when it may go on while the engine stops.
    leaving: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

/// What happens next.
enum Event {
    Ended(Ended),
    Failed(Failure),
    Keep(Unkept),
    /// A message is to be written.
    Message,
    /// It waits, and may be put away.
    Park(Option<u64>),
    Cancelled,
    Lost,
    /// The engine stops.
    Stop,
}

impl Drive {
    /// Begins the run; `None` when there is nobody who could.
    fn begin(engine: &Engine, live: &Arc<Live>, opened: Opened) -> Option<Self> {
        let runner = engine.0.runner.get()?;
        let Opened {
            record,
            request,
            notes,
            execution,
            answered,
            early,
        } = opened;
        let call = TaskCall {
            id: record.id,
            owner: record.owner,
            lane: record.lane.clone(),
            request,
            live: Arc::clone(live),
        };
        let execution = execution
            .with_id(record.id.to_string())
            .with_clock(engine.0.clock)
            .with_keeper();
        let run = runner.begin(call, execution);
        let limit = run.limit().map(milliseconds);
        Some(Self {
            engine: engine.clone(),
            live: Arc::clone(live),
            deadline: limit.map(|limit| record.created.saturating_add(limit)),
            record,
            run,
            notes,
            answered,
            early,
            at_rest: None,
            next_message: Instant::now(),
            leaving: None,
            timer: Box::pin(tokio::time::sleep(FAR)),
        })
    }

    async fn go(&mut self) {
        loop {
            let goes_on = match self.event().await {
                Event::Keep(unkept) => self.keep(&unkept).await,
                Event::Message => self.keep(&Unkept::default()).await,
                Event::Ended(ended) => return self.end(ended).await,
                Event::Failed(failure) => {
                    let error = self.engine.failed(&failure);
                    return self.end(Ended::Failed(error)).await;
                }
                Event::Park(due) => return self.park(due).await,
                Event::Cancelled => return self.clean_up().await,
                Event::Lost => return,
                Event::Stop => {
                    let grace = self.engine.0.options.shutdown_grace;
                    self.leaving = Some(Instant::now() + grace);
                    self.run.execution().begin_no_more();
                    true
                }
            };
            if !goes_on {
                // Its write may have been refused because somebody has ended it.
                if self.engine.has_ended(&self.record).await {
                    self.live.cancelled.cancel();
                    self.clean_up().await;
                }
                return;
            }
        }
    }

    async fn event(&mut self) -> Event {
        let live = Arc::clone(&self.live);
        let stop = self.engine.0.stop.clone();
        let is_leaving = self.leaving.is_some();
        tokio::select! {
            biased;
            () = live.lost.cancelled() => Event::Lost,
            () = live.cancelled.cancelled() => Event::Cancelled,
            () = stop.cancelled(), if !is_leaving => Event::Stop,
            event = poll_fn(|cx| self.poll(cx)) => event,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        self.live.wake_on_post(cx.waker());
        self.run.execution().wake_on_change(cx.waker());
        let deadline = self.deadline;
        if deadline.is_some_and(|deadline| deadline <= self.engine.now()) {
            return Poll::Ready(Event::Failed(Failure::TimedOut));
        }
        let polled = catch_unwind(AssertUnwindSafe(|| self.run.poll(cx)));
        let Ok(polled) = polled else {
            return Poll::Ready(Event::Failed(panicked(&self.record)));
        };
        if let Poll::Ready(ended) = polled {
            return Poll::Ready(Event::Ended(ended));
        }
        let execution = self.run.execution();
        if let Some(failure) = execution.failure() {
            return Poll::Ready(Event::Failed(failure));
        }
        let mut unkept = execution.take_unkept();
        // What does not fit is asked again.
        unkept.has_moved |= self.unfit().next().is_some();
        if !unkept.is_empty() {
            self.at_rest = None;
            return Poll::Ready(Event::Keep(unkept));
        }
        // Whether an answer fits is for the handler's code to say.
        match catch_unwind(AssertUnwindSafe(|| self.hand_in())) {
            Ok(false) => {}
            Ok(true) => {
                // The handler has been woken.
                self.at_rest = None;
                return Poll::Pending;
            }
            Err(_) => return Poll::Ready(Event::Failed(panicked(&self.record))),
        }
        loop {
            if let Some(event) = self.poll_time() {
                return Poll::Ready(event);
            }
            let next = self.next_look();
            if self.timer.deadline() != next {
                self.timer.as_mut().reset(next);
            }
            ready!(self.timer.as_mut().poll(cx));
        }
    }

    /// What the time brings while the handler waits.
    fn poll_time(&mut self) -> Option<Event> {
        let now = Instant::now();
        let clock = self.engine.now();
        if self.deadline.is_some_and(|deadline| deadline <= clock) {
            return Some(Event::Failed(Failure::TimedOut));
        }
        if self.live.has_message() && now >= self.next_message {
            return Some(Event::Message);
        }
        let execution = self.run.execution();
        if let Some(until) = self.leaving {
            let leaves = !execution.is_running() || now >= until;
            return leaves.then_some(Event::Park(Some(clock)));
        }
        // What is at work is not interrupted for an answer.
        if self.live.has_others() && !execution.is_running() {
            return Some(Event::Park(Some(clock)));
        }
        if !execution.is_at_rest() {
            self.at_rest = None;
            return None;
        }
        let since = *self.at_rest.get_or_insert(now);
        let park_after = self.engine.0.options.park_after;
        if now < since + park_after {
            return None;
        }
        let due = execution.first_end();
        // What ends soon is not worth putting away.
        let is_soon = due.is_some_and(|due| due < clock + milliseconds(park_after));
        let due = due.into_iter().chain(self.deadline).min();
        (!is_soon).then_some(Event::Park(due))
    }

    /// When to look again, whatever happens: always in the time to come.
    fn next_look(&self) -> Instant {
        let now = Instant::now();
        let far = now + FAR;
        let parks = self
            .at_rest
            .map(|since| since + self.engine.0.options.park_after);
        let message = self.live.has_message().then_some(self.next_message);
        let deadline = self.deadline.map(|deadline| {
            let left = deadline.saturating_sub(self.engine.now());
            now + Duration::from_millis(left).min(FAR)
        });
        let times = [parks, message, deadline, self.leaving];
        let times = times.into_iter().flatten().filter(|time| *time > now);
        times.min().unwrap_or(far)
    }

    /// Hands in what came by post, as far as it is asked for; `true` when there was something.
    fn hand_in(&mut self) -> bool {
        let posted = self.live.take_answers().into_iter();
        self.early
            .extend(posted.map(|(outer, answer)| (outer, answer.into())));
        if self.early.is_empty() {
            return false;
        }
        let execution = self.run.execution();
        let mut handed_in = false;
        for (outer, reply) in std::mem::take(&mut self.early) {
            match execution.answer(inner_key(&outer), reply.clone()) {
                Ok(()) | Err(Unaccepted::Invalid(_)) => {
                    self.answered.push(outer);
                    handed_in = true;
                }
                // The handler has not come to it yet.
                Err(Unaccepted::NotOpen) => {
                    if execution.answer_ahead(inner_key(&outer), reply.clone()) {
                        self.answered.push(outer);
                    } else {
                        self.early.push((outer, reply));
                    }
                }
            }
        }
        // One that does not fit wakes nobody else.
        if handed_in {
            execution.call_driver();
        }
        handed_in
    }
}

fn panicked(record: &Record) -> Failure {
    tracing::error!(task = %record.id, lane = record.lane, "the handler of a task panicked");
    Failure::Other("the handler panicked".into())
}

/// A day: how long nothing is looked at by itself.
const FAR: Duration = Duration::from_hours(24);

/// How long a task whose contents cannot be read is left alone.
const UNREADABLE: Duration = Duration::from_mins(1);

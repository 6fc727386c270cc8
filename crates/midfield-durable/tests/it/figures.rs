//! What an engine counts, and what it tells of who did what.

use std::fmt::{self, Write as _};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use midfield_durable::engine::{
    Ended, Engine, EngineOptions, KeptAnswer, NewCall, Renewal, Run, Runner, TaskCall, Unsealed,
    View,
};
use midfield_durable::store::{Memory, Sqlite, SqliteOptions, Store};
use midfield_durable::task::{Owner, State};
use midfield_durable::{Execution, Failure, Kind, Retry};
use midfield_protocol::Raw;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const OWNER: Owner = Owner([0xab; 32]);

/// Runs tasks that compute something, ask, and end with the answer.
struct Asker;

impl Runner for Asker {
    fn begin(&self, _: TaskCall, execution: Execution) -> Box<dyn Run> {
        let execution = Arc::new(execution);
        let asking = Arc::clone(&execution);
        let future = Box::pin(async move {
            let count = async |_| Ok::<u32, String>(3);
            let counted = asking.step("count", &Retry::once(), count).await;
            let asked = Raw::of("Go on?").unwrap();
            let answer = asking.ask(Kind::Elicitation, "confirm", asked, |_| Ok(()));
            match (counted, answer.await) {
                (Ok(_), Ok(answer)) => Ended::Completed(answer),
                _ => Ended::Failed(Raw::empty()),
            }
        });
        Box::new(Asking { execution, future })
    }

    fn failed(&self, _: &Failure) -> Raw {
        Raw::empty()
    }
}

struct Asking {
    execution: Arc<Execution>,
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

impl Run for Asking {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.future.as_mut().poll(cx)
    }
}

fn engine(store: impl Store) -> Engine {
    let mut options = EngineOptions::default();
    options.renewal = Renewal::Task;
    let engine = Engine::new(Arc::new(store), Arc::new(Unsealed), options).unwrap();
    engine.start(Arc::new(Asker));
    engine
}

fn call(lifetime: Duration) -> NewCall {
    let mut call = NewCall::new(OWNER, "weigh", Raw::empty());
    call.lifetime = Some(lifetime);
    call
}

fn is_asking(view: &View) -> bool {
    view.state == State::InputRequired
}

fn has_ended(view: &View) -> bool {
    view.state.has_ended()
}

/// Makes a task, answers it once it was put away, and waits for its end.
async fn run_to_the_end(engine: &Engine) {
    // The engine has its lease by then, and runs what is made from its making.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let task = engine.create(call(Duration::from_hours(1))).await.unwrap();
    engine.wait(OWNER, task.id, is_asking).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let answer = KeptAnswer::Result(Raw::of("yes").unwrap());
    let answers = vec![("confirm".to_owned(), answer)];
    engine.answer(OWNER, task.id, answers).await.unwrap();
    let end = engine.wait(OWNER, task.id, has_ended).await.unwrap();
    assert_eq!(end.unwrap().state, State::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_engine_counts_what_it_does_to_tasks() {
    let engine = engine(Memory::new());
    run_to_the_end(&engine).await;
    let cancelled = engine.create(call(Duration::from_hours(1))).await.unwrap();
    engine.wait(OWNER, cancelled.id, is_asking).await.unwrap();
    engine.cancel(OWNER, cancelled.id).await.unwrap();
    let figures = engine.figures();
    assert_eq!((figures.made, figures.completed), (2, 1));
    assert_eq!((figures.cancelled, figures.failed), (1, 0));
    // The first run was put away while it waited: the second one began from its journal.
    assert_eq!((figures.claims, figures.replays), (1, 1));
    assert_eq!(
        (figures.questions_asked, figures.questions_answered),
        (2, 1)
    );
    assert_eq!((figures.store_errors, figures.lease_losses), (0, 0));
    assert_eq!(figures.seconds.count, 2);
    let made = figures.verbs.iter().find(|(verb, _)| *verb == "create");
    assert_eq!(made.unwrap().1.count, 2);
    engine.shut_down().await;
    assert_eq!(engine.figures().running, 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_time_is_over_is_counted_and_told_as_failed() {
    let told = Told::default();
    let _guard = tracing::subscriber::set_default(told.clone());
    let engine = engine(Memory::new());
    let task = engine.create(call(Duration::from_mins(1))).await.unwrap();
    engine.wait(OWNER, task.id, has_ended).await.unwrap();
    let figures = engine.figures();
    assert_eq!((figures.failed, figures.seconds.count), (1, 1));
    let rows = told.rows();
    let last = rows.last().unwrap();
    assert!(
        last.contains("act=failed") && last.contains("reason=expired"),
        "{rows:?}"
    );
    engine.shut_down().await;
}

#[tokio::test]
async fn a_store_that_fails_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::default().most_bytes(200_000);
    let store = Sqlite::open(folder.path().join("tasks.db"), options).unwrap();
    let engine = engine(store);
    let mut large = call(Duration::from_hours(1));
    large.request = Raw::of(&"x".repeat(1_000_000)).unwrap();
    engine.create(large).await.unwrap_err();
    let figures = engine.figures();
    assert_eq!(figures.made, 0);
    assert!(figures.store_errors >= 1, "{figures:?}");
    engine.shut_down().await;
}

#[tokio::test(start_paused = true)]
async fn each_act_is_told_once_with_whose_and_which_task_it_was() {
    let told = Told::default();
    let _guard = tracing::subscriber::set_default(told.clone());
    let engine = engine(Memory::new());
    run_to_the_end(&engine).await;
    engine.shut_down().await;
    let rows = told.rows();
    let acts: Vec<&str> = rows
        .iter()
        .map(|row| row.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        acts,
        ["act=made", "act=asked", "act=answered", "act=completed"],
        "{rows:?}"
    );
    let owner = "ab".repeat(32);
    for row in &rows {
        assert!(row.contains(&format!("owner={owner} ")), "{row}");
        assert!(row.contains("tool=weigh "), "{row}");
    }
}

/// A subscriber that keeps the events about acts.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn rows(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "midfield::audit"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut row = Row(String::new());
        event.record(&mut row);
        self.0.lock().unwrap().push(row.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Row(String);

impl Visit for Row {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() != "message" {
            let _ = write!(self.0, "{}={value:?} ", field.name());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }
}

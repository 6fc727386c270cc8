//! What tasks cost that wait for an answer: the memory of a process with many of them, and how soon one goes on when it is answered.
//!
//! `cargo run --release -p midfield-durable --all-features --example parked -- [TASKS] [FOLDER]`

use std::error::Error;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use midfield_durable::engine::{
    Ended, Engine, EngineOptions, KeptAnswer, NewCall, Run, Runner, TaskCall, Unsealed,
};
use midfield_durable::store::{Sqlite, SqliteOptions};
use midfield_durable::task::{Owner, TaskId};
use midfield_durable::{Execution, Failure, Kind};
use midfield_protocol::Raw;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const OWNER: Owner = Owner([1; 32]);

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it prints its figures")]
async fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let count: usize = words.next().map_or(Ok(100_000), |word| word.parse())?;
    let folder = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder)?;
    let store = Sqlite::open(folder.path().join("tasks.db"), SqliteOptions::default())?;
    let mut options = EngineOptions::default();
    options.park_after = Duration::ZERO;
    options.unfinished_per_owner = NonZeroUsize::MAX;
    options.concurrency_per_owner = options.concurrency;
    let engine = Engine::new(Arc::new(store), Arc::new(Unsealed), options)?;
    engine.start(Arc::new(Asker));
    let before = resident()?;
    let ids = park(&engine, count).await?;
    println!("{count} tasks wait; in memory: {}", engine.running());
    println!(
        "resident memory: {:.1} MiB, of which {:.1} MiB before the first",
        resident()?,
        before
    );
    let mut waits = Vec::new();
    for id in ids.iter().step_by((count / 100).max(1)) {
        let begin = Instant::now();
        let answer = KeptAnswer::Result(Raw::of("yes")?);
        engine
            .answer(OWNER, *id, vec![("go on".to_owned(), answer)])
            .await?;
        let ended = engine
            .wait(OWNER, *id, |view| view.state.has_ended())
            .await?;
        let result = ended.and_then(|view| view.result);
        assert_eq!(result, Some(Raw::of("yes")?), "the answer is the result");
        waits.push(begin.elapsed());
    }
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "from an answer to the end of its task, {} times: median {:.1} ms, 99 of 100 within {:.1} ms",
        waits.len(),
        at(50),
        at(99)
    );
    engine.shut_down().await;
    Ok(())
}

/// Makes tasks, and waits until all of them only wait.
async fn park(engine: &Engine, count: usize) -> Outcome<Vec<TaskId>> {
    let mut ids = Vec::with_capacity(count);
    for from in (0..count).step_by(128) {
        let batch = (from..count.min(from + 128)).map(|number| {
            let engine = engine.clone();
            async move {
                let request = Raw::of(&number).unwrap_or_else(|_| Raw::empty());
                engine.create(NewCall::new(OWNER, "ask", request)).await
            }
        });
        for made in futures_util::future::join_all(batch).await {
            ids.push(made?.id);
        }
    }
    while engine.running() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(ids)
}

/// The resident memory of this process, in MiB.
fn resident() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("there is no VmRSS")?.parse::<f64>()? / 1024.0)
}

/// Runs tasks that ask, and end with the answer.
struct Asker;

impl Runner for Asker {
    fn begin(&self, _call: TaskCall, execution: Execution) -> Box<dyn Run> {
        let execution = Arc::new(execution);
        let asked = Arc::clone(&execution);
        let future = Box::pin(async move {
            let question = Raw::of("May it go on?").unwrap_or_else(|_| Raw::empty());
            match asked
                .ask(Kind::Elicitation, "go on", question, |_| Ok(()))
                .await
            {
                Ok(answer) => Ended::Completed(answer),
                Err(_) => Ended::Failed(Raw::empty()),
            }
        });
        Box::new(Asking { execution, future })
    }

    fn failed(&self, _failure: &Failure) -> Raw {
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

//! How many tasks per second a store keeps: made and held at once, ended, and looked at.
//!
//! `cargo run --release -p midfield-durable --all-features --example commits -- [--kept TASKS] [--seconds SECONDS] [--normal]
//! [--path FOLDER]`

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use midfield_durable::store::{
    Created, NewTask, Next, Sqlite, SqliteOptions, Store, Synchronous, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The time of all that happens: the figures do not depend on it.
const NOW: u64 = 1_700_000_000_000;

const WORKER: WorkerId = WorkerId([1; 16]);

/// Owners, so that each has some of the tasks.
const OWNERS: u64 = 100;

struct Arguments {
    kept: u64,
    seconds: f64,
    synchronous: Synchronous,
    folder: PathBuf,
}

fn arguments() -> Outcome<Arguments> {
    let mut found = Arguments {
        kept: 0,
        seconds: 5.0,
        synchronous: Synchronous::Full,
        folder: std::env::temp_dir(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--kept" => found.kept = value()?.parse()?,
            "--seconds" => found.seconds = value()?.parse()?,
            "--path" => found.folder = value()?.into(),
            "--normal" => found.synchronous = Synchronous::Normal,
            _ => return Err(format!("there is no option {word}").into()),
        }
    }
    Ok(found)
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it prints a table")]
async fn main() -> Outcome<()> {
    let arguments = arguments()?;
    let folder = tempfile::tempdir_in(&arguments.folder)?;
    let path = folder.path().join("tasks.db");
    fill(&path, arguments.kept).await?;
    let options = SqliteOptions::default().synchronous(arguments.synchronous);
    let store = Sqlite::open(&path, options)?;
    store.renew(WORKER, NOW, NOW * 2).await?;
    println!("{} kept, {:?}", arguments.kept, arguments.synchronous);
    println!("| callers | tasks/s | median | 99 % | processor time per task |");
    println!("|--:|--:|--:|--:|--:|");
    let numbers = Arc::new(AtomicU64::new(arguments.kept));
    for callers in [1, 16, 64] {
        let busy = processor_time();
        let begun = Instant::now();
        let until = begun + Duration::from_secs_f64(arguments.seconds);
        let all = (0..callers).map(|_| caller(&store, &numbers, until));
        let all = futures_util::future::try_join_all(all).await?;
        let elapsed = begun.elapsed().as_secs_f64();
        let mut times: Vec<Duration> = all.into_iter().flatten().collect();
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get(times.len() * part / 100)
                .copied()
                .unwrap_or_default()
        };
        let count = u32::try_from(times.len())?;
        let busy = processor_time().saturating_sub(busy) / count.max(1);
        println!(
            "| {callers} | {:.0} | {:.2?} | {:.2?} | {busy:.1?} |",
            f64::from(count) / elapsed,
            at(50),
            at(99)
        );
    }
    Ok(())
}

/// How much time of processors this process has had: a figure that the neighbours on a machine disturb least. Zero where the
/// system does not say it in the way of Linux.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in brackets, may hold anything; what follows it is numbers.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Keeps tasks that have ended, fast: what is lost by a crash can be made again.
async fn fill(path: &PathBuf, kept: u64) -> Outcome<()> {
    let options = SqliteOptions::default().synchronous(Synchronous::Normal);
    let store = Sqlite::open(path, options)?;
    let mut number = 0;
    while number < kept {
        let next = (number + 500).min(kept);
        let tasks = (number..next).map(|number| task(&store, number));
        futures_util::future::try_join_all(tasks).await?;
        number = next;
    }
    Ok(())
}

/// One after the other until the time is over; gives how long each took.
async fn caller(store: &Sqlite, numbers: &AtomicU64, until: Instant) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let id = task(store, numbers.fetch_add(1, Ordering::Relaxed)).await?;
        let seen = store.get(id).await?.ok_or("a task is gone")?;
        if seen.result.is_none() {
            return Err("a task has no result".into());
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Makes a task that is held, and ends it.
async fn task(store: &Sqlite, number: u64) -> Outcome<TaskId> {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let id = TaskId::new(NOW + number, random);
    let mut owner = [0; 32];
    owner[..8].copy_from_slice(&(number % OWNERS).to_be_bytes());
    let mut record = Record::new(id, Owner(owner), "lane".to_owned(), NOW);
    record.expires = Some(NOW + 60_000 + number);
    let mut new = NewTask::new(record, vec![7; 200], [0; 32]);
    new.worker = Some(WORKER);
    let Created::New(record) = store.create(new).await? else {
        return Err("a task was there before".into());
    };
    let mut write = Write::at(NOW);
    write.next = Next::Complete {
        result: vec![8; 200],
    };
    let written = store.write(id, record.fence, write).await?;
    written.ok_or("a task was lost")?;
    Ok(id)
}

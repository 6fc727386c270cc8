//! A process that is killed at any moment has lost nothing that it acknowledged.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use midfield_durable::store::{Claim, Next, Sqlite, SqliteOptions, Store, Write};
use midfield_durable::task::{State, WorkerId};

use super::{NOW, created, new_task, request, task_id};

/// Names the file, and the number from which on tasks are made.
const PATH: &str = "MIDFIELD_TEST_STORE";
const FIRST: &str = "MIDFIELD_TEST_FIRST";

/// Makes tasks, and ends every other one, until it is killed. A line is written when something is acknowledged.
#[tokio::test]
async fn is_what_other_tests_start_and_kill() {
    let (Ok(path), Ok(first)) = (std::env::var(PATH), std::env::var(FIRST)) else {
        return;
    };
    let store = Sqlite::open(path, SqliteOptions::default()).unwrap();
    let first: u64 = first.parse().unwrap();
    let callers = (0..8).map(|caller| {
        let store = store.clone();
        async move {
            for number in (first + caller..).step_by(8) {
                work(&store, number).await;
            }
        }
    });
    futures_util::future::join_all(callers).await;
}

async fn work(store: &Sqlite, number: u64) {
    let worker = WorkerId(*task_id(number / 100).as_bytes());
    let mut new = new_task(number);
    new.worker = Some(worker);
    let record = match store.create(new).await {
        Ok(midfield_durable::store::Created::New(record)) => record,
        other => return tell(&format!("failed {other:?}")),
    };
    tell(&format!("made {number}"));
    if number % 2 == 1 {
        return;
    }
    let mut write = Write::at(NOW);
    write.next = Next::Complete {
        result: request(number),
    };
    match store.write(record.id, record.fence, write).await {
        Ok(Some(_)) => tell(&format!("ended {number}")),
        other => tell(&format!("failed {other:?}")),
    }
}

/// One write for a whole line: a killed process leaves no half of it but the last.
fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("\n@{line}\n").as_bytes());
    let _ = out.flush();
}

fn start(path: &Path, first: u64, limit: Option<u32>) -> Child {
    let this = std::env::current_exe().unwrap();
    let name = "store::killed::is_what_other_tests_start_and_kill";
    let mut command = match limit {
        None => Command::new(this),
        Some(blocks) => {
            let mut shell = Command::new("sh");
            // What is beyond the limit fails, instead of ending the process.
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
            shell.arg("-c").arg(script).arg(this);
            shell
        }
    };
    command
        .args(["--exact", name, "--nocapture"])
        .env(PATH, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What processes have acknowledged.
#[derive(Default)]
struct Told {
    made: Vec<u64>,
    ended: Vec<u64>,
    failed: usize,
}

impl Told {
    /// Reads what a process tells, until so many lines have come, kills it, and reads the rest.
    fn listen(&mut self, mut child: Child, most: usize) {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut count = 0;
        for line in lines.map_while(Result::ok) {
            let Some(line) = line.strip_prefix('@') else {
                continue;
            };
            match line.split_once(' ') {
                Some(("made", number)) => self.made.push(number.parse().unwrap()),
                Some(("ended", number)) => self.ended.push(number.parse().unwrap()),
                _ => self.failed += 1,
            }
            count += 1;
            if count == most {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
}

async fn all_is_there(path: &Path, told: &Told) {
    let store = Sqlite::open(path, SqliteOptions::default()).unwrap();
    for number in &told.made {
        let seen = store.get(task_id(*number)).await.unwrap();
        let seen = seen.unwrap_or_else(|| panic!("task {number} was acknowledged and is gone"));
        if told.ended.contains(number) {
            assert_eq!(seen.record.state, State::Completed);
            assert_eq!(seen.result, Some(request(*number)));
        }
    }
    // What was not ended is free at once, and has its request.
    let worker = WorkerId([9; 16]);
    store.renew(worker, NOW, NOW + 9).await.unwrap();
    let tasks = store
        .claim(Claim::new(worker, NOW, usize::MAX))
        .await
        .unwrap()
        .tasks;
    let open = |number: &&u64| *number % 2 == 1;
    assert!(tasks.len() >= told.made.iter().filter(open).count());
    for task in &tasks {
        let number: [u8; 8] = task.request[..8].try_into().unwrap();
        assert_eq!(task.record.id, task_id(u64::from_be_bytes(number)));
    }
    drop(store);
    let report = Sqlite::check(path).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
}

#[tokio::test]
async fn a_killed_process_has_lost_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut told = Told::default();
    for round in 0..12_u64 {
        let child = start(&path, round * 100_000, None);
        // Another moment each time.
        let most = 20 + usize::try_from(round).unwrap() * 37;
        told.listen(child, most);
        all_is_there(&path, &told).await;
    }
    assert!(told.made.len() > 1000 && told.ended.len() > 500);
    assert_eq!(told.failed, 0);
}

#[tokio::test]
async fn two_processes_write_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let store = Sqlite::open(&path, SqliteOptions::default()).unwrap();
    let children = [0, 1_000_000].map(|first| start(&path, first, None));
    created(&store, new_task(5_000_000)).await;
    let listen = children.map(|child| {
        std::thread::spawn(move || {
            let mut told = Told::default();
            told.listen(child, 300);
            told
        })
    });
    let mut all = Told::default();
    for told in listen {
        let told = told.join().unwrap();
        assert_eq!(told.failed, 0);
        all.made.extend(told.made);
        all.ended.extend(told.ended);
    }
    assert!(store.has_changed_elsewhere().await.unwrap());
    drop(store);
    all_is_there(&path, &all).await;
}

/// The limit of the size of files is a full disk, for one process.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_fails_verbs_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    drop(Sqlite::open(&path, SqliteOptions::default()).unwrap());
    let mut told = Told::default();
    // Blocks of 512 bytes: the log is full after half a megabyte.
    let child = start(&path, 0, Some(1024));
    told.listen(child, 400);
    assert!(told.failed > 10, "{} failed", told.failed);
    all_is_there(&path, &told).await;
}

//! Failing commits, full disks and cut logs: nothing that was acknowledged is lost, and nothing is half-way.

use std::fs;
use std::path::Path;

use midfield_durable::store::{Claim, Created, Sqlite, SqliteOptions, Store};
use midfield_durable::task::State;
use rusqlite::Connection;

use super::{NOW, WORKER, created, new_task, request, task_id};

fn open(path: &Path, options: SqliteOptions) -> Sqlite {
    Sqlite::open(path, options).unwrap()
}

#[tokio::test]
async fn a_failing_commit_fails_all_that_were_in_it_and_none_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let store = open(&path, SqliteOptions::default());
    created(&store, new_task(0)).await;
    // A rule that is only looked at by the commit.
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "CREATE TABLE good (number INTEGER PRIMARY KEY);
         CREATE TABLE bad (number REFERENCES good DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER fail AFTER INSERT ON requests BEGIN INSERT INTO bad VALUES (1); END;",
    )
    .unwrap();
    let all = (1..20).map(|number| store.create(new_task(number)));
    for created in futures_util::future::join_all(all).await {
        let error = created.unwrap_err();
        assert!(!error.is_unknown(), "SQLite refused it: {error}");
        assert!(error.to_string().contains("could not commit to"), "{error}");
    }
    db.execute_batch("DROP TRIGGER fail").unwrap();
    created(&store, new_task(20)).await;
    for number in 0..=20 {
        let is_there = store.get(task_id(number)).await.unwrap().is_some();
        assert_eq!(is_there, number == 0 || number == 20, "{number}");
    }
    assert_eq!(store.counts().await.unwrap().of(State::Working), 2);
}

#[tokio::test]
async fn another_writer_makes_verbs_wait_and_then_fail_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let options = SqliteOptions::default();
    let store = open(
        &path,
        options.busy_timeout(std::time::Duration::from_millis(50)),
    );
    let record = created(&store, new_task(0)).await;
    let db = Connection::open(&path).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.create(new_task(1)).await.unwrap_err();
    assert!(
        !error.is_unknown() && error.to_string().contains("another process"),
        "{error}"
    );
    assert!(
        store.get(record.id).await.unwrap().is_some(),
        "reading waits for nobody"
    );
    db.execute_batch("ROLLBACK").unwrap();
    created(&store, new_task(1)).await;
}

#[tokio::test]
async fn a_full_database_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let store = open(&path, SqliteOptions::default().most_bytes(400_000));
    let mut kept = Vec::new();
    let mut refused = 0;
    for number in 0..60 {
        let mut new = new_task(number);
        new.request = request(number).repeat(100);
        match store.create(new).await {
            Ok(Created::New(record)) => kept.push(record),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(error.to_string().contains("no room left"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(
        kept.len() > 5 && refused > 5,
        "{} kept, {refused} refused",
        kept.len()
    );
    let count = store.counts().await.unwrap().of(State::Working);
    assert_eq!(count, kept.len() as u64);
    // What takes no more room still works, and makes some.
    for record in &kept[..3] {
        store.cancel(record.id, NOW).await.unwrap();
    }
    let mut new = new_task(99);
    new.request = request(99).repeat(100);
    created(&store, new).await;
    drop(store);
    let report = Sqlite::check(&path).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
}

/// A verb is acknowledged when the log is this long.
struct Acknowledged {
    number: u64,
    length: u64,
}

/// The first bytes of a log, and a frame: its head and a page.
const LOG_HEAD: usize = 32;
const FRAME: usize = 24 + 4096;

#[tokio::test]
async fn a_log_that_was_cut_has_all_that_was_acknowledged_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let store = open(&path, SqliteOptions::default());
    let log = folder.path().join("tasks.db-wal");
    let mut all = Vec::new();
    for number in 0..12 {
        created(&store, new_task(number)).await;
        all.push(Acknowledged {
            number,
            length: fs::metadata(&log).unwrap().len(),
        });
    }
    // As after a crash: the files as they are while the store is open.
    let database = fs::read(&path).unwrap();
    let whole = fs::read(&log).unwrap();
    drop(store);
    let frames = (whole.len() - LOG_HEAD) / FRAME;
    let boundaries = (0..=frames).map(|frame| LOG_HEAD + frame * FRAME);
    let cuts: Vec<usize> = boundaries
        .flat_map(|boundary| [boundary, boundary + 11, boundary + 24, boundary + 2000])
        .filter(|cut| *cut <= whole.len())
        .chain([0, 7])
        .collect();
    assert!(cuts.len() > 100, "{} cuts", cuts.len());
    for cut in cuts {
        let copy = tempfile::tempdir().unwrap();
        let path = copy.path().join("tasks.db");
        fs::write(&path, &database).unwrap();
        fs::write(copy.path().join("tasks.db-wal"), &whole[..cut]).unwrap();
        look_after_cut(&path, cut, &all).await;
    }
}

async fn look_after_cut(path: &Path, cut: usize, all: &[Acknowledged]) {
    let store = open(path, SqliteOptions::default());
    let is_due = |task: &&Acknowledged| task.length <= cut as u64;
    let expected = all.iter().filter(is_due).count();
    let tasks = store
        .claim(Claim::new(WORKER, NOW, 99))
        .await
        .unwrap()
        .tasks;
    assert!(
        tasks.len() >= expected,
        "{} of {expected} after a cut at {cut}",
        tasks.len()
    );
    for (task, made) in tasks.iter().zip(all) {
        assert_eq!(task.record.id, task_id(made.number));
        assert_eq!(task.request, request(made.number));
    }
    drop(store);
    let report = Sqlite::check(path).unwrap();
    assert!(
        report.problems.is_empty(),
        "after a cut at {cut}: {report:?}"
    );
}

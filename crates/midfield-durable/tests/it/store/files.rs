//! Files that are opened, closed, refused and looked after.

use std::fs;
use std::path::{Path, PathBuf};

use midfield_durable::store::{Claim, Created, NewTask, Next, Sqlite, SqliteOptions, Store, Write};
use midfield_durable::task::{Owner, Record, State, TaskId, WorkerId};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{NOW, WORKER, created, new_task, refusal};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    (folder, path)
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, SqliteOptions::default()).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let (_folder, path) = folder();
    let store = open(&path);
    let record = created(&store, new_task(1)).await;
    drop(store);
    let store = open(&path);
    let seen = store.get(record.id).await.unwrap().unwrap();
    assert_eq!(seen.record, record);
    assert_eq!(store.counts().await.unwrap().of(State::Working), 1);
}

#[tokio::test]
async fn what_dead_workers_held_is_free_when_the_file_is_opened_alone() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.renew(WORKER, NOW, NOW + 1_000_000).await.unwrap();
    let mut new = new_task(1);
    new.worker = Some(WORKER);
    let record = created(&store, new).await;
    // Somebody else is there: this is no start after a crash.
    let beside = open(&path);
    let other = WorkerId([9; 16]);
    let claim = Claim::new(other, NOW, 9);
    assert!(beside.claim(claim.clone()).await.unwrap().tasks.is_empty());
    drop((store, beside));
    let store = open(&path);
    assert!(!store.renew(other, NOW, NOW + 9).await.unwrap());
    let tasks = store.claim(claim).await.unwrap().tasks;
    assert_eq!(tasks[0].record.id, record.id);
    assert!(!store.renew(WORKER, NOW, NOW + 9).await.unwrap());
}

#[tokio::test]
async fn what_a_dead_worker_held_is_due_even_if_its_clock_was_ahead() {
    const HOUR: u64 = 60 * 60 * 1000;
    let (_folder, path) = folder();
    let store = open(&path);
    store
        .renew(WORKER, NOW + HOUR, NOW + 2 * HOUR)
        .await
        .unwrap();
    let mut new = new_task(1);
    new.worker = Some(WORKER);
    let record = created(&store, new).await;
    let write = store.write(record.id, record.fence, Write::at(NOW + HOUR));
    assert_eq!(write.await.unwrap().unwrap().updated, NOW + HOUR);
    drop(store);
    let store = open(&path);
    assert!(
        store
            .next_due()
            .await
            .unwrap()
            .is_some_and(|due| due <= NOW)
    );
    let claim = Claim::new(WorkerId([9; 16]), NOW, 9);
    let tasks = store.claim(claim).await.unwrap().tasks;
    assert_eq!(tasks[0].record.id, record.id);
}

#[test]
fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..20 {
        let (_folder, path) = folder();
        std::thread::scope(|scope| {
            let openings = [(); 4].map(|()| scope.spawn(|| open(&path)));
            // Nobody is done before the others.
            let _stores = openings.map(|opening| opening.join().unwrap());
        });
    }
}

#[tokio::test]
async fn two_stores_on_one_file_see_each_other() {
    let (_folder, path) = folder();
    let (one, other) = (open(&path), open(&path));
    assert!(!other.has_changed_elsewhere().await.unwrap());
    let record = created(&one, new_task(1)).await;
    assert!(other.has_changed_elsewhere().await.unwrap());
    assert!(!other.has_changed_elsewhere().await.unwrap());
    assert!(!one.has_changed_elsewhere().await.unwrap());
    assert_eq!(other.get(record.id).await.unwrap().unwrap().record, record);
    other.cancel(record.id, NOW).await.unwrap();
    assert!(!other.has_changed_elsewhere().await.unwrap());
    let seen = one.get(record.id).await.unwrap().unwrap();
    assert_eq!(seen.record.state, State::Cancelled);
}

#[tokio::test]
async fn a_change_by_others_is_told_though_a_verb_beside_it_fails() {
    let (_folder, path) = folder();
    let (one, other) = (open(&path), open(&path));
    created(&one, new_task(0)).await;
    // All in line at once: the first is done alone, those after it together.
    let ask = async { other.has_changed_elsewhere().await.unwrap() };
    let fails = [(); 3].map(|()| other.create(new_task(0)));
    let (has_changed, failed) =
        futures_util::future::join(ask, futures_util::future::join_all(fails)).await;
    assert!(failed.iter().all(Result::is_err));
    assert!(has_changed);
    let fails = other.create(new_task(0));
    created(&one, new_task(1)).await;
    let ask = other.has_changed_elsewhere();
    let (failed, has_changed) = futures_util::future::join(fails, ask).await;
    assert!(failed.is_err() && has_changed.unwrap());
}

#[tokio::test]
async fn the_last_handle_does_what_waits_in_line_first() {
    let (_folder, path) = folder();
    let store = open(&path);
    let mut waiting = Vec::new();
    for number in 0..100 {
        let store = store.clone();
        // Polled once, so that it is in line, and dropped before it says anything.
        let mut create = Box::pin(async move { store.create(new_task(number)).await });
        let _ = crate::poll_once(create.as_mut()).await;
        waiting.push(create);
    }
    drop(waiting);
    drop(store);
    let store = open(&path);
    assert_eq!(store.counts().await.unwrap().of(State::Working), 100);
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    let _store = open(&path);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let (_folder, path) = folder();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE books (title)").unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    refusal(&path, "the database of another program");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version_is_refused_by_both_numbers() {
    let (_folder, path) = folder();
    drop(open(&path));
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    refusal(&path, "schema version 99");
    refusal(&path, "versions up to 1");
}

#[test]
fn what_is_no_database_is_refused() {
    let (_folder, path) = folder();
    fs::write(&path, "this is a letter, not a database. ".repeat(100)).unwrap();
    refusal(&path, "no SQLite database");
}

#[test]
fn a_file_without_its_tables_is_refused() {
    let (_folder, path) = folder();
    drop(open(&path));
    let db = Connection::open(&path).unwrap();
    db.execute_batch("DROP TABLE counts").unwrap();
    drop(db);
    refusal(&path, "could not open");
}

#[test]
fn where_there_can_be_no_file_is_said() {
    let (_folder, path) = folder();
    fs::create_dir(&path).unwrap();
    refusal(&path, "could not open");
    refusal(&path.join("none/tasks.db"), "could not make");
}

#[tokio::test]
async fn a_file_that_was_cut_is_refused_or_whole() {
    let (_folder, path) = folder();
    let store = open(&path);
    for number in 0..200 {
        created(&store, new_task(number)).await;
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    for part in 1..20 {
        let length = whole.len() * part / 20;
        fs::write(&path, &whole[..length]).unwrap();
        match Sqlite::open(&path, SqliteOptions::default()) {
            Err(error) => assert!(error.to_string().contains("tasks.db"), "{error}"),
            Ok(_) => panic!("a file of {length} of {} bytes was opened", whole.len()),
        }
    }
}

#[tokio::test]
async fn a_sound_file_has_nothing_to_report() {
    let (_folder, path) = folder();
    let store = open(&path);
    let record = created(&store, new_task(1)).await;
    created(&store, new_task(2)).await;
    store.cancel(record.id, NOW).await.unwrap();
    let report = Sqlite::check(&path).unwrap();
    assert_eq!(
        (report.version, report.tasks, report.problems.len()),
        (1, 2, 0)
    );
}

#[tokio::test]
async fn a_check_tells_of_what_contradicts_itself() {
    for (damage, told) in [
        ("DELETE FROM requests", "has no request"),
        ("UPDATE tasks SET chunks = 3", "has gaps"),
        ("UPDATE counts SET tasks = 7", "number of tasks in state 0"),
        (
            "UPDATE owners SET active = 7",
            "number of tasks is wrong of the owner",
        ),
        ("UPDATE tasks SET state = 77", "a state that there is not"),
        ("UPDATE tasks SET updated = 1", "changed before it was made"),
        ("UPDATE tasks SET answered = '[\"a\"]'", "has other answers"),
        ("UPDATE tasks SET open = 'keys'", "keys that are no list"),
        ("UPDATE tasks SET owner = 'nobody'", "Invalid column type"),
        ("INSERT INTO chunks VALUES (99, 0, x'')", "there is no task"),
    ] {
        let (_folder, path) = folder();
        let store = open(&path);
        created(&store, new_task(1)).await;
        drop(store);
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(damage).unwrap();
        drop(db);
        let report = Sqlite::check(&path).unwrap();
        let tells = |problem: &String| problem.contains(told);
        assert!(report.problems.iter().any(tells), "{damage}: {report:?}");
    }
}

#[tokio::test]
async fn compacting_gives_room_back_and_keeps_tasks() {
    let (_folder, path) = folder();
    let store = open(&path);
    let kept = created(&store, new_task(0)).await;
    let mut others = Vec::new();
    for number in 1..50 {
        let mut new = new_task(number);
        new.request = vec![1; 50_000];
        others.push(created(&store, new).await);
    }
    for record in others {
        store.cancel(record.id, NOW).await.unwrap();
    }
    let refused = Sqlite::compact(&path).unwrap_err().to_string();
    assert!(refused.contains("has it open"), "{refused}");
    drop(store);
    let before = fs::metadata(&path).unwrap().len();
    Sqlite::compact(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < before / 4);
    assert_eq!(Sqlite::check(&path).unwrap().problems.len(), 0);
    let store = open(&path);
    assert_eq!(
        store.get(kept.id).await.unwrap().unwrap().record.id,
        kept.id
    );
    let place = created(&store, new_task(99)).await.place;
    assert_eq!(place, 51);
}

#[test]
fn helpers_make_nothing_where_nothing_is() {
    let (folder, path) = folder();
    assert!(Sqlite::check(&path).is_err());
    assert!(Sqlite::compact(&path).is_err());
    assert!(Sqlite::migrate(&path).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(open(&path));
    assert_eq!(Sqlite::migrate(&path).unwrap(), 1);
}

#[tokio::test]
async fn an_ended_task_keeps_only_what_pollers_see() {
    let (_folder, path) = folder();
    let store = open(&path);
    let mut new: NewTask = new_task(1);
    new.worker = Some(WORKER);
    let record: Record = created(&store, new).await;
    let mut write = Write::at(NOW);
    write.append = vec![b"secret step".to_vec()];
    store.write(record.id, record.fence, write).await.unwrap();
    let mut write = Write::at(NOW);
    write.next = Next::Complete { result: vec![1] };
    store.write(record.id, record.fence, write).await.unwrap();
    let db = Connection::open(&path).unwrap();
    for table in ["requests", "chunks", "answers"] {
        let count = format!("SELECT count(*) FROM {table}");
        let count: i64 = db.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn the_work_of_a_verb_does_not_grow_with_the_tasks_that_are_kept() {
    let (_folder, path) = folder();
    let store = open(&path);
    let mut costs = Vec::new();
    for more in [50, 2_000] {
        for number in 0..more {
            let mut new = new_task(more * 10_000 + number);
            new.record.due = Some(NOW + 1_000_000);
            new.record.expires = Some(NOW + 2_000_000);
            if number % 2 == 0 {
                let record = created(&store, new).await;
                store.cancel(record.id, NOW).await.unwrap();
            } else {
                created(&store, new).await;
            }
        }
        let mut cost = std::time::Duration::MAX;
        for _ in 0..20 {
            let begun = std::time::Instant::now();
            for _ in 0..20 {
                store.next_due().await.unwrap();
                store.counts().await.unwrap();
                store.list(Owner([1; 32]), 0, 1).await.unwrap();
                store.get(TaskId::from_bytes([0; 16])).await.unwrap();
            }
            // The machine may do other things as well: what counts is what it can do.
            cost = cost.min(begun.elapsed());
        }
        costs.push(cost);
    }
    // Forty times as many tasks; what reads them all would take far more than this.
    assert!(costs[1] < costs[0] * 8, "{costs:?}");
}

#[tokio::test]
async fn an_id_that_was_used_is_an_error_of_its_caller_alone() {
    let (_folder, path) = folder();
    let store = open(&path);
    created(&store, new_task(0)).await;
    // All at once, so that they are committed together.
    let all = (0..10).map(|number| store.create(new_task(number)));
    let all = futures_util::future::join_all(all).await;
    let is_new = |created: &Result<Created, _>| matches!(created, Ok(Created::New(_)));
    let new: Vec<bool> = all.iter().map(is_new).collect();
    let expected: Vec<bool> = (0..10).map(|number| number != 0).collect();
    assert_eq!(new, expected);
    let error = all[0].as_ref().unwrap_err();
    assert!(
        !error.is_unknown() && error.to_string().contains("already"),
        "{error}"
    );
}

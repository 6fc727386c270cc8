//! Whatever a file holds, a store answers or says what is wrong: it never panics.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use midfield_durable::store::{Answer, Claim, Sqlite, SqliteOptions, Store, Synchronous, Write};
use midfield_durable::task::Owner;
use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{NOW, WORKER, created, new_task, task_id};

/// A file with tasks in many states.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(fill(&path));
    fs::read(&path).unwrap()
});

async fn fill(path: &Path) {
    let store = Sqlite::open(path, SqliteOptions::default()).unwrap();
    for number in 0..6 {
        let mut new = new_task(number);
        new.key = Some([u8::try_from(number).unwrap(); 32]);
        new.worker = (number % 2 == 0).then_some(WORKER);
        new.record.expires = Some(NOW + 5);
        let record = created(&store, new).await;
        let mut write = Write::at(NOW);
        write.append = vec![vec![1; 10]; 2];
        write.open = Some(vec!["a".to_owned(), "b".to_owned()]);
        store.write(record.id, record.fence, write).await.unwrap();
        let answer = Answer {
            key: "a".to_owned(),
            answer: vec![5],
        };
        store.answer(record.id, NOW, vec![answer]).await.unwrap();
    }
    store.cancel(task_id(5), NOW).await.unwrap();
}

/// Asks everything; what is said does not matter, as long as something is.
async fn use_it(path: &Path) {
    let options = SqliteOptions::default().synchronous(Synchronous::Normal);
    let Ok(store) = Sqlite::open(path, options) else {
        return;
    };
    for number in 0..6 {
        let id = task_id(number);
        let _ = store.get(id).await;
        let mut again = new_task(number + 100);
        again.key = Some([u8::try_from(number).unwrap(); 32]);
        let _ = store.create(again).await;
        let answers = vec![Answer {
            key: "b".to_owned(),
            answer: vec![6],
        }];
        let _ = store.answer(id, NOW, answers).await;
    }
    let claimed = store.claim(Claim::new(WORKER, NOW, 9)).await;
    for task in claimed.map(|claimed| claimed.tasks).unwrap_or_default() {
        let mut write = Write::at(NOW);
        write.append = vec![vec![1]];
        let _ = store.write(task.record.id, task.record.fence, write).await;
    }
    let _ = store.list(Owner([1; 32]), 0, 99).await;
    let _ = store.counts().await;
    let _ = store.next_due().await;
    let _ = store.renew(WORKER, NOW, NOW + 1).await;
    let _ = store.retire(WORKER, NOW + 2).await;
    let _ = store.cancel(task_id(1), NOW).await;
    let _ = store.expire(NOW + 9, 5, 99).await;
    let _ = store.expire(NOW + 99, 5, 99).await;
    // A thread that had panicked would not answer any more.
    let alive = store.has_changed_elsewhere().await;
    let is_stopped = alive.is_err_and(|error| error.to_string().contains("has stopped"));
    assert!(!is_stopped, "the writer has panicked");
    let alive = store.get(task_id(0)).await;
    let is_stopped = alive.is_err_and(|error| error.to_string().contains("has stopped"));
    assert!(!is_stopped, "a reader has panicked");
    drop(store);
    let _ = Sqlite::check(path);
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (-3..9_i64).prop_map(Value::Integer),
        prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::from(u32::MAX))]
            .prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        ".{0,9}".prop_map(Value::Text),
        Just(Value::Text("[\"a\",\"a\",\"z\"]".to_owned())),
        vec(any::<u8>(), 0..40).prop_map(Value::Blob),
    ]
}

const COLUMNS: [(&str, &str); 32] = [
    ("tasks", "id"),
    ("tasks", "owner"),
    ("tasks", "lane"),
    ("tasks", "state"),
    ("tasks", "reason"),
    ("tasks", "created"),
    ("tasks", "updated"),
    ("tasks", "expires"),
    ("tasks", "due"),
    ("tasks", "worker"),
    ("tasks", "fence"),
    ("tasks", "deliveries"),
    ("tasks", "version"),
    ("tasks", "open"),
    ("tasks", "answered"),
    ("tasks", "chunks"),
    ("tasks", "ready"),
    ("tasks", "notes"),
    ("tasks", "result"),
    ("requests", "request"),
    ("chunks", "number"),
    ("chunks", "chunk"),
    ("answers", "key"),
    ("answers", "answer"),
    ("keys", "key"),
    ("keys", "digest"),
    ("workers", "id"),
    ("workers", "until"),
    ("workers", "is_over"),
    ("owners", "owner"),
    ("owners", "active"),
    ("counts", "tasks"),
];

fn copy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    fs::write(&path, &*WHOLE).unwrap();
    (folder, path)
}

fn run(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(use_it(path));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_value_in_any_column_is_answered_for(changes in vec((0..COLUMNS.len(), value(), 0..9_i64), 1..4)) {
        let (_folder, path) = copy();
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        for (column, value, number) in changes {
            let (table, column) = COLUMNS[column];
            // One that the table itself refuses is no matter.
            let sql = match table {
                "tasks" => format!("UPDATE OR IGNORE {table} SET {column} = ?1 WHERE place = ?2 OR ?2 = 0"),
                _ => format!("UPDATE OR IGNORE {table} SET {column} = ?1 WHERE ?2 >= 0"),
            };
            let _ = db.execute(&sql, rusqlite::params![value, number]);
        }
        drop(db);
        run(&path);
    }

    #[test]
    fn any_bytes_in_the_file_are_answered_for(changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12)) {
        let (_folder, path) = copy();
        let mut bytes = WHOLE.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        fs::write(&path, &bytes).unwrap();
        run(&path);
    }
}

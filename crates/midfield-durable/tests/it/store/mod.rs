//! What a store promises, for those that we have.

mod agreement;
mod faults;
mod files;
mod foreign;
mod killed;
mod suites;

use std::path::Path;

use midfield_durable::store::{Created, NewTask, Sqlite, SqliteOptions, Store};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};

const NOW: u64 = 1_700_000_000_000;

const WORKER: WorkerId = WorkerId([1; 16]);

fn task_id(number: u64) -> TaskId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    TaskId::new(NOW, random)
}

/// A task whose contents say which it is.
fn new_task(number: u64) -> NewTask {
    let record = Record::new(task_id(number), Owner([1; 32]), "lane".to_owned(), NOW);
    NewTask::new(record, request(number), [7; 32])
}

fn request(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(20)
}

async fn created(store: &dyn Store, new: NewTask) -> Record {
    match store.create(new).await.unwrap() {
        Created::New(record) => record,
        other => panic!("a new task was expected, not {other:?}"),
    }
}

/// Opens what must be refused; the message names the path and says this.
fn refusal(path: &Path, says: &str) {
    let error = Sqlite::open(path, SqliteOptions::default()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains(says), "{message}");
}

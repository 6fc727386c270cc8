//! `midfield store`, on files that are whole, broken, or none.

use std::path::PathBuf;

use midfield::server::SqliteOptions;
use midfield_durable::store::{NewTask, Sqlite, Store as _};
use midfield_durable::task::{Owner, Record, TaskId};

use crate::support::{Folder, Output, run};

fn store(command: &str, file: &std::path::Path) -> Output {
    run(&["store", command, file.to_str().unwrap()])
}

/// A store of many tasks.
fn filled(folder: &Folder) -> PathBuf {
    let path = folder.path().join("tasks.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let kept = Sqlite::open(&path, SqliteOptions::default()).unwrap();
    runtime.block_on(async {
        for number in 0..100_u8 {
            let id = TaskId::new(1_000, [number; 10]);
            let record = Record::new(id, Owner([7; 32]), "tool".to_owned(), 1_000);
            let new = NewTask::new(record, vec![number; 2_000], [0; 32]);
            kept.create(new).await.unwrap();
        }
    });
    drop(kept);
    path
}

#[test]
fn a_whole_store_is_checked_compacted_and_up_to_date() {
    let folder = Folder::new();
    let path = filled(&folder);
    let output = store("check", &path);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("100 tasks, version "), "{output:?}");
    assert!(output.stdout.ends_with("nothing is wrong\n"), "{output:?}");
    let output = store("migrate", &path);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.ends_with(" already\n"), "{output:?}");
    let output = store("compact", &path);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains(" before, "), "{output:?}");
    assert_eq!(store("check", &path).code, Some(0));
}

#[test]
fn a_broken_store_is_code_1_and_says_what_is_wrong() {
    let folder = Folder::new();
    let path = filled(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let output = store("check", &path);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stdout.contains("wrong: ") || output.stderr.contains("tasks.db"),
        "{output:?}"
    );
    // It was only looked at.
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_is_no_store_is_left_as_it_is() {
    let folder = Folder::new();
    let text = folder.write("notes.txt", "no database, however long one looks at it");
    let missing = folder.path().join("missing.db");
    for command in ["check", "compact", "migrate"] {
        let output = store(command, &text);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("notes.txt"), "{output:?}");
        let output = store(command, &missing);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("missing.db"), "{output:?}");
    }
    assert!(!missing.exists());
    assert!(
        std::fs::read_to_string(&text)
            .unwrap()
            .starts_with("no database")
    );
    assert_eq!(run(&["store", "check"]).code, Some(2));
}

#[test]
fn a_store_that_is_in_use_is_checked_and_not_changed() {
    let folder = Folder::new();
    let path = filled(&folder);
    let _open = Sqlite::open(&path, SqliteOptions::default()).unwrap();
    assert_eq!(store("check", &path).code, Some(0));
    for command in ["compact", "migrate"] {
        let output = store(command, &path);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(
            output.stderr.contains("a process has it open"),
            "{output:?}"
        );
    }
}

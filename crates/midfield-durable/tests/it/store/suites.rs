//! The guarantees of every store.

use std::future::{Ready, ready};
use std::ops::Deref;

use midfield_durable::store::{Memory, Sqlite, SqliteOptions, Store, Synchronous};
use tempfile::TempDir;

/// A store in a folder that goes with it.
struct Temporary {
    store: Sqlite,
    _folder: TempDir,
}

impl Deref for Temporary {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

fn temporary(options: SqliteOptions) -> Temporary {
    let folder = tempfile::tempdir().unwrap();
    Temporary {
        store: Sqlite::open(folder.path().join("tasks.db"), options).unwrap(),
        _folder: folder,
    }
}

mod memory {
    use super::{Memory, Ready, ready};

    fn fresh() -> Ready<Box<Memory>> {
        ready(Box::new(Memory::new()))
    }

    midfield_durable::store_suite!(fresh);
}

mod sqlite {
    use super::{Ready, SqliteOptions, Temporary, ready, temporary};

    fn fresh() -> Ready<Temporary> {
        ready(temporary(SqliteOptions::default()))
    }

    midfield_durable::store_suite!(fresh);
}

/// A queue of one, so that verbs wait outside of it.
mod sqlite_in_a_narrow_queue {
    use super::{Ready, SqliteOptions, Synchronous, Temporary, ready, temporary};

    fn fresh() -> Ready<Temporary> {
        let options = SqliteOptions::default();
        ready(temporary(options.queue(1).synchronous(Synchronous::Normal)))
    }

    midfield_durable::store_suite!(fresh);
}

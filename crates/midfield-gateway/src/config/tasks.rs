//! Tasks: calls whose answers come later. Where they are kept, and how many there may be.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use midfield::server::{EngineOptions, Synchronous};
use midfield::types::TaskSupport;

use super::Map;
use super::place::Placed;
use super::quantity;
use super::table::{Misfit, Table};

/// Where tasks are kept, and how they run.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// Where they are kept.
    pub(crate) store: TaskStore,
    /// How they run, but for single tools.
    pub(crate) options: EngineOptions,
    /// How many tasks of single tools run at once, by the tools' names. Default: no limit of their own.
    pub(crate) running_per_tool: Map<Placed<NonZeroUsize>>,
    /// How long clients are asked to wait before they look again. Default: 1 s.
    pub(crate) poll_interval: Duration,
    /// After how long clients that know no tasks get a handle. Default: they wait for the result.
    pub(crate) handles_after: Option<Duration>,
}

/// Where tasks are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskStore {
    /// In memory: they end with the process.
    Memory,
    /// In a database.
    File(PathBuf, Synchronous),
}

/// Reads the table of tasks. `has_keys`: the keys that seal them are kept in a file.
pub(super) fn read(mut table: Table<'_, '_>, has_keys: bool) -> Tasks {
    let folder = table.reader().folder();
    let store = table.parsed("store", |text| parse_store(&folder, text));
    if store.is_none() && !table.has_failed("store") {
        table.report(
            "needs `store = \"tasks.db\"`, the file to keep tasks in, or `store = \"memory\"`",
        );
    }
    if matches!(store, Some(TaskStore::File(..))) && !has_keys {
        table.report(
            "keeps tasks in a file, sealed by keys that end with the process: nobody could read them after a \
             restart; write `keys = \"midfield.keys\"` at the beginning of the configuration",
        );
    }
    let synchronous = table.placed("synchronous", parse_synchronous);
    let store = match (store, synchronous) {
        (Some(TaskStore::File(path, default)), synchronous) => {
            let synchronous = synchronous.map_or(default, |placed| placed.value);
            Some(TaskStore::File(path, synchronous))
        }
        (Some(TaskStore::Memory), Some(_)) => {
            table.report(
                "has `synchronous`, which is about a store in a file, and keeps tasks in memory",
            );
            Some(TaskStore::Memory)
        }
        (store, _) => store,
    };
    let tasks = Tasks {
        store: store.unwrap_or(TaskStore::Memory),
        options: read_options(&mut table),
        running_per_tool: table
            .table("max_running_per_tool")
            .map(read_numbers)
            .unwrap_or_default(),
        poll_interval: table
            .parsed("poll_interval", quantity::time)
            .unwrap_or(POLL_INTERVAL),
        handles_after: table.parsed("handles_after", quantity::time),
    };
    table.finish();
    tasks
}

fn read_options(table: &mut Table<'_, '_>) -> EngineOptions {
    let mut options = EngineOptions::default();
    set(&mut options.lease, table.parsed("lease", parse_lease));
    set(&mut options.concurrency, table.number("max_running"));
    set(
        &mut options.concurrency_per_owner,
        table.number("max_running_per_principal"),
    );
    set(
        &mut options.unfinished_per_owner,
        table.number("max_unfinished"),
    );
    set(
        &mut options.park_after,
        table.parsed("park_after", quantity::time),
    );
    set(
        &mut options.max_lifetime,
        table.parsed("max_lifetime", quantity::days),
    );
    let lifetime = table.parsed("lifetime", quantity::days);
    if lifetime.is_some_and(|lifetime| lifetime > options.max_lifetime) {
        table.report("has a `lifetime` that is longer than its `max_lifetime`");
    }
    options.lifetime = lifetime.unwrap_or_else(|| options.lifetime.min(options.max_lifetime));
    options
}

fn read_numbers(mut table: Table<'_, '_>) -> Map<Placed<NonZeroUsize>> {
    let names = table.keys_in_order();
    let numbers = names.into_iter().filter_map(|name| {
        let number = table.placed_number(&name)?;
        Some((name, number))
    });
    numbers.collect()
}

/// Whether calls run as tasks.
pub(super) fn parse_support(text: &str) -> Result<TaskSupport, Misfit> {
    match text {
        "forbidden" => Ok(TaskSupport::Forbidden),
        "optional" => Ok(TaskSupport::Optional),
        "required" => Ok(TaskSupport::Required),
        _ => Err(Misfit::new(
            "is one of \"forbidden\", \"optional\" and \"required\"",
        )),
    }
}

fn parse_store(folder: &Path, text: &str) -> Result<TaskStore, Misfit> {
    match text {
        "" => Err(Misfit::new(
            "takes the file to keep tasks in, such as \"tasks.db\", or \"memory\"",
        )),
        "memory" => Ok(TaskStore::Memory),
        path => Ok(TaskStore::File(folder.join(path), Synchronous::default())),
    }
}

fn parse_synchronous(text: &str) -> Result<Synchronous, Misfit> {
    match text {
        "full" => Ok(Synchronous::Full),
        "normal" => Ok(Synchronous::Normal),
        _ => Err(Misfit::new("is either \"full\" or \"normal\"")),
    }
}

/// A shorter lease would be lost whenever the machine is busy.
fn parse_lease(text: &str) -> Result<Duration, Misfit> {
    quantity::time(text)
        .ok()
        .filter(|lease| (SHORTEST_LEASE..=LONGEST_LEASE).contains(lease))
        .ok_or_else(|| Misfit::new("takes a time from \"1s\" to \"1h\", such as \"5s\""))
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

const POLL_INTERVAL: Duration = Duration::from_secs(1);
const SHORTEST_LEASE: Duration = Duration::from_secs(1);
const LONGEST_LEASE: Duration = Duration::from_hours(1);

//! Which tools run as tasks, and where those are kept.

use anyhow::Context as _;
use midfield::server::{SqliteOptions, Tasks};
use midfield::types::{Execution, TaskSupport};
use midfield_durable::store::Sqlite;

use crate::config::{self, Config, Finding, Source, TaskStore, nearest};
use crate::source::{Offer, Opened};

/// Says of each tool whether its calls run as tasks: as the configuration says, and otherwise where there is a store and the
/// operation has jobs, which take long.
pub(super) fn mark(opened: &mut Opened, source: &Source, has_store: bool) {
    for offer in &mut opened.offers {
        let operation = &offer.operation;
        let support = source.task_support(operation.operation_id.as_deref(), &operation.name);
        let of_jobs = (has_store && offer.follows_jobs()).then_some(TaskSupport::Optional);
        if let Some(support) = support.or(of_jobs) {
            offer.description.execution = Some(Execution::task(support));
        }
    }
}

/// Opens the store of tasks. What is in it stays as it is until the server begins to run tasks.
pub(super) fn open(tasks: &config::Tasks) -> anyhow::Result<Tasks> {
    let kept = match &tasks.store {
        TaskStore::Memory => Tasks::in_memory(),
        TaskStore::File(path, synchronous) => {
            let options = SqliteOptions::default().synchronous(*synchronous);
            let store = Sqlite::open(path, options).context("could not open the store of tasks")?;
            Tasks::in_store(std::sync::Arc::new(store))
        }
    };
    let mut options = tasks.options.clone();
    let per_tool = tasks.running_per_tool.iter();
    options.concurrency_per_lane = per_tool
        .map(|(tool, most)| (tool.clone(), most.value.get()))
        .collect();
    let kept = kept.options(options).poll_interval(tasks.poll_interval);
    Ok(match tasks.handles_after {
        Some(wait) => kept.handles_after(wait),
        None => kept,
    })
}

/// A finding for each name in `operation_tasks` that no tool of the source has.
pub(super) fn unknown_operations(opened: &Opened, source: &Source) -> Vec<Finding> {
    let is_called = |offer: &Offer, name: &str| {
        offer.operation.operation_id.as_deref() == Some(name) || offer.operation.name == name
    };
    let named = source.operation_tasks.iter();
    let unknown = named.filter(|(name, _)| !opened.offers.iter().any(|it| is_called(it, name)));
    let findings = unknown.map(|(name, support)| {
        let known = opened
            .offers
            .iter()
            .map(|offer| offer.operation.name.as_str());
        Finding {
            place: Some(support.place),
            told: format!(
                "`operation_tasks` names the operation `{name}`, of which there is no tool{}",
                hint(name, known)
            ),
        }
    });
    findings.collect()
}

/// A finding for each name in `max_running_per_tool` that no tool has. Where a source could not be opened, its tools are not
/// known, and nothing is said.
pub(super) fn unknown_tools(config: &Config, sources: &[Result<Opened, Finding>]) -> Vec<Finding> {
    let Some(tasks) = &config.tasks else {
        return Vec::new();
    };
    if sources.iter().any(Result::is_err) {
        return Vec::new();
    }
    let offers = || sources.iter().flatten().flat_map(|opened| &opened.offers);
    let named = tasks.running_per_tool.iter();
    let unknown = named.filter(|(name, _)| !offers().any(|offer| offer.name() == *name));
    let findings = unknown.map(|(name, most)| Finding {
        place: Some(most.place),
        told: format!(
            "`max_running_per_tool` names `{name}`, and there is no such tool{}",
            hint(name, offers().map(Offer::name))
        ),
    });
    findings.collect()
}

fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(name, known);
    nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

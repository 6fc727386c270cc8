//! A configuration of midfield as a server: midfield serves it over standard streams.
//!
//! It may start commands, send secrets, and write files, as whoever wrote it liked.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use midfield::client::config::{Entry, Process};

use super::{Around, Origin, Resolved};
use crate::cli::entry;
use crate::cli::exit::Ended;
use crate::config::{Config, Keeper, SchemeSecret, Source, TaskStore, UserName};

/// A configuration that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Served {
    pub(in crate::cli) path: PathBuf,
    pub(super) text: String,
    /// What it does on this machine, for people.
    pub(super) does: Vec<(&'static str, String)>,
    /// It is not the user's own, and does more than to call a service.
    pub(super) needs_consent: bool,
}

/// The server that a configuration stands for.
pub(super) fn of_configuration(
    path: &Path,
    name: Option<&str>,
    around: &Around,
) -> anyhow::Result<Resolved> {
    if name.is_some() {
        let told = format!(
            "{} has no `mcp_servers`: as a configuration of midfield it is one server, without names",
            entry::path(path)
        );
        return Err(Ended::usage(told).into());
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Ended::usage(format!("could not read {}: {error}", entry::path(path))))?;
    let config = Config::parse(path, &text).map_err(|told| Ended::usage(told.to_string()))?;
    let program = std::env::current_exe().context("could not find midfield's own program")?;
    let arguments = [
        "serve".to_owned(),
        path.display().to_string(),
        "--stdio".to_owned(),
    ];
    let server = Entry::Command(Process::new(program.display().to_string(), arguments));
    let mut does: Vec<(&'static str, String)> = Vec::new();
    for source in &config.sources {
        does.extend(of_source(source));
    }
    does.extend(of_itself(&config));
    let does_more = does.iter().any(|(what, _)| *what != CALLS);
    let served = Served {
        path: path.to_owned(),
        text,
        does,
        needs_consent: does_more && !is_own(path, around),
    };
    Ok(Resolved {
        name: config.name,
        shown: server.clone(),
        entry: server,
        origin: Origin::Configuration(served),
        variables: Vec::new(),
    })
}

/// Whether a configuration is in the user's own folder for them.
fn is_own(path: &Path, around: &Around) -> bool {
    let own = around
        .places
        .as_ref()
        .map(|places| places.config.join("midfield"));
    own.is_some_and(|own| path.parent() == Some(&own))
}

fn of_source(source: &Source) -> Vec<(&'static str, String)> {
    let mut does = Vec::new();
    if let Some(start) = &source.start {
        let command = Process::new(&start.program, &start.arguments);
        let told = format!(
            "{} in {}",
            entry::command_line(&command),
            entry::path(&source.folder)
        );
        does.push(("starts", told));
    }
    if let Some(url) = &source.base_url {
        does.push((CALLS, entry::visible(url.as_str())));
    }
    for secret in source.secrets.values() {
        let keepers: Vec<&Keeper> = match &secret.value {
            SchemeSecret::Token(token) => vec![token],
            SchemeSecret::Basic { username, password } => match username {
                UserName::Kept(username) => vec![username, password],
                UserName::Plain(_) => vec![password],
            },
        };
        let told = keepers.into_iter().map(|keeper| match keeper {
            Keeper::Env(name) => format!("the variable `{}`", entry::visible(name)),
            Keeper::File(path) => entry::path(path),
        });
        does.extend(told.map(|told| ("sends", told)));
    }
    does
}

/// What it does beside its sources.
fn of_itself(config: &Config) -> Vec<(&'static str, String)> {
    let store = config.tasks.as_ref().and_then(|tasks| match &tasks.store {
        TaskStore::File(path, _) => Some(path),
        TaskStore::Memory => None,
    });
    let files = [store, config.keys.as_ref(), config.audit.as_ref()];
    let mut does: Vec<(&'static str, String)> = files
        .into_iter()
        .flatten()
        .map(|file| ("writes", entry::path(file)))
        .collect();
    does.extend(config.metrics.map(|address| ("opens", address.to_string())));
    does
}

/// What a URL of a file does as well, without anybody's consent.
const CALLS: &str = "calls";

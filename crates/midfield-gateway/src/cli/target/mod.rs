//! SERVER: which server a command is about.
//!
//! A URL, a command after `--`, a file with servers, or a name that is looked for where hosts keep theirs. Nothing is started here.

mod approval;
mod configuration;
mod lookup;
mod wish;

pub(super) use approval::Consent;
pub(super) use lookup::{places, read as read_place};

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::Args;
use midfield::client::config::{
    Configured, Dialect, Endpoint, Entries, Entry, Places, Process, System,
};

use super::entry;
use super::exit::{Ended, Exit};
use super::text::line;
use crate::config::http_url;
use configuration::Served;

/// Which server a command is about.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The server: a URL, a file with servers (`FILE`, or `FILE#NAME` where it has several), a configuration of midfield, or the
    /// name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    #[command(flatten)]
    how: How,

    /// The command that starts the server.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["server", "name", "config"])]
    command: Vec<String>,
}

/// How SERVER is understood.
#[derive(Debug, Args)]
pub(super) struct How {
    /// The name of the server, where SERVER is a file with several.
    #[arg(id = "name", long = "server", value_name = "NAME")]
    name: Option<String>,

    /// A file with servers in which a name is looked for before anywhere else.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Agree to what a file wants, without asking: to start its command, or to send its URL what is yours. It is remembered as
    /// approved.
    #[arg(long)]
    yes: bool,
}

/// The surroundings of a command: everything that the meaning of a name depends on.
pub(super) struct Around {
    /// The current folder.
    pub(super) folder: PathBuf,
    /// Where the user's files are; `None` when the user has no folder.
    pub(super) places: Option<Places>,
}

impl Around {
    /// The surroundings of this process.
    pub(super) fn of_process() -> anyhow::Result<Self> {
        Ok(Self {
            folder: std::env::current_dir()
                .map_err(|error| anyhow::anyhow!("could not find the current folder: {error}"))?,
            places: Places::new(System::current(), &|name| std::env::var_os(name)),
        })
    }
}

/// The value of an environment variable.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A server that was found.
#[derive(Debug)]
pub(super) struct Resolved {
    /// What to call it.
    pub(super) name: String,
    /// How it is reached.
    pub(super) entry: Entry,
    /// The same to be shown: a URL has the names of its variables.
    pub(super) shown: Entry,
    /// Who says so.
    pub(super) origin: Origin,
    /// The environment variables that its file takes.
    variables: Vec<String>,
}

/// Who says how a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The command line.
    CommandLine,
    /// A file of the user's own, in which nobody else writes.
    Own(PathBuf),
    /// A file that may be from somebody else, such as one in a folder that was checked out.
    Foreign(PathBuf),
    /// A configuration of midfield.
    Configuration(Served),
}

impl Resolved {
    /// A server that the command line says all of.
    fn of_command_line(name: String, entry: Entry) -> Self {
        Self {
            name,
            shown: entry.clone(),
            entry,
            origin: Origin::CommandLine,
            variables: Vec::new(),
        }
    }
}

impl Target {
    /// Finds the server.
    pub(super) fn resolve(&self, around: &Around) -> anyhow::Result<Resolved> {
        self.how
            .resolve(self.server.as_deref(), &self.command, around)
    }

    /// Whether a server is named at all.
    pub(super) fn is_given(&self) -> bool {
        self.server.is_some() || !self.command.is_empty()
    }

    /// Whether commands of files are started without asking.
    pub(super) fn is_agreed(&self) -> bool {
        self.how.is_agreed()
    }
}

impl How {
    /// Finds the server that `command` starts, or else the one that `server` stands for.
    pub(super) fn resolve(
        &self,
        server: Option<&str>,
        command: &[String],
        around: &Around,
    ) -> anyhow::Result<Resolved> {
        if let [program, arguments @ ..] = command {
            let entry = Entry::Command(Process::new(program, arguments));
            return Ok(Resolved::of_command_line(short_name(program), entry));
        }
        let Some(server) = server else {
            let told = "say which server: a URL, a file, a name, or a command after `--`";
            return Err(Ended::usage(told).into());
        };
        if server.starts_with("http://") || server.starts_with("https://") {
            return of_url(server);
        }
        match file_of(server) {
            Some((path, name)) => self.of_file(&around.folder.join(path), name, around),
            None if server.contains("://") => {
                Err(Ended::usage("SERVER takes URLs of http and https alone").into())
            }
            None => lookup::find(server, self.config.as_deref(), around),
        }
    }

    /// Whether commands of files are started without asking.
    pub(super) fn is_agreed(&self) -> bool {
        self.yes
    }

    /// The server of a file.
    fn of_file(
        &self,
        path: &Path,
        name: Option<&str>,
        around: &Around,
    ) -> anyhow::Result<Resolved> {
        let name = match (name, self.name.as_deref()) {
            (Some(one), Some(other)) if one != other => {
                let told = "SERVER names a server after `#`, and `--server` another one";
                return Err(Ended::usage(told).into());
            }
            (one, other) => one.or(other),
        };
        let entries = read(path, Dialect::of_path(path))?;
        if entries.servers.is_empty() && path.extension().is_some_and(|it| it == "toml") {
            return configuration::of_configuration(path, name, around);
        }
        let entries = entries.within(&around.folder);
        let server = match (name, entries.servers.as_slice()) {
            (Some(name), _) => entries.find(name),
            (None, [only]) => Ok(only),
            (None, []) => {
                let told = format!(
                    "{} names no server: one stands in it under `mcpServers` or `servers`",
                    entry::path(path)
                );
                return Err(Ended::new(Exit::NotFound, told).into());
            }
            (None, _) => {
                let names: Vec<String> = entries
                    .names()
                    .iter()
                    .map(|name| format!("`{}`", line(name)))
                    .collect();
                let told = format!(
                    "{} has several servers: say which one by `#NAME` or `--server NAME`, of {}",
                    entry::path(path),
                    names.join(", ")
                );
                return Err(Ended::usage(told).into());
            }
        };
        let server = server.map_err(|error| {
            Ended::new(
                Exit::NotFound,
                format!("{}: {}", entry::path(path), line(&error.to_string())),
            )
        })?;
        of_server(server, path, around)
    }
}

fn of_url(url: &str) -> anyhow::Result<Resolved> {
    // What is wrong is told without the URL, which may hold a password.
    let parsed = http_url(url).map_err(|told| Ended::usage(format!("SERVER {told}")))?;
    let name = parsed.host_str().unwrap_or_default().to_owned();
    let entry = Entry::Url(Endpoint::new(parsed));
    Ok(Resolved::of_command_line(name, entry))
}

/// A server of a file, with its variables filled in and its folder found.
fn of_server(server: &Configured, path: &Path, around: &Around) -> anyhow::Result<Resolved> {
    if server.is_disabled {
        super::note(&format!(
            "`{}` is turned off in {}",
            line(&server.name),
            entry::path(path)
        ));
    }
    let taken = RefCell::new(Vec::new());
    let lookup = |name: &str| {
        let value = variable(name)?;
        let mut taken = taken.borrow_mut();
        if !taken.iter().any(|known| known == name) {
            taken.push(name.to_owned());
        }
        Some(value)
    };
    let mut entry = server.resolve(&lookup).map_err(|error| {
        Ended::usage(format!(
            "{}: {}",
            entry::path(path),
            line(&error.to_string())
        ))
    })?;
    if let Entry::Command(command) = &mut entry {
        // A file says it as seen from its project.
        let base = around
            .folder
            .join(server.base().unwrap_or_else(|| Path::new("")));
        command.folder = command.folder.take().map(|folder| base.join(folder));
    }
    let origin = if lookup::is_own(path, around) {
        Origin::Own(path.to_owned())
    } else {
        Origin::Foreign(path.to_owned())
    };
    let shown = match (&entry, server.written()) {
        (Entry::Url(_), Ok(written)) => written,
        _ => entry.clone(),
    };
    Ok(Resolved {
        name: server.name.clone(),
        entry,
        shown,
        origin,
        variables: taken.into_inner(),
    })
}

fn read(path: &Path, dialect: Dialect) -> anyhow::Result<Entries> {
    Entries::read_as(path, dialect).map_err(|error| {
        let exit = match &error {
            midfield::client::config::ConfigError::Read { source, .. }
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Exit::NotFound
            }
            _ => Exit::Usage,
        };
        Ended::new(exit, format!("{:#}", anyhow::Error::from(error))).into()
    })
}

/// The path, and the name after `#`, where SERVER is a file: it has a part of a path, or ends like a file of servers.
fn file_of(server: &str) -> Option<(&str, Option<&str>)> {
    let (path, name) = match server.rsplit_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (server, None),
    };
    let ending = Path::new(path)
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    let is_file = ["json", "jsonc", "toml"].contains(&ending)
        || (path.contains(['/', '\\']) && !path.contains("://"));
    is_file.then_some((path, name))
}

fn short_name(program: &str) -> String {
    let name = Path::new(program)
        .file_stem()
        .and_then(|name| name.to_str());
    name.unwrap_or(program).to_owned()
}

//! `midfield discover`: the servers that the known hosts have configured, and what is unusual about them.
//!
//! Starts nothing, fetches nothing, and shows no value of a variable or a header.

use std::fmt::Write as _;

use clap::Args;
use midfield::client::config::{Configured, Entry, Reason};
use serde::Serialize;

use super::entry::{self, Shown};
use super::exit::Exit;
use super::target::{Around, Origin, Target, places, read_place, variable};
use super::text::{json, line};
use super::{Verdict, print};

/// The arguments of `midfield discover`.
#[derive(Debug, Args)]
#[command(after_help = Exit::help())]
pub(super) struct Discover {
    #[command(flatten)]
    target: Target,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// A server that a file has.
#[derive(Debug, Serialize)]
struct Found<'a> {
    host: &'a str,
    file: String,
    /// The folder that it is for, where the file has servers for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    name: &'a str,
    disabled: bool,
    #[serde(flatten)]
    shown: Shown<'a>,
    /// Why it cannot be used from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    unusual: Vec<String>,
    notes: Vec<String>,
    #[serde(skip)]
    entry: Option<&'a Entry>,
}

impl Discover {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let around = Around::of_process()?;
        if self.target.is_given() {
            self.one(&around)
        } else {
            self.all(&around)
        }
    }

    /// What one SERVER stands for.
    fn one(&self, around: &Around) -> anyhow::Result<Verdict> {
        let resolved = self.target.resolve(around)?;
        let unusual = entry::unusual(&resolved.shown);
        let (host, file) = match &resolved.origin {
            Origin::CommandLine => ("command line", None),
            Origin::Own(path) => ("own", Some(path)),
            Origin::Foreign(path) => ("folder", Some(path)),
            Origin::Configuration(served) => ("configuration", Some(&served.path)),
        };
        let file = file
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let found = Found {
            host,
            file,
            project: None,
            name: &resolved.name,
            disabled: false,
            shown: Shown::new(&resolved.shown),
            problem: None,
            unusual,
            notes: Vec::new(),
            entry: Some(&resolved.shown),
        };
        let text = if self.json {
            to_json(&found)?
        } else {
            found.text()
        };
        print(&text)?;
        Ok(Verdict::Fine)
    }

    fn all(&self, around: &Around) -> anyhow::Result<Verdict> {
        let mut verdict = Verdict::Fine;
        let mut text = String::new();
        let mut listed: Vec<serde_json::Value> = Vec::new();
        for place in places(around) {
            let entries = match read_place(&place) {
                Ok(entries) => entries.unwrap_or_default(),
                Err(error) => {
                    super::note(&format!("{}: {:#}", place.host, anyhow::Error::from(error)));
                    verdict = Verdict::Wrong;
                    continue;
                }
            };
            let file = place.path.display().to_string();
            if !entries.servers.is_empty() && !self.json {
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{}  {}", place.host, line(&file));
            }
            for server in &entries.servers {
                let written = server.written();
                let found = Found::new(place.host, &file, server, written.as_ref());
                if self.json {
                    listed.push(serde_json::to_value(&found)?);
                } else {
                    text.push_str(&found.text());
                }
            }
        }
        if self.json {
            text = json(&serde_json::Value::Array(listed), true);
        } else if text.is_empty() {
            super::note("no known host has configured a server");
        }
        print(&text)?;
        Ok(verdict)
    }
}

impl<'a> Found<'a> {
    fn new(
        host: &'a str,
        file: &str,
        server: &'a Configured,
        written: Result<&'a Entry, &Reason>,
    ) -> Self {
        let mut unusual = written.map(entry::unusual).unwrap_or_default();
        let mut problem = None;
        for reason in server
            .resolve(&variable)
            .err()
            .into_iter()
            .flat_map(|error| error.reasons)
        {
            match reason {
                Reason::Unusable(told) => problem = Some(told),
                missing => unusual.push(missing.to_string()),
            }
        }
        Self {
            host,
            file: file.to_owned(),
            project: server
                .project
                .as_ref()
                .map(|folder| folder.display().to_string()),
            name: &server.name,
            disabled: server.is_disabled,
            shown: written.map(Shown::new).unwrap_or_default(),
            problem,
            unusual,
            notes: server.notes.clone(),
            entry: written.ok(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("  {}", line(self.name));
        if let Some(project) = &self.project {
            let _ = write!(text, " (for {})", line(project));
        }
        if self.disabled {
            text.push_str(" (turned off)");
        }
        text.push('\n');
        if let Some(entry) = self.entry {
            text.push_str(&entry::lines(entry, &self.unusual, "    "));
        }
        let problem = self.problem.iter().map(|told| ("problem", told));
        let notes = self.notes.iter().map(|told| ("note", told));
        for (name, told) in problem.chain(notes) {
            let _ = writeln!(text, "    {name:<8} {}", line(told));
        }
        text
    }
}

fn to_json(found: &Found<'_>) -> anyhow::Result<String> {
    Ok(json(&serde_json::to_value(found)?, true))
}

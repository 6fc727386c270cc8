//! `midfield doctor`: step by step, why a server does not serve this client.

mod address;
mod program;
mod protocol;

use std::fmt::Write as _;

use clap::Args;
use midfield::client::config::Entry;
use serde::Serialize;

use crate::cli::connect::{Via, limit};
use crate::cli::exit::{Ended, Exit};
use crate::cli::stop::stopped;
use crate::cli::text::{json, line};
use crate::cli::{Verdict, block_on, entry, logging, print};

/// The arguments of `midfield doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield doctor [OPTIONS] SERVER\n       midfield doctor [OPTIONS] -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Doctor {
    /// The server: a URL, a file with servers, a configuration of midfield, or the name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    /// Print an object on a line for each step, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    via: Via,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    Good,
    /// Not as it could be; it goes on.
    Fair,
    Bad,
}

/// A step, as it is printed.
#[derive(Debug, Serialize)]
struct Step<'a> {
    #[serde(rename = "step")]
    name: &'a str,
    mark: Mark,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Prints each step as it is over.
struct Record {
    is_json: bool,
}

/// A step failed, and has been printed: there is nothing to go on with.
struct Failed;

type Went<T = ()> = anyhow::Result<Result<T, Failed>>;

impl Record {
    fn put(&self, step: &str, mark: Mark, seen: &str, advice: Option<&str>) -> anyhow::Result<()> {
        let step = Step {
            name: step,
            mark,
            seen: line(seen),
            advice: advice.map(line),
        };
        if self.is_json {
            return print(&json(&serde_json::to_value(&step)?, false));
        }
        let word = match mark {
            Mark::Good => "ok  ",
            Mark::Fair => "note",
            Mark::Bad => "FAIL",
        };
        let mut text = format!("{word}  {:<10} {}\n", step.name, step.seen);
        if let Some(advice) = &step.advice {
            let _ = writeln!(text, "                 -> {advice}");
        }
        print(&text)
    }

    fn good(&self, step: &str, seen: &str) -> anyhow::Result<()> {
        self.put(step, Mark::Good, seen, None)
    }

    fn fair(&self, step: &str, seen: &str, advice: &str) -> anyhow::Result<()> {
        self.put(step, Mark::Fair, seen, Some(advice))
    }

    fn bad<T>(&self, step: &str, seen: &str, advice: &str) -> Went<T> {
        self.put(step, Mark::Bad, seen, Some(advice))?;
        Ok(Err(Failed))
    }
}

impl Doctor {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let server = self.via.only(self.server.as_ref())?;
        logging::start_for_client(self.via.connection().verbose);
        let record = Record { is_json: self.json };
        let resolved = match self.via.resolve(server) {
            Ok(resolved) => resolved,
            Err(error) => {
                let advice = "`midfield discover` lists the servers that are known";
                let _: Result<(), Failed> = record.bad("resolve", &format!("{error:#}"), advice)?;
                return Ok(Verdict::Wrong);
            }
        };
        let seen = match &resolved.entry {
            Entry::Url(endpoint) => format!("`{}` is at {}", resolved.name, shown(&endpoint.url)),
            Entry::Command(command) => format!(
                "`{}` is started by {}",
                resolved.name,
                entry::command_line(command)
            ),
            _ => resolved.name.clone(),
        };
        record.good("resolve", &seen)?;
        let went = block_on(async {
            let within = async {
                let reached = match &resolved.entry {
                    Entry::Url(endpoint) => address::check(&record, endpoint).await?,
                    Entry::Command(command) => program::check(&record, command)?,
                    _ => Ok(()),
                };
                if let Err(failed) = reached {
                    return Ok(Err(failed));
                }
                protocol::check(&record, &resolved, self.via.connection()).await
            };
            tokio::select! {
                went = within => went,
                ended = limit(self.via.connection().timeout) => Err(ended.into()),
                stop = stopped() => Err(Ended::stopped(stop).into()),
            }
        })?;
        Ok(match went {
            Ok(()) => Verdict::Fine,
            Err(Failed) => Verdict::Wrong,
        })
    }
}

/// A URL without what may be secret.
fn shown(url: &str) -> String {
    url::Url::parse(url).map_or_else(
        |_| "what is no URL".to_owned(),
        |url| {
            url[url::Position::BeforeScheme..url::Position::AfterScheme].to_owned()
                + "://"
                + &url[url::Position::BeforeHost..url::Position::AfterPath]
        },
    )
}

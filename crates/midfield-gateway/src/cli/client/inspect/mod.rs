//! `midfield inspect`: what a server says of itself, how much it offers, and what is unusual about it.

mod unusual;
mod words;

use std::fmt::Write as _;

use clap::Args;
use midfield::client::ServerInfo;
use midfield::types::{Implementation, ServerCapabilities};
use midfield_protocol::Era;
use serde::Serialize;

use super::list::Lists;
use crate::cli::connect::{Session, Via};
use crate::cli::exit::Exit;
use crate::cli::text::line;
use crate::cli::{Verdict, count};
use crate::source::clean;

/// The arguments of `midfield inspect`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield inspect [OPTIONS] SERVER\n       midfield inspect [OPTIONS] -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Inspect {
    /// The server: a URL, a file with servers, a configuration of midfield, or the name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    #[command(flatten)]
    what: What,

    #[command(flatten)]
    via: Via,
}

/// How it is printed.
#[derive(Debug, Args)]
pub(in crate::cli) struct What {
    /// Print an object, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What there is to say of a server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// What it says it is.
    server: Option<Implementation>,
    revision: String,
    era: &'static str,
    /// All that it says it speaks.
    revisions: Vec<String>,
    capabilities: Option<ServerCapabilities>,
    instructions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    templates: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<usize>,
    unusual: Vec<String>,
}

impl Inspect {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let server = self.via.only(self.server.as_ref())?;
        self.via
            .run(server, "nothing was changed", async |session| {
                self.what.run(session).await
            })
    }
}

impl What {
    pub(in crate::cli) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        let report = Report::of(session).await?;
        if self.json {
            session.print_json(&report)?;
        } else {
            session.print(&report.text())?;
        }
        Ok(Verdict::Fine)
    }
}

impl Report {
    async fn of(session: &Session) -> anyhow::Result<Self> {
        let client = &session.client;
        let lists = Lists::all(client).await?;
        let unusual = unusual::all(client, &lists).await;
        let ServerInfo {
            implementation,
            capabilities,
            instructions,
            revisions,
            ..
        } = client.server();
        let revision = client.revision();
        Ok(Self {
            server: implementation,
            revision: revision.to_string(),
            era: match revision.era() {
                Era::Modern => "modern",
                Era::Legacy => "legacy",
            },
            revisions,
            capabilities,
            instructions,
            tools: lists.tools.as_ref().map(|list| list.len()),
            resources: lists.resources.as_ref().map(|list| list.len()),
            templates: lists.templates.as_ref().map(|list| list.len()),
            prompts: lists.prompts.as_ref().map(|list| list.len()),
            unusual,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{name:<13} {value}");
            }
        };
        if let Some(server) = &self.server {
            let title = server.title.as_deref().map(line).unwrap_or_default();
            let title = if title.is_empty() {
                title
            } else {
                format!(" ({title})")
            };
            row(
                "says it is",
                &format!("{} {}{title}", line(&server.name), line(&server.version)),
            );
            row(
                "description",
                &line(server.description.as_deref().unwrap_or_default()),
            );
            row(
                "website",
                &line(server.website_url.as_deref().unwrap_or_default()),
            );
        }
        row("speaks", &format!("{} ({})", self.revision, self.era));
        let others = self
            .revisions
            .iter()
            .filter(|other| **other != self.revision);
        row(
            "speaks also",
            &others.map(|it| line(it)).collect::<Vec<_>>().join(", "),
        );
        row("capabilities", &self.capabilities());
        let extensions = self.capabilities.iter().flat_map(|it| it.extensions.keys());
        row(
            "extensions",
            &extensions.map(|it| line(it)).collect::<Vec<_>>().join(", "),
        );
        row("offers", &self.counts());
        if let Some(instructions) = &self.instructions {
            let said = clean(instructions);
            let _ = writeln!(text, "\ninstructions, for the model");
            for said in said.lines() {
                let _ = writeln!(text, "  | {said}");
            }
        }
        if !self.unusual.is_empty() {
            let _ = writeln!(text, "\nunusual");
            for told in &self.unusual {
                let _ = writeln!(text, "  {}", line(told));
            }
        }
        text
    }

    /// The names of the capabilities, with their settings.
    fn capabilities(&self) -> String {
        let said = self
            .capabilities
            .as_ref()
            .and_then(|it| serde_json::to_value(it).ok());
        let said = said.as_ref().and_then(serde_json::Value::as_object);
        let names = said
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "extensions");
        let names = names.map(|(name, settings)| {
            let on = settings.as_object().into_iter().flatten();
            let on = on.filter(|(_, value)| **value != serde_json::Value::Bool(false));
            let on: Vec<String> = on.map(|(name, _)| line(name)).collect();
            if on.is_empty() {
                line(name)
            } else {
                format!("{} ({})", line(name), on.join(", "))
            }
        });
        names.collect::<Vec<_>>().join(", ")
    }

    fn counts(&self) -> String {
        let counts = [
            (self.tools, "tool"),
            (self.resources, "resource"),
            (self.templates, "template"),
            (self.prompts, "prompt"),
        ];
        let counts = counts
            .into_iter()
            .filter_map(|(number, thing)| Some(count(number?, thing)));
        counts.collect::<Vec<_>>().join(", ")
    }
}

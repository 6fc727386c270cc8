//! `midfield list`: what a server offers.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use midfield::client::{self, Client};
use midfield::types::{Prompt, Resource, ResourceTemplate, Tool};
use serde::{Serialize, Serializer};

use crate::cli::connect::{Session, Via};
use crate::cli::exit::Exit;
use crate::cli::text::line;
use crate::cli::{Verdict, signature};

/// The arguments of `midfield list`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield list [OPTIONS] SERVER\n       midfield list [OPTIONS] -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct List {
    /// The server: a URL, a file with servers, a configuration of midfield, or the name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    #[command(flatten)]
    what: What,

    #[command(flatten)]
    via: Via,
}

/// What is listed; without any choice, all.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(in crate::cli) struct What {
    /// The tools.
    #[arg(long)]
    tools: bool,

    /// The resources.
    #[arg(long)]
    resources: bool,

    /// The templates of resources.
    #[arg(long)]
    templates: bool,

    /// The prompts.
    #[arg(long)]
    prompts: bool,

    /// Print an object with everything that clients learn, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What a server offers; `None` where it was not asked, or has no such list.
#[derive(Debug, Default, Serialize)]
pub(super) struct Lists {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole")]
    pub(super) tools: Option<Arc<Vec<Tool>>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole")]
    pub(super) resources: Option<Arc<Vec<Resource>>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole")]
    pub(super) templates: Option<Arc<Vec<ResourceTemplate>>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole")]
    pub(super) prompts: Option<Arc<Vec<Prompt>>>,
}

#[expect(clippy::ref_option, reason = "serde hands over the field")]
fn whole<T: Serialize, S: Serializer>(
    list: &Option<Arc<Vec<T>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    list.as_deref().serialize(serializer)
}

impl List {
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
        let lists = self.lists(&session.client).await?;
        if self.json {
            session.print_json(&lists)?;
        } else {
            session.print(&lists.text())?;
        }
        Ok(Verdict::Fine)
    }

    async fn lists(&self, client: &Client) -> Result<Lists, client::Error> {
        if !(self.tools || self.resources || self.templates || self.prompts) {
            return Lists::all(client).await;
        }
        let mut lists = Lists::default();
        if self.tools {
            lists.tools = Some(client.tools().await?);
        }
        if self.resources {
            lists.resources = Some(client.resources().await?);
        }
        if self.templates {
            lists.templates = Some(client.resource_templates().await?);
        }
        if self.prompts {
            lists.prompts = Some(client.prompts().await?);
        }
        Ok(lists)
    }
}

impl Lists {
    /// All lists that the server has.
    pub(super) async fn all(client: &Client) -> Result<Self, client::Error> {
        Ok(Self {
            tools: offered(client.tools().await)?,
            resources: offered(client.resources().await)?,
            templates: offered(client.resource_templates().await)?,
            prompts: offered(client.prompts().await)?,
        })
    }

    fn text(&self) -> String {
        let mut sections = Vec::new();
        if let Some(tools) = &self.tools {
            let items = tools
                .iter()
                .map(|tool| (signature::signature(tool), tool.description.as_deref()));
            sections.push(("tools", items.collect::<Vec<_>>()));
        }
        if let Some(resources) = &self.resources {
            let items = resources.iter().map(|resource| {
                let said = resource.description.as_deref();
                (signature::resource(resource), said)
            });
            sections.push(("resources", items.collect()));
        }
        if let Some(templates) = &self.templates {
            let items = templates.iter().map(|template| {
                let said = template.description.as_deref();
                (signature::template(template), said)
            });
            sections.push(("templates", items.collect()));
        }
        if let Some(prompts) = &self.prompts {
            let items = prompts
                .iter()
                .map(|prompt| (signature::prompt(prompt), prompt.description.as_deref()));
            sections.push(("prompts", items.collect()));
        }
        let is_one = sections.len() == 1;
        let mut text = String::new();
        for (name, items) in sections
            .iter()
            .filter(|(_, items)| is_one || !items.is_empty())
        {
            let indent = if is_one { "" } else { "  " };
            if !is_one {
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{name}");
            }
            for (signature, description) in items {
                let _ = writeln!(text, "{indent}{signature}");
                // The first line that says something.
                let mut said = description.iter().flat_map(|said| said.lines()).map(line);
                if let Some(said) = said.find(|said| !said.is_empty()) {
                    let _ = writeln!(text, "{indent}    {said}");
                }
            }
        }
        text
    }
}

/// A list, unless the server has no such one: it need not have said so before.
fn offered<T>(listed: Result<T, client::Error>) -> Result<Option<T>, client::Error> {
    match listed {
        Ok(list) => Ok(Some(list)),
        Err(client::Error::NotOffered { .. }) => Ok(None),
        Err(client::Error::Refused(error)) if error.code == METHOD_NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a server answers to a request that it does not know.
const METHOD_NOT_FOUND: i32 = -32601;

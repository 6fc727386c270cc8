//! `midfield complete`: what an argument of a prompt or of a template could be.

use clap::Args;
use midfield::client::{self, Reference};

use super::unknown;
use crate::cli::Verdict;
use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;

/// The arguments of `midfield complete`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield complete [OPTIONS] SERVER prompt NAME ARGUMENT [BEGINNING [NAME=VALUE]...]\n       \
                      midfield complete [OPTIONS] SERVER resource TEMPLATE ARGUMENT [BEGINNING [NAME=VALUE]...]\n       \
                      midfield complete [OPTIONS] prompt|resource ... -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Complete {
    /// The server; `prompt` and a name, or `resource` and a template; the argument, and how its value begins; arguments that are
    /// chosen already. SERVER is left out where a command follows after `--`.
    #[arg(
        value_name = "SERVER prompt|resource NAME ARGUMENT BEGINNING",
        required = true
    )]
    words: Vec<String>,

    #[command(flatten)]
    how: Manner,

    #[command(flatten)]
    via: Via,
}

/// What is completed, where the server is known.
#[derive(Debug, Args)]
pub(in crate::cli) struct What {
    /// `prompt` and a name, or `resource` and a template; the argument, and how its value begins; arguments that are chosen already.
    #[arg(
        value_name = "prompt|resource NAME ARGUMENT BEGINNING",
        required = true
    )]
    words: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) how: Manner,
}

/// How it is printed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Manner {
    /// Print the whole answer as JSON, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Complete {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let (server, words) = self.via.split(&self.words)?;
        self.via
            .run(server, "nothing was changed", async |session| {
                self.how.run(session, words).await
            })
    }
}

impl What {
    pub(in crate::cli) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        self.how.run(session, &self.words).await
    }
}

impl Manner {
    async fn run(&self, session: &Session, words: &[String]) -> anyhow::Result<Verdict> {
        let [kind, name, argument, rest @ ..] = words else {
            let told =
                "say `prompt NAME ARGUMENT BEGINNING` or `resource TEMPLATE ARGUMENT BEGINNING`";
            return Err(Ended::usage(told).into());
        };
        let reference = match kind.as_str() {
            "prompt" => Reference::Prompt {
                name: name.clone().into(),
            },
            "resource" => Reference::Resource {
                uri: name.clone().into(),
            },
            other => {
                let told = format!(
                    "`{}` cannot be completed: say `prompt` or `resource`",
                    line(other)
                );
                return Err(Ended::usage(told).into());
            }
        };
        let (beginning, chosen) = match rest {
            [] => ("", rest),
            [beginning, chosen @ ..] => (beginning.as_str(), chosen),
        };
        let chosen = chosen.iter().map(|word| {
            word.split_once('=')
                .ok_or_else(|| Ended::usage(format!("`{}` is no `NAME=VALUE`", line(word))))
        });
        let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
        let completion = session
            .client
            .complete_with(reference, argument, beginning, chosen)
            .await;
        let completion = match completion {
            Err(error @ client::Error::Refused(_)) => {
                return Err(no_such(session, kind, name)
                    .await
                    .unwrap_or_else(|| error.into()));
            }
            completion => completion?,
        };
        if self.json {
            session.print_json(&completion)?;
            return Ok(Verdict::Fine);
        }
        let values: Vec<String> = completion
            .values
            .iter()
            .map(|value| line(value) + "\n")
            .collect();
        session.print(&values.concat())?;
        if completion.has_more == Some(true) {
            crate::cli::note("there are more");
        }
        Ok(Verdict::Fine)
    }
}

/// That there is nothing of this name, where the server has a list in which it is not.
async fn no_such(session: &Session, kind: &str, name: &str) -> Option<anyhow::Error> {
    let (what, known): (_, Vec<String>) = if kind == "prompt" {
        let prompts = session.client.prompts().await.ok()?;
        let names = prompts.iter().map(|prompt| prompt.name.clone());
        ("prompt", names.collect())
    } else {
        let templates = session.client.resource_templates().await.ok()?;
        let names = templates
            .iter()
            .map(|template| template.uri_template.clone());
        ("template", names.collect())
    };
    let is_known = known.iter().any(|known| known == name);
    (!is_known).then(|| unknown(what, name, known.iter().map(String::as_str)).into())
}

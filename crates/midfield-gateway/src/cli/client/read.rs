//! `midfield read`: reads a resource.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use midfield::client;
use midfield::types::ResourceContents;

use super::unknown;
use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;
use crate::cli::{Verdict, content, note};

/// The arguments of `midfield read`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield read [OPTIONS] SERVER URI\n       midfield read [OPTIONS] URI -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Read {
    /// The server, and the URI of the resource. SERVER is left out where a command follows after `--`.
    #[arg(value_name = "SERVER URI", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    how: Manner,

    #[command(flatten)]
    via: Via,
}

/// What is read, where the server is known.
#[derive(Debug, Args)]
pub(in crate::cli) struct What {
    /// The URI of the resource.
    #[arg(value_name = "URI", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) how: Manner,
}

/// Where it goes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Manner {
    /// Write what the resource holds into this file, byte for byte.
    #[arg(long, short, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,

    /// Print the whole result as JSON, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Read {
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
        let [uri] = words else {
            return Err(Ended::usage(
                "say which resource, by one URI: `midfield list --resources` shows what there is",
            )
            .into());
        };
        let read = match session.client.read_resource(uri).await {
            Err(client::Error::Refused(error)) if NOT_FOUND.contains(&error.code) => {
                return Err(no_such(session, uri, &error).await);
            }
            read => read?,
        };
        if self.json {
            session.print_json(&read)?;
        } else if let Some(path) = &self.output {
            let bytes = bytes(&read.contents)?;
            std::fs::write(path, &bytes)
                .with_context(|| format!("could not write {}", path.display()))?;
            note(&format!(
                "wrote {} bytes into {}",
                bytes.len(),
                path.display()
            ));
        } else if std::io::stdout().is_terminal() {
            let parts = read.contents.iter().map(content::contents);
            let parts = parts.map(|part| format!("{}\n", part.trim_end_matches('\n')));
            session.print(&parts.collect::<String>())?;
            if read.contents.iter().any(|part| part.blob.is_some()) {
                note("`--output FILE` writes what is not text into a file");
            }
        } else {
            // Into a pipe or a file it goes as it is.
            session.bar.clear();
            crate::cli::print_bytes(&bytes(&read.contents)?)?;
        }
        Ok(Verdict::Fine)
    }
}

/// All that a resource holds.
fn bytes(contents: &[ResourceContents]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in contents {
        if let Some(text) = &part.text {
            bytes.extend_from_slice(text.as_bytes());
        } else if let Some(blob) = &part.blob {
            let read = STANDARD.decode(blob);
            bytes.extend(read.with_context(|| format!("{} is no base64", line(&part.uri)))?);
        }
    }
    Ok(bytes)
}

/// The resource is not there; the list may have one like it.
async fn no_such(session: &Session, uri: &str, error: &client::ServerError) -> anyhow::Error {
    let listed = session.client.resources().await.unwrap_or_default();
    if listed.iter().any(|resource| resource.uri == uri) {
        return Ended::new(Exit::Failed, error.to_string()).into();
    }
    unknown("resource", uri, listed.iter().map(|it| it.uri.as_str())).into()
}

/// What servers answer where a resource is not there: the code of revisions up to 2025-11-25, and that of later ones.
const NOT_FOUND: [i32; 2] = [-32002, -32602];

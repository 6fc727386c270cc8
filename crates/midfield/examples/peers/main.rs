//! Drives a server that others wrote through the client, and looks whether each feature comes through as it should.
//!
//!     peers --server NAME --features a,b --deviations c,d --era auto|legacy|modern (--url URL | -- COMMAND…)
//!
//! Features and deviations are those of `tests/interop/servers/manifest.toml`, and `cargo xtask peers --drive` starts this
//! for each server of it. What a server does against the specification is passed over only under the name of its deviation.
//! The last line is the total; the exit code is 1 when a check failed.

mod broken;
mod calls;
mod changes;
mod data;
mod everything;
mod everything_changes;
mod peer;
mod person;
mod questions;
mod relay;
mod report;
mod skills;
mod tasks;
mod tasks_2025;

use std::env;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use midfield::client::{Command, Speak, Target};

use self::peer::Peer;
use self::report::Report;

/// The server that is as its authors made it, and has tools of its own.
const EVERYTHING: &str = "server-everything";

/// What the command line says.
struct Arguments {
    server: String,
    features: Vec<String>,
    deviations: Vec<String>,
    speak: Speak,
    /// The address, where it is one.
    url: Option<String>,
    command: Vec<String>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut read = Self {
            server: String::new(),
            features: Vec::new(),
            deviations: Vec::new(),
            speak: Speak::Auto,
            url: None,
            command: Vec::new(),
        };
        while let Some(word) = words.next() {
            if word == "--" {
                read.command = words.collect();
                break;
            }
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value"))?;
            let list = || value.split(',').filter(|it| !it.is_empty());
            match word.as_str() {
                "--server" => read.server = value,
                "--features" => read.features = list().map(str::to_owned).collect(),
                "--deviations" => read.deviations = list().map(str::to_owned).collect(),
                "--era" => read.speak = era(&value)?,
                "--url" => read.url = Some(value),
                _ => bail!("{word} is not known; see the head of this program's source"),
            }
        }
        if read.server.is_empty() || read.url.is_some() != read.command.is_empty() {
            bail!("give --server NAME, and either --url URL or -- COMMAND…");
        }
        Ok(read)
    }

    fn target(&self) -> Result<Target> {
        if let Some(url) = &self.url {
            return Ok(url.as_str().try_into()?);
        }
        let (program, arguments) = self.command.split_first().context("there is no command")?;
        Ok(Command::new(program).args(arguments).into())
    }
}

fn era(word: &str) -> Result<Speak> {
    Ok(match word {
        "auto" => Speak::Auto,
        "legacy" => Speak::Legacy,
        "modern" => Speak::Modern,
        _ => bail!("the era is auto, legacy or modern, not {word}"),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes all checks; whether all passed.
async fn run() -> Result<bool> {
    if env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .init();
    }
    let arguments = Arguments::read(env::args().skip(1))?;
    let mut report = Report::new(arguments.features.clone());
    let peer = Peer::connect(&arguments).await?;
    if arguments.server == EVERYTHING {
        everything::check(&peer, &mut report).await;
        everything_changes::check(&peer, &mut report).await;
        tasks_2025::check(&peer, &mut report).await;
    } else {
        calls::check(&peer, &mut report).await;
        questions::check(&peer, &mut report).await;
        data::check(&peer, &mut report).await;
        changes::check(&peer, &mut report).await;
        skills::check(&peer, &mut report).await;
        tasks::check(&peer, &mut report).await;
    }
    broken::check(&peer, &mut report).await;
    report.close(peer.client.close()).await;
    Ok(report.total(peer.client.revision()))
}

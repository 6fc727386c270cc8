//! The command line. What a command is asked for goes to stdout, all else to stderr.
//!
//! Exit codes: 0 when done, 1 when something is wrong, 2 when the command line is not understood; commands about servers have more,
//! see [`exit`].

mod approve;
mod arguments;
mod banner;
mod check;
mod client;
mod connect;
mod connection;
mod content;
mod discover;
mod entry;
mod exit;
mod floor;
mod keys;
mod logging;
mod misfit;
mod pages;
mod person;
mod serve;
mod signature;
mod stop;
mod store;
mod target;
mod tasks;
mod text;
mod tools;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::config::{Config, http_url};
use crate::source::clean;

/// Puts APIs behind one MCP endpoint.
#[derive(Debug, Parser)]
#[command(name = "midfield", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the tools over HTTP or stdio.
    Serve(serve::Serve),
    /// Say what is wrong and what is left out. Calls nothing.
    ///
    /// Exits with 1 when something is wrong.
    Check(check::Check),
    /// List the tools as signatures. Calls nothing.
    Tools(tools::Tools),
    /// Care for the keys that seal what clients carry for the server.
    Keys(keys::Keys),
    /// List what a server offers, as signatures.
    List(client::list::List),
    /// Call a tool of a server, and print its result. What the server asks meanwhile is asked at the terminal.
    Call(client::call::Call),
    /// Read a resource of a server.
    Read(client::read::Read),
    /// Print what a prompt of a server becomes.
    Prompt(client::prompt::Ask),
    /// Print what an argument of a prompt or of a template could be.
    Complete(client::complete::Complete),
    /// Print what changes at a server, until Ctrl-C.
    Subscribe(client::subscribe::Subscribe),
    /// Say what a server says of itself, how much it offers, and what is unusual about it.
    Inspect(client::inspect::Inspect),
    /// Find out step by step why a server does not serve, and what to do.
    ///
    /// Exits with 1 at the first step that fails.
    Doctor(client::doctor::Doctor),
    /// Keep a connection to a server, and do what each line says.
    Shell(client::shell::Shell),
    /// Look after the tasks of a server.
    Tasks(tasks::Tasks<connect::Via>),
    /// Care for a file that tasks are kept in.
    Store(store::Store),
    /// List the servers that known hosts have configured, and what is unusual about them. Starts nothing.
    ///
    /// With SERVER: say what it stands for.
    Discover(discover::Discover),
    /// Agree that a command may be started which a file names, or that its URL may get what is yours. It is shown first.
    Approve(approve::Approve),
    /// Print the completions of a shell.
    Completions(pages::Completions),
    /// Print a manual page.
    Man(pages::Man),
}

/// What a command is about: a configuration, or one document.
#[derive(Debug, Args)]
struct Subject {
    /// The configuration, see docs/configuration.md.
    #[arg(
        value_name = "CONFIG.toml",
        required_unless_present = "openapi",
        conflicts_with = "openapi"
    )]
    config: Option<PathBuf>,

    /// An OpenAPI document to serve without a configuration.
    #[arg(long, value_name = "FILE_OR_URL")]
    openapi: Option<String>,

    /// The URL that the document's paths are put behind. Default: what the document says.
    #[arg(long, value_name = "URL", requires = "openapi")]
    base_url: Option<String>,
}

impl Subject {
    fn config(&self) -> anyhow::Result<Config> {
        match (&self.config, &self.openapi) {
            (Some(path), _) => Config::read(path),
            (None, Some(document)) => Config::of_document(document, self.base_url()?),
            // The attributes above refuse it.
            (None, None) => anyhow::bail!("give a configuration, or `--openapi FILE_OR_URL`"),
        }
    }

    /// Read here and not by clap, which would quote a URL that holds a password.
    fn base_url(&self) -> anyhow::Result<Option<Url>> {
        let url = self.base_url.as_deref().map(http_url).transpose();
        url.map_err(|told| anyhow::anyhow!("`--base-url` {told}"))
    }

    /// The words after `midfield check` that are about the same.
    fn words(&self) -> String {
        match (&self.config, &self.openapi) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(document)) => format!("--openapi {document}"),
            (None, None) => String::new(),
        }
    }
}

/// Whether a command found everything in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Wrong,
}

/// Reads the command line and runs its command.
pub(crate) fn run() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Tools(tools) => tools.run(),
        Command::Keys(keys) => keys.run(),
        Command::List(list) => list.run(),
        Command::Call(call) => call.run(),
        Command::Read(read) => read.run(),
        Command::Prompt(prompt) => prompt.run(),
        Command::Complete(complete) => complete.run(),
        Command::Subscribe(subscribe) => subscribe.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Shell(shell) => shell.run(),
        Command::Tasks(tasks) => tasks.run(),
        Command::Store(store) => store.run(),
        Command::Discover(discover) => discover.run(),
        Command::Approve(approve) => approve.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    };
    match outcome {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Wrong) => ExitCode::FAILURE,
        Err(error) if error.is::<Gone>() => ExitCode::SUCCESS,
        Err(error) => {
            let text = clean(&format!("{error:#}"));
            let lines: Vec<String> = text
                .lines()
                .map(|line| format!("error: {line}\n"))
                .collect();
            // Without stderr there is nobody to tell.
            let _ = std::io::stderr().write_all(lines.concat().as_bytes());
            exit::Exit::of(&error).code().into()
        }
    }
}

/// Writes what a command was asked for.
fn print(text: &str) -> anyhow::Result<()> {
    match floor::print(text) {
        // The reader has seen enough, as `head` has.
        Err(error) if is_gone(&error) => Ok(()),
        written => Ok(written?),
    }
}

/// Writes what a command was asked for, where it is no text for a terminal.
fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if is_gone(&error) => Ok(()),
        written => Ok(written?),
    }
}

/// The same as [`print()`] for a command that prints until it is stopped: it ends when its reader has seen enough.
fn print_on(text: &str) -> anyhow::Result<()> {
    match floor::print(text) {
        Err(error) if is_gone(&error) => Err(Gone.into()),
        written => Ok(written?),
    }
}

/// Whoever read stdout has closed it, which is no failure.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nobody reads what is printed any more")]
struct Gone;

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// Tells on stderr what is worth knowing beside what a command was asked for.
fn note(text: &str) {
    floor::tell(&format!("{}\n", clean(text)));
}

/// A number of things, in words: `1 tool`, `2 tools`.
fn count(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Runs `future` on a runtime of one thread.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(future);
    // A thread that waits for a line of stdin would be waited for.
    runtime.shutdown_background();
    outcome
}

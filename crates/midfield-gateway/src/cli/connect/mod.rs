//! Connecting to the server that a command is about, with whoever answers what it asks, until it is stopped or `--timeout` is over.

mod answering;
mod bar;
mod model;

pub(super) use bar::Bar;
pub(super) use model::ModelOptions;

use std::cell::Cell;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use midfield::Client;
use midfield::client::config::Entry;
use midfield::client::{self, Speak, Target};
use midfield::types::{Implementation, InputRequest, LogLevel, LogMessage};
use serde::Serialize;
use tokio::sync::watch;

use super::connection::{Connection, Era};
use super::exit::{Ended, Exit};
use super::person::Person;
use super::stop;
use super::target::{Around, How, Origin, Resolved};
use super::text::{json, line};
use super::{Verdict, block_on, logging, print, print_on};
use answering::Answering;
use model::Consent;

/// How a server is reached, by a command that has words of its own behind SERVER.
#[derive(Debug, Args)]
pub(super) struct Via {
    #[command(flatten)]
    how: How,

    #[command(flatten)]
    connection: Connection,

    /// The command that starts the server. It stands in place of SERVER.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["name", "config"])]
    command: Vec<String>,
}

impl Via {
    /// SERVER, where no command starts one, and the words behind it.
    ///
    /// # Errors
    /// When no server is named.
    pub(super) fn split<'w>(
        &self,
        words: &'w [String],
    ) -> Result<(Option<&'w str>, &'w [String]), Ended> {
        match words {
            _ if !self.command.is_empty() => Ok((None, words)),
            [server, rest @ ..] => Ok((Some(server), rest)),
            [] => Err(Ended::usage(
                "say which server: a URL, a file, a name, or a command after `--`",
            )),
        }
    }

    /// SERVER of a command that has no more words.
    ///
    /// # Errors
    /// When no server is named, or two are.
    pub(super) fn only<'w>(&self, server: Option<&'w String>) -> Result<Option<&'w str>, Ended> {
        match (server, self.command.is_empty()) {
            (Some(_), false) => Err(Ended::usage(
                "SERVER and a command after `--` are two servers: give one",
            )),
            (server, _) => Ok(server.map(String::as_str)),
        }
    }

    /// Finds the server, and gets the consent to start it, or to send it what is the user's, where that is needed.
    ///
    /// # Errors
    /// When there is no such server, or nobody agrees.
    pub(super) fn resolve(&self, server: Option<&str>) -> anyhow::Result<Resolved> {
        let around = Around::of_process()?;
        let resolved = self.how.resolve(server, &self.command, &around)?;
        let given = self.connection.given()?;
        resolved.consent(&around, &given, self.how.is_agreed())?;
        Ok(resolved)
    }

    /// How it is connected to.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Connects to a server, and does `work` with it. `stopped` says what it comes to when it is stopped.
    ///
    /// # Errors
    /// When the server cannot be found, started or reached, the work fails, or it is stopped.
    pub(super) fn run(
        &self,
        server: Option<&str>,
        stopped: &str,
        work: impl AsyncFnOnce(&Session) -> anyhow::Result<Verdict>,
    ) -> anyhow::Result<Verdict> {
        self.run_speaking(None, server, stopped, work)
    }

    /// The same, after something was done ahead of the connection, which Ctrl-C and `--timeout` end too.
    ///
    /// # Errors
    /// When that fails, the server cannot be found, started or reached, the work fails, or it is stopped.
    pub(super) fn run_after<A>(
        &self,
        ahead: impl Future<Output = anyhow::Result<A>>,
        server: Option<&str>,
        stopped: &str,
        work: impl AsyncFnOnce(&Session, A) -> anyhow::Result<Verdict>,
    ) -> anyhow::Result<Verdict> {
        self.run_until(None, ahead, server, Some(stopped), work)
    }

    /// The same, spoken like this where the command line does not say.
    ///
    /// # Errors
    /// When the server cannot be found, started or reached, the work fails, or it is stopped.
    pub(super) fn run_speaking(
        &self,
        speak: Option<Speak>,
        server: Option<&str>,
        stopped: &str,
        work: impl AsyncFnOnce(&Session) -> anyhow::Result<Verdict>,
    ) -> anyhow::Result<Verdict> {
        let work = async |session: &Session, ()| work(session).await;
        self.run_until(speak, ready(Ok(())), server, Some(stopped), work)
    }

    /// The same, for work that hears itself that it is to stop.
    ///
    /// # Errors
    /// When the server cannot be found, started or reached, or the work fails.
    pub(super) fn run_on(
        &self,
        server: Option<&str>,
        work: impl AsyncFnOnce(&Session) -> anyhow::Result<Verdict>,
    ) -> anyhow::Result<Verdict> {
        let work = async |session: &Session, ()| work(session).await;
        self.run_until(None, ready(Ok(())), server, None, work)
    }

    fn run_until<A>(
        &self,
        speak: Option<Speak>,
        ahead: impl Future<Output = anyhow::Result<A>>,
        server: Option<&str>,
        stopped: Option<&str>,
        work: impl AsyncFnOnce(&Session, A) -> anyhow::Result<Verdict>,
    ) -> anyhow::Result<Verdict> {
        logging::start_for_client(self.connection.verbose);
        let resolved = self.resolve(server)?;
        let person = Person::here(self.connection.answers.as_deref())?.map(Arc::new);
        let speak = self.connection.speak(speak);
        block_on(async {
            let mut limit = pin!(limit(self.connection.timeout));
            let mut stop = pin!(stop::stopped());
            let opened = async {
                let given = ahead.await?;
                let session = Session::open(&resolved, &self.connection, person, speak).await?;
                Ok::<_, anyhow::Error>((session, given))
            };
            let (session, given) = tokio::select! {
                opened = opened => opened?,
                ended = &mut limit => return Err(ended.into()),
                stop = &mut stop => return Err(Ended::stopped(stop).into()),
            };
            let outcome = tokio::select! {
                done = work(&session, given) => session.settle(done),
                ended = &mut limit => session.give_up(ended).await,
                stop = &mut stop, if stopped.is_some() => {
                    let stopped = stopped.unwrap_or_default();
                    let ended = Ended::new(stop.exit(), format!("{}: {stopped}", stop.told()));
                    session.give_up(ended).await
                }
            };
            session.bar.clear();
            session.client.close().await;
            outcome
        })
    }
}

/// The end of the time that a command has.
pub(super) async fn limit(timeout: Option<Duration>) -> Ended {
    let Some(timeout) = timeout else {
        return std::future::pending().await;
    };
    tokio::time::sleep(timeout).await;
    let timeout = humantime::format_duration(timeout);
    Ended::new(Exit::TimedOut, format!("it took longer than {timeout}"))
}

/// A server that is connected to.
pub(super) struct Session {
    pub(super) client: Client,
    /// Whether somebody is here who answers, or a file that stands for them.
    has_person: bool,
    has_model: bool,
    /// Shows how far a call has come.
    pub(super) bar: Arc<Bar>,
    /// Whether the server asked what nobody was there to answer.
    unanswered: Arc<AtomicBool>,
    /// Whether each object is printed on a line of its own.
    pub(super) is_brief: Cell<bool>,
    /// Whether no command runs, so that whatever the server asks is cancelled.
    is_idle: watch::Sender<bool>,
}

impl Session {
    /// Opens a session. A server that refuses an older one, which only the command wished for, is spoken to as it can be.
    async fn open(
        resolved: &Resolved,
        connection: &Connection,
        person: Option<Arc<Person>>,
        speak: Speak,
    ) -> anyhow::Result<Self> {
        let is_wish = speak == Speak::Legacy && connection.era == Era::Auto;
        let opened = match Self::connect(resolved, connection, person.clone(), speak).await? {
            Err(client::Error::Refused(refused)) if is_wish => {
                let opened = Self::connect(resolved, connection, person, Speak::Modern).await?;
                opened.map_err(|_| client::Error::Refused(refused))
            }
            opened => opened,
        };
        opened.map_err(barred)
    }

    async fn connect(
        resolved: &Resolved,
        connection: &Connection,
        person: Option<Arc<Person>>,
        speak: Speak,
    ) -> anyhow::Result<Result<Self, client::Error>> {
        let target = target(resolved, connection)?;
        let bar = Arc::new(Bar::new());
        let unanswered = Arc::<AtomicBool>::default();
        let is_idle = watch::Sender::new(false);
        let has_person = person.is_some();
        let answering = Answering {
            person: person.clone(),
            bar: bar.clone(),
            unanswered: unanswered.clone(),
            is_idle: is_idle.subscribe(),
        };
        let mut builder = Client::builder()
            .implementation(Implementation::new("midfield", env!("CARGO_PKG_VERSION")))
            .speak(speak)
            .elicitation(answering)
            .timeout(PATIENCE)
            .max_time(PATIENCE);
        let consent = Consent {
            person,
            bar: bar.clone(),
            unanswered: unanswered.clone(),
        };
        let model = connection.model.open(consent)?;
        let has_model = model.is_some();
        if let Some(model) = model {
            builder = builder.sampling(model);
        }
        if connection.verbose {
            let bar = bar.clone();
            builder = builder.on_log(LogLevel::Debug, move |message| bar.aside(&logged(&message)));
        }
        let connected = builder.connect(target).await;
        Ok(connected.map(|client| Self {
            client,
            has_person,
            has_model,
            bar,
            unanswered,
            is_brief: Cell::new(false),
            is_idle,
        }))
    }

    /// Whether somebody is there to answer anything.
    pub(super) fn is_attended(&self) -> bool {
        self.has_person || self.has_model
    }

    /// Whether somebody is there to answer this.
    pub(super) fn can_answer(&self, question: &InputRequest) -> bool {
        match question {
            InputRequest::Elicit(_) => self.has_person,
            InputRequest::Sample(_) => self.has_model,
            _ => false,
        }
    }

    /// Says whether a command runs: without one, nobody is asked anything.
    pub(super) fn rest(&self, is_idle: bool) {
        self.is_idle.send_replace(is_idle);
    }

    /// Prints an object for programs.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub(super) fn print_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.bar.clear();
        print(&json(&serde_json::to_value(value)?, !self.is_brief.get()))
    }

    /// Prints what a command was asked for.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub(super) fn print(&self, text: &str) -> anyhow::Result<()> {
        self.bar.clear();
        print(text)
    }

    /// The same for a command that prints until it is stopped.
    ///
    /// # Errors
    /// When stdout cannot be written to, or nobody reads it any more.
    pub(super) fn print_on(&self, text: &str) -> anyhow::Result<()> {
        self.bar.clear();
        print_on(text)
    }

    /// What a command came to: one whose server asked what nobody could answer has a code of its own.
    pub(super) fn settle(&self, outcome: anyhow::Result<Verdict>) -> anyhow::Result<Verdict> {
        self.bar.clear();
        let outcome = outcome.map_err(|error| match error.downcast::<client::Error>() {
            Ok(error) => told(error),
            Err(error) => error,
        });
        if !self.unanswered.swap(false, Ordering::Relaxed) {
            return outcome;
        }
        let advice = "nobody was there to answer what the server asked: run it at a terminal, or give `--answers FILE`";
        let told = match outcome {
            Ok(_) => advice.to_owned(),
            Err(error) => format!("{error:#}\n{advice}"),
        };
        Err(Ended::new(Exit::NeedsAnswer, told).into())
    }

    /// Lets the server hear that what was asked is wanted no more, which goes out before the answer to a ping can come.
    async fn give_up(&self, ended: Ended) -> anyhow::Result<Verdict> {
        self.bar.clear();
        self.cancelled().await;
        Err(ended.into())
    }

    /// The same, for work that ends while the connection goes on. What is asked about it is withdrawn.
    pub(super) async fn cancelled(&self) {
        self.rest(true);
        // A server that does not answer has heard it all the same, or never will.
        let _ = tokio::time::timeout(FAREWELL, self.client.ping()).await;
    }
}

/// What is connected to.
pub(super) fn target(resolved: &Resolved, connection: &Connection) -> anyhow::Result<Target> {
    let mut entry = resolved.entry.clone();
    let headers = connection.headers()?;
    match &mut entry {
        Entry::Url(endpoint) => {
            for (name, value) in &headers {
                let known = endpoint
                    .headers
                    .names()
                    .find(|known| known.eq_ignore_ascii_case(name.as_str()));
                let name = known.unwrap_or(name.as_str()).to_owned();
                let value = value
                    .to_str()
                    .map_err(|_| Ended::usage("a header takes visible ASCII characters alone"))?;
                // What the command line says goes before what a file says.
                endpoint.headers.set(name, value);
            }
        }
        Entry::Command(command) => {
            if !headers.is_empty() {
                let told = "a command has no headers: it takes secrets from its environment";
                return Err(Ended::usage(told).into());
            }
            if is_command_line(&resolved.origin) {
                // Who wrote the command also set the environment that it is meant to have.
                let command = client::Command::new(&command.program).args(&command.arguments);
                return Ok(Target::from(command.inherit_environment()).named(&resolved.name));
            }
        }
        // What else there may be has no headers.
        _ => {}
    }
    let target = Target::try_from(entry)?;
    Ok(if is_command_line(&resolved.origin) {
        target
    } else {
        target.named(&resolved.name)
    })
}

/// Whether the command line says what is used, or a configuration, which midfield itself serves.
const fn is_command_line(origin: &Origin) -> bool {
    matches!(origin, Origin::CommandLine | Origin::Configuration(_))
}

/// An error of the client, with what to do where that is known.
pub(super) fn told(error: client::Error) -> anyhow::Error {
    if matches!(error, client::Error::Status { status: 401, .. }) {
        let advice = "it wants to know who you are: put a token into the environment, and name its variable with `--token-env`";
        return Ended::new(Exit::of_client(&error), format!("{error}\n{advice}")).into();
    }
    error.into()
}

/// Why there is no connection: a server that refuses to begin one is as good as none.
fn barred(error: client::Error) -> anyhow::Error {
    match error {
        client::Error::Refused(_) => Ended::new(Exit::Unreachable, error.to_string()).into(),
        error => told(error),
    }
}

/// What a server wrote to its log, in a line.
fn logged(message: &LogMessage) -> String {
    let said: serde_json::Value = message.data.read().unwrap_or_default();
    let said = match &said {
        serde_json::Value::String(text) => line(text),
        other => line(&other.to_string()),
    };
    let logger = message.logger.as_deref().map(line).unwrap_or_default();
    let gap = if logger.is_empty() { "" } else { " " };
    format!("log {}{gap}{logger}: {said}", message.level)
}

/// How long a server may take for one request, where `--timeout` does not say.
const PATIENCE: Duration = Duration::from_hours(24);

/// How long is waited until a server has heard that something is wanted no more.
const FAREWELL: Duration = Duration::from_secs(1);

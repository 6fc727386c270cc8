//! The server that is driven, and what is asked of it again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use midfield::Client;
use midfield::client::{ClientBuilder, Error, Speak, Target};
use midfield::host::model::Scripted;
use midfield::types::{Content, Implementation, LogLevel, LogMessage, Root, Settings, ToolResult};
use midfield_protocol::Era;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

use super::person::Person;
use super::report::Verdict;
use super::{Arguments, EVERYTHING};

/// Where the server may work.
pub(crate) const ROOTS: [&str; 2] = ["file:///srv/samples", "file:///srv/reports"];

/// Most lines of a log that wait to be looked at.
const LINES: usize = 256;

/// How long a notification may be under way.
pub(crate) const NEWS_LIMIT: Duration = Duration::from_secs(5);

/// A server, and those who answer what it asks.
pub(crate) struct Peer {
    pub(crate) client: Client,
    pub(crate) person: Person,
    pub(crate) model: Scripted,
    pub(crate) url: Option<String>,
    /// It has tools of its own.
    pub(crate) is_everything: bool,
    pub(crate) speak: Speak,
    lines: Mutex<mpsc::Receiver<LogMessage>>,
    deviations: BTreeSet<String>,
    features: BTreeSet<String>,
}

impl Peer {
    pub(crate) async fn connect(arguments: &Arguments) -> Result<Self> {
        let (person, model) = (Person::default(), Scripted::new());
        let (sender, lines) = mpsc::channel(LINES);
        let client = builder(arguments.speak)
            .elicitation(person.clone())
            .sampling(model.clone())
            .roots(ROOTS.map(Root::new).to_vec())
            .on_log(LogLevel::Info, move |line| {
                // Lines beyond those that wait are missed by the check that waits for them.
                let _ = sender.try_send(line);
            })
            .connect(arguments.target()?)
            .await
            .context("could not connect")?;
        Ok(Self {
            client,
            person,
            model,
            url: arguments.url.clone(),
            is_everything: arguments.server == EVERYTHING,
            speak: arguments.speak,
            lines: Mutex::new(lines),
            deviations: arguments.deviations.iter().cloned().collect(),
            features: arguments.features.iter().cloned().collect(),
        })
    }

    /// A client of the same server, which must be at an address, with nobody to answer.
    pub(crate) async fn another(&self, target: Target) -> Result<Client> {
        let connected = builder(self.speak).connect(target).await;
        connected.context("could not connect another client")
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.client.revision().era() == Era::Modern
    }

    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// What a tool says, which must not be that it failed.
    pub(crate) async fn text(&self, tool: &str, arguments: Value) -> Result<String> {
        text(&self.client.call_tool(tool, arguments).await?)
    }

    /// Whether the manifest says that the server departs from the specification so.
    pub(crate) fn may_deviate(&self, name: &str) -> bool {
        self.deviations.contains(name)
    }

    /// The server departs from the specification, which it may only where the manifest says so.
    pub(crate) fn deviates(&self, name: &'static str, seen: &str) -> Result<Verdict> {
        if self.may_deviate(name) {
            return Ok(Verdict::Deviates(name));
        }
        bail!("{seen}; the manifest has no deviation {name}")
    }

    /// The next line of the server's log.
    pub(crate) async fn line(&self) -> Result<LogMessage> {
        let mut lines = self.lines.lock().await;
        let line = tokio::time::timeout(NEWS_LIMIT, lines.recv()).await;
        line.context("the server wrote nothing to its log")?
            .context("the client hears no more")
    }

    /// Looks away from the lines that have come so far.
    pub(crate) async fn forget_lines(&self) {
        let mut lines = self.lines.lock().await;
        while lines.try_recv().is_ok() {}
    }
}

fn builder(speak: Speak) -> ClientBuilder {
    Client::builder()
        .implementation(Implementation::new(
            "midfield-peers",
            env!("CARGO_PKG_VERSION"),
        ))
        .extension("io.modelcontextprotocol/skills", Settings::default())
        .speak(speak)
}

/// The one text of a result.
pub(crate) fn text(result: &ToolResult) -> Result<String> {
    match result.content.as_slice() {
        [Content::Text(text)] if !result.is_error => Ok(text.text.clone()),
        _ => bail!("not one text: {result:?}"),
    }
}

/// Fails unless the two are the same.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is compared is mostly made for that"
)]
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(seen: T, expected: T) -> Result<()> {
    if seen == expected {
        return Ok(());
    }
    bail!("{seen:?} instead of {expected:?}")
}

/// The code of the error that a server must have answered with.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> Result<i32> {
    match answer {
        Err(Error::Refused(error)) => Ok(error.code),
        Err(error) => Err(error).context("not refused, but failed"),
        Ok(answer) => bail!("not refused: {answer:?}"),
    }
}

/// Waits for what must come soon.
pub(crate) async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> Result<T> {
    let come = tokio::time::timeout(NEWS_LIMIT, coming).await;
    come.with_context(|| format!("{what} did not come within {} s", NEWS_LIMIT.as_secs()))
}

/// Steps of progress and other things that are heard beside a call.
pub(crate) struct Heard<T>(Arc<std::sync::Mutex<Vec<T>>>);

impl<T: Clone> Heard<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn add(&self) -> impl Fn(T) + Send + Sync + 'static
    where
        T: Send + 'static,
    {
        let heard = self.0.clone();
        move |it| {
            heard
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(it);
        }
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

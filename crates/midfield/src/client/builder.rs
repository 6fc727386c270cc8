//! Describing a client before it connects.

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::types::{Implementation, LogLevel, LogMessage, Settings, TASKS_EXTENSION};
use midfield_protocol::wire::client::ClientDescription;

use super::hear::OnLog;
use super::inputs::{AnswerElicitation, Handlers, ListRoots, Sample};
use super::options::{Options, Speak};
use super::receiver::TaskReceiver;
use super::{Client, Error, Target};

/// A client before it connects, see [`Client::builder`].
#[derive(Clone)]
#[must_use = "it does nothing until it connects"]
pub struct ClientBuilder {
    pub(super) description: ClientDescription,
    pub(super) handlers: Handlers,
    pub(super) options: Options,
    pub(super) on_log: Option<OnLog>,
    pub(super) receiver: Option<TaskReceiver>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        let implementation = Implementation::new("midfield", env!("CARGO_PKG_VERSION"));
        let mut description = ClientDescription::new(implementation);
        description
            .capabilities
            .extensions
            .insert(TASKS_EXTENSION.to_owned(), Settings::default());
        Self {
            description,
            handlers: Handlers::default(),
            options: Options::default(),
            on_log: None,
            receiver: None,
        }
    }

    /// Sets the name and the version that servers are told. Default: those of this library.
    pub fn implementation(mut self, implementation: Implementation) -> Self {
        self.description.implementation = implementation;
        self
    }

    /// Answers what servers ask the user. Default: nobody does; the capability is not declared, questions of a session are
    /// refused, and those that come with a result or a task declined.
    pub fn elicitation(mut self, handler: impl AnswerElicitation) -> Self {
        self.handlers.elicitation(handler);
        self
    }

    /// Asks a model on behalf of servers. Default: nobody does; the capability is not declared.
    pub fn sampling(mut self, handler: impl Sample) -> Self {
        self.handlers.sampling(handler);
        self
    }

    /// Tells servers in which directories they may work. Default: nobody does; the capability is not declared.
    pub fn roots(mut self, handler: impl ListRoots) -> Self {
        self.handlers.roots(handler);
        self
    }

    /// Declares an extension, with its settings. Tasks are declared by default.
    pub fn extension(mut self, id: impl Into<String>, settings: Settings) -> Self {
        self.description
            .capabilities
            .extensions
            .insert(id.into(), settings);
        self
    }

    /// Does not declare that it understands tasks, so that no server answers with one.
    pub fn without_tasks(mut self) -> Self {
        self.description
            .capabilities
            .extensions
            .remove(TASKS_EXTENSION);
        self
    }

    /// Lets servers of 2025-11-25 ask as a task what they ask the user or a model, and keeps such tasks there. Default: nothing of the
    /// kind is declared, and a server that asks for a task all the same is answered as if it did not.
    pub fn receive_tasks(mut self, receiver: TaskReceiver) -> Self {
        self.receiver = Some(receiver);
        self
    }

    /// Hears what servers write to their log, from this level on. Default: nothing is wanted.
    pub fn on_log(
        mut self,
        level: LogLevel,
        hear: impl Fn(LogMessage) + Send + Sync + 'static,
    ) -> Self {
        self.options.log_level = Some(level);
        self.on_log = Some(Arc::new(hear));
        self
    }

    /// Sets which revisions are spoken. Default: [`Speak::Auto`].
    pub fn speak(mut self, speak: Speak) -> Self {
        self.options.speak = speak;
        self
    }

    /// Sets how long a request may take without a sign of life. Default: 60 s. Progress starts the clock anew; it stands still
    /// while the server waits for an answer of this client.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Sets how long a request may take whatever progress it makes. Default: 30 min. The clock stands still while the server
    /// waits for an answer of this client.
    pub fn max_time(mut self, max_time: Duration) -> Self {
        self.options.max_time = max_time;
        self
    }

    /// Sets how long a task may take that a call waits for. Default: 24 h. When it is over the task goes on, and the error says
    /// which it is.
    pub fn max_task_time(mut self, max_time: Duration) -> Self {
        self.options.max_task_time = max_time;
        self
    }

    /// Sets how long connecting may take, with finding out what the server speaks. Default: 30 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets how long a server may take to answer the newest form of question before it is asked in the old form as well.
    /// Default: 5 s.
    pub fn probe_timeout(mut self, timeout: Duration) -> Self {
        self.options.probe_timeout = timeout;
        self
    }

    /// Sets the size of the largest message that is read, in bytes. Default: 16 MiB. A server that sends a larger one is no
    /// longer listened to.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// Sets how often a server may ask back before it answers. Default: 10 times, each with as many questions as it likes, up to
    /// 64.
    pub fn max_rounds(mut self, rounds: usize) -> Self {
        self.options.max_rounds = rounds;
        self
    }

    /// Sets how many items a list may have. Default: 10,000.
    pub fn max_items(mut self, items: usize) -> Self {
        self.options.max_items = items;
        self
    }

    /// Sets how often a request is sent that may safely be sent again, when a connection fails. Default: 3 times; at least once.
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.options.attempts = attempts.max(1);
        self
    }

    /// Connects to a server, and finds out what it speaks.
    ///
    /// # Errors
    /// When there is none, or none that speaks a revision of the protocol.
    pub async fn connect<T>(self, target: T) -> Result<Client, Error>
    where
        T: TryInto<Target>,
        Error: From<T::Error>,
    {
        // Finding out what a server speaks is large while it is under way.
        Box::pin(Client::open(self, target.try_into()?)).await
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("implementation", &self.description.implementation)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

//! The other half of the protocol: clients of servers, and what a host owes the servers that it uses.
//!
//! ```
//! use midfield::prelude::*;
//!
//! /// Add two numbers.
//! #[tool]
//! fn add(a: i64, b: i64) -> String {
//!     (a + b).to_string()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new("demo", "1.0.0").tools(tools![add]);
//! let client = midfield::Client::connect(server).await?;
//! let sum: String = client.call("add", serde_json::json!({"a": 1, "b": 2})).await?;
//! assert_eq!(sum, "3");
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! A client finds out by itself which revision its server speaks. What the server asks back comes to the same handler in every one:
//! [`AnswerElicitation`], [`Sample`], [`ListRoots`].

pub mod config;

mod builder;
mod cache;
mod calls;
mod connect;
mod core;
mod error;
mod exchange;
mod hear;
mod icons;
mod inputs;
mod link;
mod lists;
mod loopback;
mod options;
mod paging;
mod patience;
mod receiver;
mod request;
mod retries;
mod retry_after;
mod run;
mod shown;
mod skills;
mod subscribe;
mod target;
mod tasks;
mod tools;
mod wanted;

pub use builder::ClientBuilder;
pub use connect::ServerInfo;
pub use error::{Error, Result, ServerError};
pub use exchange::{Exchange, Recording};
pub use inputs::{AnswerElicitation, Asker, ListRoots, Refusal, Sample};
pub use link::Command;
pub use midfield_protocol::Reference;
pub use midfield_protocol::wire::client::{InvalidAnswer, TaskState};
pub use options::Speak;
pub use receiver::TaskReceiver;
pub use request::Request;
#[cfg(feature = "models")]
pub(crate) use retry_after::retry_after;
pub use skills::{SkillEntry, SkillFile};
pub use subscribe::{Change, Subscription};
pub use target::{Target, Transport};
pub use tasks::TaskHandle;

use std::fmt;
use std::sync::Arc;

use midfield_protocol::Revision;
use midfield_protocol::types::{InputReply, InputRequest};

use self::core::Core;

/// A client of one server. Clones share the connection, which ends with the last of them.
#[derive(Clone)]
pub struct Client(Arc<Core>);

impl Client {
    /// A client that can be told more before it connects.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Connects to a server: at a URL, in a process that is started, or in memory. Nobody answers what it asks back.
    ///
    /// # Errors
    /// When there is none, or none that speaks a revision of the protocol.
    pub async fn connect<T>(target: T) -> Result<Self>
    where
        T: TryInto<Target>,
        Error: From<T::Error>,
    {
        Self::builder().connect(target).await
    }

    /// A client of a server in this process, for tests: without sockets, in the era that the test is about.
    ///
    /// # Errors
    /// When the server cannot be built, or does not speak so.
    pub async fn of<T>(server: T, speak: Speak) -> Result<Self>
    where
        T: TryInto<Target>,
        Error: From<T::Error>,
    {
        Self::builder().speak(speak).connect(server).await
    }

    async fn open(builder: ClientBuilder, target: Target) -> Result<Self> {
        let core = Core::open(builder, target).await?;
        let client = Self(core);
        if let Some(level) = client.0.options.log_level
            && client.0.connection().codec.has_sessions()
            && client.0.offers(|server| server.logging.is_some())
        {
            client.set_log_level(level).await?;
        }
        Ok(client)
    }

    /// What the server says of itself.
    pub fn server(&self) -> ServerInfo {
        self.0.connection().server.clone()
    }

    /// The revision that is spoken with the server.
    pub fn revision(&self) -> Revision {
        self.0.connection().codec.revision()
    }

    /// Lets whoever the client was given for it answer one question of a task, as they answer what the server asks otherwise: with all
    /// that is checked before and after. For a host that chooses which questions are answered, see [`TaskHandle::answer`].
    ///
    /// # Errors
    /// When the question is none that may be asked, or whoever answers it refuses.
    ///
    /// # Cancel safety
    /// When the future is dropped nobody waits for the answer any more.
    pub async fn ask(&self, question: InputRequest) -> std::result::Result<InputReply, Refusal> {
        self.0.hearing.answer(question, None).await
    }

    /// Ends the session, and the process that was started for it: its input is closed, and where it does not end by itself within
    /// 2 s it is asked to, and after 2 s more made to. What is still waited for fails with [`Error::Closed`].
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.0.server)
            .finish_non_exhaustive()
    }
}

//! Model Context Protocol servers whose tool is a plain `async fn`, in every revision of the protocol.
//!
//! ```no_run
//! use midfield::prelude::*;
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Sum {
//!     total: i64,
//! }
//!
//! /// Add two numbers.
//! #[tool]
//! async fn add(a: i64, b: i64) -> Sum {
//!     Sum { total: a + b }
//! }
//!
//! #[tokio::main]
//! async fn main() -> midfield::Result<()> {
//!     Server::new("demo", "1.0.0").tools(tools![add]).serve_http("127.0.0.1:7420").await?;
//!     Ok(())
//! }
//! ```
//!
//! The same without the macro, for tools that are made at run time or whose arguments have a type of
//! their own:
//!
//! ```
//! use midfield::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Terms {
//!     a: i64,
//!     b: i64,
//! }
//!
//! let add = Tool::new("add", async |Args(terms): Args<Terms>| (terms.a + terms.b).to_string())
//!     .description("Add two numbers.");
//! let service = Server::new("demo", "1.0.0").tool(add).build()?;
//! # Ok::<(), midfield::BuildError>(())
//! ```
//!
//! - [`server`]: describe a server and its tools.
//! - [`transport`]: serve it over stdio and Streamable HTTP, in both eras of the protocol at once.
//! - [`host::model`]: models for servers that ask for one; `docs/sampling.md` in the repository says how they are set up.
//! - [`types`]: the protocol's own shapes.
//!
//! A handler cannot tell which revision or transport serves it.

pub mod auth;
#[cfg(feature = "client")]
pub mod client;
pub mod extension;
#[cfg(feature = "client")]
pub mod host;
pub mod server;
pub mod transport;

mod clock;
mod conversation;
mod error;
#[cfg(feature = "client")]
mod event_stream;
mod form;
mod macros;
mod seal;

#[cfg(feature = "client")]
pub use client::Client;
pub use error::{Error, Result};
#[doc(hidden)]
pub use macros::__private;
pub use macros::{prompt, resource, tool};
pub use midfield_protocol::{Error as ProtocolError, Identity, Principal, Raw, Revision, types};
pub use seal::{KeyFileError, KeyRing, KeyRingError, NoRandomness};
pub use server::{
    Answer, Args, Asks, BuildError, Context, Json, Prompt, Resource, ResourceTemplate, ServeError,
    Server, Service, State, Tasks, Tool,
};

/// What most servers import.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::server::{
        Answer, Args, Asks, Context, Json, Prompt, Resource, ResourceTemplate, Server, State,
        Tasks, Tool, Typing,
    };
    pub use crate::types::{
        Content, LogLevel, PromptMessage, ResourceContents, TaskSupport, ToolResult,
    };
    pub use crate::{Error, Principal, Result, prompt, prompts, resource, resources, tool, tools};
}

/// The code in the project's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So does that in the page on models.
#[cfg(all(doctest, feature = "models"))]
#[doc = include_str!("../../../docs/sampling.md")]
struct Sampling;

/// And in that on clients.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../../docs/client.md")]
struct Clients;

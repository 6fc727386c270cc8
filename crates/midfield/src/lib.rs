//! Model Context Protocol servers whose tool is a plain `async fn`, in every revision of the protocol.
//!
//! ```no_run
//! use midfield::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Terms {
//!     a: i64,
//!     b: i64,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Sum {
//!     total: i64,
//! }
//!
//! #[tokio::main]
//! async fn main() -> midfield::Result<()> {
//!     let add = Tool::new("add", async |Args(terms): Args<Terms>| Json(Sum { total: terms.a + terms.b }))
//!         .description("Add two numbers.");
//!     Server::new("demo", "1.0.0").tool(add).serve_http("127.0.0.1:7420").await?;
//!     Ok(())
//! }
//! ```
//!
//! - [`server`]: describe a server and its tools.
//! - [`transport`]: serve it over stdio and Streamable HTTP, in both eras of the protocol at once.
//! - [`types`]: the protocol's own shapes.
//!
//! A handler cannot tell which revision or transport serves it.

pub mod server;
pub mod transport;

mod error;
mod macros;
mod seal;

pub use error::{Error, Result};
#[doc(hidden)]
pub use macros::__private;
pub use macros::tool;
pub use midfield_protocol::{Raw, Revision, types};
pub use server::{Args, BuildError, Context, Json, ServeError, Server, Service, State, Tool};

/// What most servers import.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::server::{Args, Context, Json, Server, State, Tool};
    pub use crate::types::{Content, LogLevel, ToolResult};
    pub use crate::{Error, Result, tool, tools};
}

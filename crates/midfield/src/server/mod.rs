//! Describing a server: its identity, its tools, the state that they share.

mod builder;
mod catalog;
mod check;
mod context;
mod dispatch;
mod exchange;
mod extract;
mod handler;
mod output;
mod schema;
mod service;
mod tool;
mod unique;
mod weight;

pub use builder::{BuildError, ServeError, Server};
pub use context::{Amount, Context};
pub use extract::{Args, FromCall, Parts, Requirement, State};
pub use handler::{Arguments, Handler, HandlerFuture, ToolHandler};
pub use midfield_protocol::wire::{CacheScope, Freshness};
pub use output::{IntoToolResult, Json};
pub use schema::{input_schema, output_schema};
pub use service::Service;
pub use tool::Tool;

pub(crate) use exchange::{Answering, Exchange, Piece};

//! Describing a server: its identity, what it has, and the state that its handlers share.

mod ask;
mod begin;
mod build_error;
mod builder;
mod catalog;
mod check;
mod complete;
mod context;
mod described;
mod dispatch;
mod elicitations;
mod exchange;
mod extract;
mod form;
mod handler;
mod hub;
mod listen;
mod meta;
mod mirrored;
mod output;
mod prompt;
mod questions;
mod request_state;
mod resource;
mod running;
mod schema;
mod service;
mod tasks;
mod template;
mod tool;
mod unique;
mod weight;
mod words;

pub use ask::Asks;
pub use build_error::{BuildError, ServeError};
pub use builder::Server;
pub use complete::{Completer, IntoCompletion, Typing};
pub use context::{Agent, AgentResult, Amount, Answer, Context};
pub use extract::{Args, FromCall, Parts, Requirement, State};
pub use form::{Form, NotAForm};
pub use handler::{Arguments, Handler, HandlerFuture, Misfit, RawHandler};
pub use midfield_durable::engine::{EngineOptions, Renewal};
#[cfg(feature = "sqlite")]
pub use midfield_durable::store::{SqliteOptions, Synchronous};
pub use midfield_durable::store::{Store, StoreError};
pub use midfield_durable::{Attempt, Backoff, Clock, IdempotencyKey, Retry};
pub use midfield_protocol::types::{CacheScope, Freshness};
pub use output::{IntoPromptResult, IntoReadResult, IntoToolResult, Json};
pub use prompt::Prompt;
pub use resource::{AnyResource, Resource, ResourceTemplate};
pub use schema::{input_schema, output_schema};
pub use service::Service;
pub use tasks::Tasks;
pub(crate) use tasks::{Answered, Ending, bare_task, refuse, task_id, unknown_task};
pub use template::{TemplateError, UriTemplate};
pub use tool::Tool;

pub(crate) use ask::Asking;
pub(crate) use begin::{Subject, begin};
#[cfg(feature = "client")]
pub(crate) use check::{ResultCheck, is_small, measured};
pub(crate) use dispatch::{Request, Started};
pub(crate) use elicitations::check_page;
pub(crate) use exchange::{Answering, Exchange, Piece, Response};
pub(crate) use hub::{Listener, News, Seat};
pub(crate) use listen::written;
#[cfg(feature = "client")]
pub(crate) use mirrored::Mirrored;
pub(crate) use questions::{Questions, SessionKey, Taken};
pub(crate) use request_state::Origin;
pub(crate) use running::Handling;

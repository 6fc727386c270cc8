//! What the [Model Context Protocol](https://modelcontextprotocol.io) means, and how each of its revisions writes it.
//!
//! This crate performs no I/O, reads no clock, draws no random number and spawns nothing: it turns bytes
//! into meaning and meaning into bytes.
//!
//! - [`jsonrpc`]: frames, ids and error objects; nothing of MCP in it.
//! - [`types`]: what MCP means. These types know no revision.
//! - [`Call`], [`Answer`] and [`Error`]: what a peer can ask, what it gets, and what can go wrong.
//! - [`Revision`]: which revisions exist, and the named rules in which they differ.
//! - [`wire`]: bytes to meaning and back, for one revision at a time.
//! - [`session`]: the lifecycle of a legacy session as a value.

pub mod jsonrpc;
pub mod types;

mod call;
mod error;
mod principal;
mod raw;
mod revision;

pub mod session;
pub mod wire;

pub use call::{
    Answer, Call, CallTool, Caller, Complete, GetPrompt, IDEMPOTENCY_KEY, Other, ReadResource,
    Reference, Retry,
};
pub use error::Error;
pub use principal::{Identity, Principal};
pub use raw::Raw;
pub use revision::{Era, Revision, Rules, UnsupportedRevision};

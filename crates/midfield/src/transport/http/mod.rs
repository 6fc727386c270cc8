//! Streamable HTTP, of every revision, on one endpoint.
//!
//! - 2026-07-28: [every request stands for itself](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http).
//! - 2025-03-26 to 2025-11-25: [sessions](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http),
//!   whose id is a sealed token, so that an idle session costs no memory.
//!
//! - 2024-11-05: [HTTP with SSE](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse),
//!   where [`Options::legacy_sse`] gives it a path of its own.
//!
//! The path of a request: `guard` → body under limits → `classify` decides the era → `modern` or
//! `legacy` decodes → the server answers → `reply`: JSON, or a stream once there is something to say
//! before the response.

mod body;
mod classify;
mod cors;
mod ended;
mod endpoint;
mod guard;
mod left_behind;
mod legacy;
mod lines;
mod modern;
mod names;
mod options;
mod own;
mod reply;
mod serve;
mod service;
mod session;
mod sessions;
mod sse;
mod stream;

pub use names::OptionsError;
pub use options::Options;
pub use reply::ReplyBody;
pub use serve::serve;
pub use service::HttpService;

//! [JSON-RPC 2.0](https://www.jsonrpc.org/specification) as MCP narrows it: frames, ids, error objects.
//!
//! Nothing of MCP is in here. The envelope is parsed once, borrowed; parameters stay bytes until the
//! method is known. What is refused here never reaches a method.

mod error;
mod id;
mod message;
mod scan;
mod write;

pub use error::{Code, ErrorObject, Rejected};
pub use id::RequestId;
pub use message::{Incoming, Message, Notification, Request, Response};
pub use scan::MAX_DEPTH;
pub use write::{bare_notification, error, notification, request, result};

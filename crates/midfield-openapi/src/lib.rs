//! An OpenAPI document becomes tools, requests and results, without a network of its own.
//!
//! [`Document::read`] reads OpenAPI 3.0, 3.1 and (by conversion) Swagger 2.0, as JSON or YAML.
//! [`Document::operations`] gives each operation as an [`Operation`], or as [`Skipped`] with the
//! reason. An [`Operation`] says what its tool looks like; [`Operation::request`] turns arguments
//! into an [`HttpRequest`], which the caller sends; [`Operation::reply`] reads the answer. Of an
//! operation that answers `202 Accepted` and finishes later, [`JobRules`] read how its job goes on.
//!
//! Documents and arguments are foreign: nothing here panics on them, follows them without limit
//! or lets them out of their place in a request.

mod document;
mod job;
mod operation;
mod request;
mod response;
mod schema;

pub use self::document::{
    BrokenReference, Document, DocumentError, Entry, Folder, Format, Limits, LoadError, Loader,
    NoFiles, ReadError, ReadOptions, Version,
};
pub use self::job::{
    JobBegun, JobLinks, JobReply, JobResult, JobRules, JobRunning, JobStatus, NotAPointer, Pointer,
    TemplateError, UrlTemplate,
};
pub use self::operation::{
    Accepted, Argument, Hints, Method, Operation, Options, Place, Reason, RequiredScheme,
    Requirement, Scheme, Server, ServerVariable, Skipped,
};
pub use self::request::{Credential, Credentials, HttpRequest, Problem, RequestError};
pub use self::response::{Reply, ReplyContent};

//! Questions to the client. In a legacy revision they are requests of the server's own; since 2026-07-28 they
//! travel in results, see [`crate::Answer::InputRequired`].

use serde::Serialize;

use super::{Codec, legacy};
use crate::jsonrpc::{self, RequestId};
use crate::types::InputRequest;
use crate::{Era, Error};

/// The request by which a server asks its client, in the words of a legacy revision. Whether the client
/// offers to be asked is for the caller to know, see [`InputRequest::is_covered_by`].
///
/// # Errors
/// [`Error::InvalidRequest`] for what the revision cannot say, [`Error::Internal`] for what cannot be
/// written as JSON.
pub fn question(codec: Codec, id: &RequestId, request: &InputRequest) -> Result<Vec<u8>, Error> {
    write(codec, id, request, None)
}

/// The request by which a server asks its client what a task waits for, in the words of revision 2025-11-25: it says to
/// which task it belongs.
///
/// # Errors
/// [`Error::InvalidRequest`] for what the revision cannot say, [`Error::Internal`] for what cannot be
/// written as JSON.
pub fn task_question(
    codec: Codec,
    id: &RequestId,
    request: &InputRequest,
    task: &str,
) -> Result<Vec<u8>, Error> {
    if !codec.revision().rules().core_tasks {
        return Err(Error::InvalidRequest {
            detail: format!(
                "in revision {} a server sends no requests that belong to a task",
                codec.revision()
            ),
        });
    }
    write(codec, id, request, Some(task))
}

fn write(
    codec: Codec,
    id: &RequestId,
    request: &InputRequest,
    task: Option<&str>,
) -> Result<Vec<u8>, Error> {
    let revision = codec.revision();
    if revision.era() == Era::Modern {
        return Err(Error::InvalidRequest {
            detail: format!(
                "in revision {revision} a server sends no requests; it asks by `input_required`"
            ),
        });
    }
    let method = request.method();
    let written = match request {
        InputRequest::Elicit(elicitation) => {
            let params = legacy::elicitation(elicitation, revision)?;
            asked(id, method, &params, task)
        }
        InputRequest::Sample(sample) => {
            let params = legacy::sampling(sample, revision)?;
            asked(id, method, params.as_ref(), task)
        }
        InputRequest::ListRoots => match task {
            Some(_) => asked(id, method, &Bare {}, task),
            None => jsonrpc::request::<()>(id, method, None),
        },
    };
    written.map_err(|_| Error::Internal)
}

/// A request with these parameters, and with the task that it belongs to, if it does.
fn asked<T: Serialize>(
    id: &RequestId,
    method: &str,
    params: &T,
    task: Option<&str>,
) -> Result<Vec<u8>, serde_json::Error> {
    match task {
        Some(task) => jsonrpc::request(id, method, Some(&legacy::OfTask::new(task, params))),
        None => jsonrpc::request(id, method, Some(params)),
    }
}

/// No parameters.
#[derive(Serialize)]
struct Bare {}

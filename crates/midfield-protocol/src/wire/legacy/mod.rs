//! How the revisions up to 2025-11-25 write what is asked. What differs between them are
//! [`crate::Rules`].

mod adapt;
mod error;
mod offers;
mod question;
mod task;

pub(super) use adapt::{capabilities, implementation, tool, tool_result};
pub(super) use error::{URL_ELICITATION_REQUIRED, error_object};
pub(super) use offers::{prompt, prompt_result, read_result, resource, resource_template};
pub(super) use question::{elicitation, sampling};
pub(super) use task::{CreateTaskResult, OfTask, TaskPage, TaskResult, WireTask, task_status};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::params;
use crate::jsonrpc::{Notification, Request, RequestId};
use crate::session::Initialize;
use crate::types::{ClientCapabilities, Progress, ProgressToken};
use crate::{Call, Error, Rules};

/// The method that opens a session. It is answered by the transport, which owns sessions.
pub const INITIALIZE: &str = "initialize";

/// The notification that ends a request early.
pub const CANCELLED: &str = "notifications/cancelled";

/// The notification by which the client says that it is ready.
pub const INITIALIZED: &str = "notifications/initialized";

/// The notification by which the client says how far it has come with a request of ours.
pub const PROGRESS: &str = "notifications/progress";

/// The notification by which the client says that its roots have changed.
pub const ROOTS_LIST_CHANGED: &str = "notifications/roots/list_changed";

/// The methods of a legacy revision with these rules; `None` for any other.
pub(super) fn decode<'a>(request: &Request<'a>, rules: Rules) -> Result<Option<Call<'a>>, Error> {
    let read_task: params::ReadTask = if rules.core_tasks {
        params::task
    } else {
        params::no_task
    };
    Ok(Some(match request.method.as_ref() {
        "tools/call" => params::call_tool(request, params::no_retry, read_task)?,
        "tools/list" => Call::ListTools {
            cursor: params::cursor(request)?,
        },
        "resources/read" => params::read_resource(request, params::no_retry)?,
        "resources/list" => Call::ListResources {
            cursor: params::cursor(request)?,
        },
        "resources/templates/list" => Call::ListResourceTemplates {
            cursor: params::cursor(request)?,
        },
        "resources/subscribe" => Call::Subscribe {
            uri: params::uri(request)?,
        },
        "resources/unsubscribe" => Call::Unsubscribe {
            uri: params::uri(request)?,
        },
        "prompts/get" => params::get_prompt(request, params::no_retry)?,
        "prompts/list" => Call::ListPrompts {
            cursor: params::cursor(request)?,
        },
        "completion/complete" => params::complete(request)?,
        "ping" => Call::Ping,
        "logging/setLevel" => set_log_level(request)?,
        "tasks/get" if rules.core_tasks => Call::GetTask {
            id: params::task_id(request)?,
        },
        "tasks/result" if rules.core_tasks => Call::TaskResult {
            id: params::task_id(request)?,
        },
        "tasks/list" if rules.core_tasks => Call::ListTasks {
            cursor: params::cursor(request)?,
        },
        "tasks/cancel" if rules.core_tasks => Call::CancelTask {
            id: params::task_id(request)?,
        },
        _ => return Ok(None),
    }))
}

/// Reads the parameters of `initialize`.
///
/// # Errors
/// [`Error::InvalidParams`] when a member is missing or has the wrong type.
pub fn decode_initialize(request: &Request<'_>) -> Result<Initialize, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        protocol_version: String,
        #[serde(borrow, default)]
        capabilities: Option<&'a RawValue>,
        #[serde(borrow)]
        client_info: &'a RawValue,
    }
    let params: Params<'_> = params::read(request)?;
    let capabilities = match params.capabilities {
        Some(capabilities) => params::capabilities("capabilities", capabilities)?,
        None => ClientCapabilities::default(),
    };
    Ok(Initialize::new(
        params.protocol_version,
        capabilities,
        params::object("clientInfo", params.client_info)?,
    ))
}

/// The request that a `notifications/cancelled` names; `None` for a malformed one, which is ignored
/// ([cancellation](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/cancellation#error-handling)).
pub fn cancelled_request(notification: &Notification<'_>) -> Option<RequestId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        request_id: RequestId,
    }
    let params: Params = serde_json::from_str(notification.params?.get()).ok()?;
    Some(params.request_id)
}

/// What a `notifications/progress` says; `None` for a malformed one, which is ignored.
pub fn progress(notification: &Notification<'_>) -> Option<(ProgressToken, Progress)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        progress_token: ProgressToken,
    }
    let text = notification.params?.get();
    let params: Params = serde_json::from_str(text).ok()?;
    Some((params.progress_token, serde_json::from_str(text).ok()?))
}

fn set_log_level<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    #[derive(Deserialize)]
    struct Params {
        level: String,
    }
    let params: Params = params::read(request)?;
    match params.level.parse() {
        Ok(level) => Ok(Call::SetLogLevel(level)),
        Err(unknown) => {
            let unknown: crate::types::UnknownLogLevel = unknown;
            Err(Error::InvalidParams {
                detail: unknown.to_string(),
            })
        }
    }
}

//! What a server says unasked: notifications, and in legacy revisions requests.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::TaskState;
use crate::jsonrpc::{Notification, Request, RequestId};
use crate::types::{Filter, InputRequest, LogMessage, Progress, ProgressToken, TaskRequest};
use crate::wire::{Changed, Codec, legacy, params};
use crate::{Era, Error, Raw};

/// What a notification tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Told {
    /// How far a request has come.
    Progress {
        /// What the client said it would recognize the request by.
        token: ProgressToken,
        /// How far.
        progress: Progress,
    },
    /// A message of the log.
    Log(LogMessage),
    /// A list has changed.
    Changed(Changed),
    /// A resource has changed.
    ResourceUpdated {
        /// Where it is.
        uri: String,
    },
    /// The user is done with a page. Only 2025-11-25 tells it.
    ElicitationComplete {
        /// The page.
        elicitation_id: String,
    },
    /// A task has changed.
    Task(Box<TaskState>),
    /// The server no longer waits for an answer, or ends a subscription.
    Cancelled {
        /// The request by its id: of the server in legacy revisions, of the client in 2026-07-28.
        request: RequestId,
        /// Why, for a person.
        reason: Option<String>,
    },
    /// What of a subscription the server will tell.
    Acknowledged(Filter),
    /// What only an extension may know.
    Other {
        /// What is told.
        method: String,
        /// The parameters, an object.
        params: Option<Raw>,
    },
}

/// Reads a notification, and the subscription that it belongs to; `None` for a malformed one, which is ignored.
pub fn read_told(
    codec: Codec,
    notification: &Notification<'_>,
) -> Option<(Told, Option<RequestId>)> {
    let text = notification.params.map_or("{}", RawValue::get);
    let told = match notification.method.as_ref() {
        legacy::PROGRESS => {
            let (token, progress) = legacy::progress(notification)?;
            Told::Progress { token, progress }
        }
        "notifications/message" => Told::Log(serde_json::from_str(text).ok()?),
        "notifications/tools/list_changed" => Told::Changed(Changed::Tools),
        "notifications/prompts/list_changed" => Told::Changed(Changed::Prompts),
        "notifications/resources/list_changed" => Told::Changed(Changed::Resources),
        "notifications/resources/updated" => updated(text)?,
        "notifications/elicitation/complete" => elicitation_complete(text)?,
        "notifications/tasks" | "notifications/tasks/status" => {
            let raw = Raw::from(notification.params?);
            Told::Task(Box::new(TaskState::read_brief(codec, &raw).ok()?))
        }
        legacy::CANCELLED => cancelled(text)?,
        "notifications/subscriptions/acknowledged" => acknowledged(text)?,
        method => Told::Other {
            method: method.to_owned(),
            params: notification.params.map(Raw::from),
        },
    };
    Some((told, subscription(text)))
}

fn updated(text: &str) -> Option<Told> {
    #[derive(Deserialize)]
    struct Params {
        uri: String,
    }
    let Params { uri } = serde_json::from_str(text).ok()?;
    Some(Told::ResourceUpdated { uri })
}

fn elicitation_complete(text: &str) -> Option<Told> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        elicitation_id: String,
    }
    let Params { elicitation_id } = serde_json::from_str(text).ok()?;
    Some(Told::ElicitationComplete { elicitation_id })
}

fn cancelled(text: &str) -> Option<Told> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        request_id: RequestId,
        #[serde(default)]
        reason: Option<String>,
    }
    let params: Params = serde_json::from_str(text).ok()?;
    Some(Told::Cancelled {
        request: params.request_id,
        reason: params.reason,
    })
}

fn acknowledged(text: &str) -> Option<Told> {
    #[derive(Deserialize)]
    struct Params {
        notifications: Filter,
    }
    let params: Params = serde_json::from_str(text).ok()?;
    Some(Told::Acknowledged(params.notifications))
}

/// The subscription that a notification, or the end of one, belongs to.
fn subscription(text: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(default, rename = "_meta")]
        meta: Meta,
    }
    #[derive(Default, Deserialize)]
    struct Meta {
        // SUBSCRIPTION_ID
        #[serde(default, rename = "io.modelcontextprotocol/subscriptionId")]
        subscription: Option<RequestId>,
    }
    let params: Params = serde_json::from_str(text).ok()?;
    params.meta.subscription
}

/// What a server asks by a request of its own, in a legacy session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Asked {
    /// Is anybody there?
    Ping,
    /// Something for the user, the model, or about the roots.
    Input {
        /// The question.
        request: Box<InputRequest>,
        /// The wish that the answer be worked on as a task. What is wrong with it counts only where such wishes are heeded.
        task: Option<Result<TaskRequest, Error>>,
        /// The task of the server that asks. The answer has to name it too.
        related: Option<String>,
    },
    /// How is it with a task of the client?
    GetTask {
        /// The task.
        id: String,
    },
    /// What came of a task of the client? Answered when it is over.
    TaskResult {
        /// The task.
        id: String,
    },
    /// Which tasks of the client are there?
    ListTasks {
        /// Where the page begins, as the page before it said.
        cursor: Option<String>,
    },
    /// End a task of the client early.
    CancelTask {
        /// The task.
        id: String,
    },
}

/// Reads a request of the server.
///
/// # Errors
/// [`Error::MethodNotFound`] for what the revision does not have, which is everything in the modern era, and
/// [`Error::InvalidParams`] for parameters that do not fit.
pub fn read_question(codec: Codec, request: &Request<'_>) -> Result<Asked, Error> {
    let rules = codec.revision().rules();
    let unknown = || Error::MethodNotFound {
        method: request.method.clone().into_owned(),
    };
    if codec.revision().era() == Era::Modern {
        return Err(unknown());
    }
    let id = || params::task_id(request).map(Cow::into_owned);
    match request.method.as_ref() {
        "ping" => Ok(Asked::Ping),
        "tasks/get" if rules.core_tasks => Ok(Asked::GetTask { id: id()? }),
        "tasks/result" if rules.core_tasks => Ok(Asked::TaskResult { id: id()? }),
        "tasks/cancel" if rules.core_tasks => Ok(Asked::CancelTask { id: id()? }),
        "tasks/list" if rules.core_tasks => Ok(Asked::ListTasks {
            cursor: params::cursor(request)?.map(Cow::into_owned),
        }),
        method => {
            let params = request.params.map_or("{}", RawValue::get);
            let input = InputRequest::read(method, params).ok_or_else(unknown)?;
            let input = input.map_err(|error| params::invalid(error.to_string()))?;
            Ok(Asked::Input {
                request: Box::new(input),
                task: task(request, rules.core_tasks)?,
                related: rules.core_tasks.then(|| related(params)).flatten(),
            })
        }
    }
}

fn task(
    request: &Request<'_>,
    has_tasks: bool,
) -> Result<Option<Result<TaskRequest, Error>>, Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow, default)]
        task: Option<&'a RawValue>,
    }
    let Params { task } = params::read(request)?;
    Ok(if has_tasks {
        params::task(task).transpose()
    } else {
        None
    })
}

/// The task that a message belongs to; what says so in another way than it should belongs to none.
fn related(params: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "_meta")]
        meta: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        // RELATED_TASK
        #[serde(rename = "io.modelcontextprotocol/related-task")]
        related: Related,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Related {
        task_id: String,
    }
    let params: Params = serde_json::from_str(params).ok()?;
    Some(params.meta.related.task_id)
}

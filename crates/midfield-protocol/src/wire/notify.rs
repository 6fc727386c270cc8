//! Notifications that a server sends: while it works on a request, and when something changes.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::{Map, Value};

use super::{Codec, SUBSCRIPTION_ID, legacy, modern};
use crate::jsonrpc::{self, RequestId};
use crate::types::{Filter, LogMessage, Progress, ProgressToken, TaskView};
use crate::{Era, Raw};

/// A notification of progress.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn progress(
    codec: Codec,
    token: &ProgressToken,
    progress: &Progress,
) -> Result<Vec<u8>, serde_json::Error> {
    let progress = known_progress(codec, progress);
    jsonrpc::notification(
        "notifications/progress",
        &ProgressParams::new(token, &progress),
    )
}

/// A notification of the progress of a task, to a client of revision 2025-11-25: the token of the call stays valid as long
/// as its task. The extension of 2026-07-28 tells nobody of progress.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn task_progress(
    codec: Codec,
    token: &ProgressToken,
    progress: &Progress,
    task: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let progress = known_progress(codec, progress);
    let params = ProgressParams::new(token, &progress);
    jsonrpc::notification("notifications/progress", &legacy::OfTask::new(task, params))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressParams<'a> {
    progress_token: &'a ProgressToken,
    #[serde(flatten)]
    progress: &'a Progress,
}

impl<'a> ProgressParams<'a> {
    fn new(progress_token: &'a ProgressToken, progress: &'a Progress) -> Self {
        Self {
            progress_token,
            progress,
        }
    }
}

/// `progress` without what the revision lacks; borrowed where nothing changes.
fn known_progress(codec: Codec, progress: &Progress) -> Cow<'_, Progress> {
    if progress.message.is_none() || codec.revision().rules().progress_message {
        return Cow::Borrowed(progress);
    }
    Cow::Owned(Progress {
        message: None,
        ..progress.clone()
    })
}

/// A notification that carries a log message. Every revision writes it alike.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn log(message: &LogMessage) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::notification("notifications/message", message)
}

/// A notification that carries a log message of a task, to a client of revision 2025-11-25. The extension of 2026-07-28
/// sends none.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn task_log(message: &LogMessage, task: &str) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::notification("notifications/message", &legacy::OfTask::new(task, message))
}

/// A list that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these three"
)]
pub enum Changed {
    /// The tools.
    Tools,
    /// The prompts.
    Prompts,
    /// The resources, or the templates of resources.
    Resources,
}

impl Changed {
    /// The notification's method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }
}

/// A notification that a list has changed. A modern one says to which `subscription` it belongs, a legacy
/// one belongs to none.
///
/// # Errors
/// Never in practice: strings and integers are written here.
pub fn list_changed(
    which: Changed,
    subscription: Option<&RequestId>,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(rename = "_meta")]
        meta: SubscriptionMeta<'a>,
    }
    match subscription {
        None => Ok(jsonrpc::bare_notification(which.method())),
        Some(subscription) => jsonrpc::notification(
            which.method(),
            &Params {
                meta: SubscriptionMeta { subscription },
            },
        ),
    }
}

/// A notification that the resource at `uri` has changed. A modern one says to which `subscription` it
/// belongs, a legacy one belongs to none.
///
/// # Errors
/// Never in practice: strings and integers are written here.
pub fn resource_updated(
    uri: &str,
    subscription: Option<&RequestId>,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
        meta: Option<SubscriptionMeta<'a>>,
        uri: &'a str,
    }
    jsonrpc::notification(
        "notifications/resources/updated",
        &Params {
            meta: subscription.map(|subscription| SubscriptionMeta { subscription }),
            uri,
        },
    )
}

/// The notification that begins a modern `subscription`: what of the wish the server will tell.
///
/// # Errors
/// Never in practice: strings, integers and booleans are written here.
pub fn acknowledged(
    filter: &Filter,
    subscription: &RequestId,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(rename = "_meta")]
        meta: SubscriptionMeta<'a>,
        notifications: &'a Filter,
    }
    jsonrpc::notification(
        "notifications/subscriptions/acknowledged",
        &Params {
            meta: SubscriptionMeta { subscription },
            notifications: filter,
        },
    )
}

/// A notification that the state of a task has changed, with all that there is to tell of it. A modern one says to which
/// `subscription` it belongs, a legacy one belongs to none.
///
/// # Errors
/// When the revision has no tasks, when the task is over and lacks an outcome, and when what there is to tell cannot be
/// written as JSON.
pub fn task_status(
    codec: Codec,
    view: &TaskView,
    subscription: Option<&RequestId>,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(flatten)]
        task: modern::DetailedTask<'a>,
        #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
        meta: Option<SubscriptionMeta<'a>>,
    }
    let revision = codec.revision();
    match revision.era() {
        Era::Legacy if !revision.rules().core_tasks => Err(serde_json::Error::custom(
            format_args!("revision {revision} has no tasks"),
        )),
        Era::Legacy => {
            jsonrpc::notification("notifications/tasks/status", &legacy::WireTask::from(view))
        }
        Era::Modern => jsonrpc::notification(
            "notifications/tasks",
            &Params {
                task: modern::DetailedTask::new(view)?,
                meta: subscription.map(|subscription| SubscriptionMeta { subscription }),
            },
        ),
    }
}

/// A notification that the answer to the request `id` is no longer waited for.
///
/// # Errors
/// Never in practice: strings and integers are written here.
pub fn cancelled(id: &RequestId, reason: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        request_id: &'a RequestId,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    jsonrpc::notification(
        legacy::CANCELLED,
        &Params {
            request_id: id,
            reason,
        },
    )
}

/// A notification that the user is done with a page. Only 2025-11-25 has it.
///
/// # Errors
/// Never in practice: a string is written here.
pub fn elicitation_complete(elicitation_id: &str) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        elicitation_id: &'a str,
    }
    jsonrpc::notification(
        "notifications/elicitation/complete",
        &Params { elicitation_id },
    )
}

/// An extension's notification; `params` is an object.
///
/// # Errors
/// When `params` is no object.
pub fn custom(
    method: &str,
    params: &Raw,
    subscription: Option<&RequestId>,
) -> Result<Vec<u8>, serde_json::Error> {
    let Some(subscription) = subscription else {
        return jsonrpc::notification(method, params);
    };
    let mut params: Map<String, Value> = params.read()?;
    let meta = params
        .entry("_meta")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(meta) = meta {
        let id = serde_json::to_value(subscription)?;
        meta.insert(SUBSCRIPTION_ID.to_owned(), id);
    }
    jsonrpc::notification(method, &params)
}

#[derive(Serialize)]
struct SubscriptionMeta<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: &'a RequestId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;

    #[test]
    fn whole_numbers_are_written_whole_and_the_oldest_revision_gets_no_message() {
        let token = ProgressToken(RequestId::from("t"));
        let step = Progress::new(0.5).total(3.0).message("halfway");
        let written = |revision| {
            let bytes = progress(Codec::new(revision), &token, &step).expect("JSON");
            String::from_utf8(bytes).expect("UTF-8")
        };
        assert_eq!(
            written(Revision::V2025_11_25),
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0.5,"total":3,"message":"halfway"}}"#
        );
        assert!(!written(Revision::V2024_11_05).contains("halfway"));
    }
}

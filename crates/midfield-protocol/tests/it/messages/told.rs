//! What a server says unasked: notifications, and questions of its own.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    Filter, InputRequest, LogLevel, LogMessage, Progress, ProgressToken,
};
use midfield_protocol::wire::{self, Changed, Codec};
use midfield_protocol::{Era, Raw, Revision};
use serde_json::json;

use super::{Kind, Written};
use crate::rich;

pub(super) fn notifications(revision: Revision) -> Vec<Written> {
    let codec = Codec::new(revision);
    let progress =
        |token: ProgressToken, step: &Progress| wire::progress(codec, &token, step).expect("JSON");
    let mut log = LogMessage::new(
        LogLevel::Warning,
        Raw::of(&json!({"balance": 7, "drift": 0.001})).expect("JSON"),
    );
    let named_log = {
        log.logger = Some("balance".into());
        wire::log(&log).expect("JSON")
    };
    let plain_log = LogMessage::new(LogLevel::Debug, Raw::of("warming up").expect("JSON"));
    let step = "ProgressNotification";
    let message = "LoggingMessageNotification";
    [
        (
            "progress",
            step,
            progress(
                ProgressToken(RequestId::from("p-1")),
                &Progress::new(2.0).total(8.0).message("weighing"),
            ),
        ),
        (
            "progress-without-end",
            step,
            progress(ProgressToken(RequestId::from(12)), &Progress::new(0.75)),
        ),
        ("log", message, named_log),
        (
            "log-without-logger",
            message,
            wire::log(&plain_log).expect("JSON"),
        ),
    ]
    .map(|(name, definition, bytes)| Written {
        name,
        bytes,
        kind: Kind::Notification(definition),
    })
    .into()
}

/// Notifications that something has changed. Modern ones belong to a subscription.
pub(super) fn changes(revision: Revision) -> Vec<Written> {
    let id = RequestId::from(12);
    let subscription = (revision.era() == Era::Modern).then_some(&id);
    let list = |which| wire::list_changed(which, subscription).expect("JSON");
    let mut changes = vec![
        (
            "tools-changed",
            "ToolListChangedNotification",
            list(Changed::Tools),
        ),
        (
            "prompts-changed",
            "PromptListChangedNotification",
            list(Changed::Prompts),
        ),
        (
            "resources-changed",
            "ResourceListChangedNotification",
            list(Changed::Resources),
        ),
        (
            "resource-updated",
            "ResourceUpdatedNotification",
            wire::resource_updated("lab://samples/17", subscription).expect("JSON"),
        ),
        (
            "cancelled",
            "CancelledNotification",
            wire::cancelled(&RequestId::from("q-1"), Some("too slow")).expect("JSON"),
        ),
    ];
    if let Some(subscription) = subscription {
        let mut filter = Filter::default();
        filter.tools_list_changed = true;
        filter.resource_subscriptions = vec!["lab://samples/17".into()];
        changes.push((
            "acknowledged",
            "SubscriptionsAcknowledgedNotification",
            wire::acknowledged(&filter, subscription).expect("JSON"),
        ));
    }
    if revision == Revision::V2025_11_25 {
        changes.push((
            "elicitation-complete",
            "ElicitationCompleteNotification",
            wire::elicitation_complete("e-1").expect("JSON"),
        ));
    }
    changes
        .into_iter()
        .map(|(name, definition, bytes)| Written {
            name,
            bytes,
            kind: Kind::Notification(definition),
        })
        .collect()
}

/// What of the questions a legacy revision can ask.
pub(super) fn questions(revision: Revision) -> Vec<Written> {
    let mut questions = vec![
        ("ask-model", rich::plain_sample()),
        ("ask-roots", InputRequest::ListRoots),
    ];
    if revision >= Revision::V2025_06_18 {
        let several = revision >= Revision::V2025_11_25;
        questions.push(("ask-user", rich::form(several)));
    }
    if revision >= Revision::V2025_11_25 {
        questions.push(("ask-user-by-page", rich::sign_in()));
        questions.push(("ask-model-with-tools", rich::tools_sample()));
    }
    let codec = Codec::new(revision);
    let id = RequestId::from("s-1");
    questions
        .into_iter()
        .map(|(name, question)| Written {
            name,
            bytes: wire::question(codec, &id, &question).expect("a question"),
            kind: Kind::Request(match question {
                InputRequest::Elicit(_) => "ElicitRequest",
                InputRequest::Sample(_) => "CreateMessageRequest",
                _ => "ListRootsRequest",
            }),
        })
        .collect()
}

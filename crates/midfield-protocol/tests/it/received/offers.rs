//! What clients ask of resources, prompts and subscriptions, and what a server makes of it.

use std::collections::BTreeMap;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{Progress, ProgressToken};
use midfield_protocol::wire::{legacy, modern};
use midfield_protocol::{Call, Reference, Revision};
use serde_json::value::RawValue;

use super::{decode, in_modern, notification};
use crate::support::request;

pub(super) fn asks_for_resources(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(&call, Call::ListResources { cursor: Some(cursor) } if cursor == "bzoz"),
        "{call:?}"
    );
}

pub(super) fn asks_for_templates(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(call, Call::ListResourceTemplates { cursor: None }),
        "{call:?}"
    );
}

pub(super) fn reads_a_resource(revision: Revision, frame: &str) {
    let request = request(frame);
    let (call, _) = decode(revision, &request);
    assert_eq!(modern::mirrored_name(&call), Some("lab://samples/%C2%B5"));
    let Call::ReadResource(call) = call else {
        panic!("nothing is read: {call:?}");
    };
    assert_eq!(call.uri, "lab://samples/%C2%B5");
    let state = in_modern(revision).then_some("c3RhdGU");
    assert_eq!(call.retry.state.as_deref(), state);
    assert!(call.retry.responses.is_none());
}

pub(super) fn subscribes(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(&call, Call::Subscribe { uri } if uri == "lab://samples/17"),
        "{call:?}"
    );
}

pub(super) fn unsubscribes(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(&call, Call::Unsubscribe { uri } if uri == "lab://samples/17"),
        "{call:?}"
    );
}

pub(super) fn asks_for_prompts(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(call, Call::ListPrompts { cursor: None }),
        "{call:?}"
    );
}

pub(super) fn gets_a_prompt(revision: Revision, frame: &str) {
    let request = request(frame);
    let (call, _) = decode(revision, &request);
    assert_eq!(modern::mirrored_name(&call), Some("report"));
    let Call::GetPrompt(call) = call else {
        panic!("no prompt: {call:?}");
    };
    assert_eq!(
        call.arguments.as_deref().map(RawValue::get),
        Some(r#"{"sample":"s-17 µ","tone":"\"dry\""}"#)
    );
    let responses =
        in_modern(revision).then_some(r#"{"who":{"action":"accept","content":{"name":"Ada"}}}"#);
    assert_eq!(
        call.retry.responses.as_deref().map(RawValue::get),
        responses
    );
}

pub(super) fn completes_of_a_prompt(revision: Revision, frame: &str) {
    let request = request(frame);
    let Call::Complete(call) = decode(revision, &request).0 else {
        panic!("nothing is completed: {frame}");
    };
    let report = Reference::Prompt {
        name: "report".into(),
    };
    assert_eq!(call.reference, report);
    assert_eq!((call.name.as_ref(), call.value.as_ref()), ("sample", "s-"));
    let mut chosen = BTreeMap::new();
    if revision >= Revision::V2025_06_18 {
        chosen.insert("tone".to_owned(), "dry".to_owned());
    }
    assert_eq!(call.arguments, chosen);
}

pub(super) fn completes_of_a_template(revision: Revision, frame: &str) {
    let request = request(frame);
    let Call::Complete(call) = decode(revision, &request).0 else {
        panic!("nothing is completed: {frame}");
    };
    let samples = Reference::Resource {
        uri: "lab://samples/{number}".into(),
    };
    assert_eq!(call.reference, samples);
    assert_eq!((call.name.as_ref(), call.value.as_ref()), ("number", ""));
}

pub(super) fn listens(revision: Revision, frame: &str) {
    let Call::Listen(filter) = decode(revision, &request(frame)).0 else {
        panic!("nobody listens: {frame}");
    };
    assert!(filter.tools_list_changed);
    assert!(!filter.prompts_list_changed && !filter.resources_list_changed);
    assert_eq!(filter.resource_subscriptions, ["lab://samples/17"]);
}

pub(super) fn has_other_roots(_: Revision, frame: &str) {
    assert_eq!(notification(frame).method, legacy::ROOTS_LIST_CHANGED);
}

pub(super) fn tells_progress(_: Revision, frame: &str) {
    let notification = notification(frame);
    assert_eq!(notification.method, legacy::PROGRESS);
    let token = ProgressToken(RequestId::from("s-1"));
    assert_eq!(
        legacy::progress(&notification),
        Some((token, Progress::new(0.5).total(2.0)))
    );
}

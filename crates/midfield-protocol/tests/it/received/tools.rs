//! What clients ask of tools, and what a server makes of it.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{LogLevel, ProgressToken};
use midfield_protocol::wire::modern;
use midfield_protocol::{Call, Revision};

use super::{decode, in_modern};
use crate::support::request;

pub(super) fn asks_for_the_first_page(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(matches!(call, Call::ListTools { cursor: None }), "{call:?}");
}

pub(super) fn asks_for_the_next_page(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(&call, Call::ListTools { cursor: Some(cursor) } if cursor == "bzoz"),
        "{call:?}"
    );
}

pub(super) fn calls_with_arguments(revision: Revision, frame: &str) {
    let request = request(frame);
    assert_eq!(request.id, RequestId::from(3));
    let (call, caller) = decode(revision, &request);
    if in_modern(revision) {
        assert_eq!(modern::mirrored_name(&call), Some("order_assay"));
    }
    let Call::CallTool(call) = call else {
        panic!("no call of a tool: {call:?}");
    };
    assert_eq!(call.name, "order_assay");
    assert_eq!(
        call.arguments
            .as_deref()
            .map(serde_json::value::RawValue::get),
        Some(r#"{"sample":"s-17 µ","mass":1.0,"count":9007199254740993}"#),
        "arguments stay as they were written"
    );
    assert_eq!(
        caller.progress_token,
        Some(ProgressToken(RequestId::from(3)))
    );
    let level = in_modern(revision).then_some(LogLevel::Warning);
    assert_eq!(caller.log_level, level);
}

pub(super) fn calls_without_arguments(revision: Revision, frame: &str) {
    let request = request(frame);
    assert_eq!(request.id, RequestId::from("9f0c-é"));
    let (call, caller) = decode(revision, &request);
    assert!(
        matches!(&call, Call::CallTool(call) if call.name == "list_samples" && call.arguments.is_none()),
        "{call:?}"
    );
    assert_eq!((caller.client, caller.progress_token), (None, None));
}

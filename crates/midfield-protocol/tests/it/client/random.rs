//! Answers, notifications and questions of any shape: nothing that reads them panics, and what is told of them is short.

use midfield_protocol::jsonrpc::{Code, ErrorObject, Incoming, Message};
use midfield_protocol::types::{
    Completion, Prompt, PromptResult, ReadResult, Resource, ResourceTemplate, Tool, ToolResult,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{
    self as wire, Discovery, FromResult, Handshake, InvalidAnswer, Outcome, Page, TaskPage,
    TaskState,
};
use midfield_protocol::{Call, CallTool, Raw, Revision};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{any_text, json as any_json};
use crate::support::{names, text};

/// Everything that a client reads of a result.
fn read_all(codec: Codec, raw: &Raw) {
    let mut call = CallTool::new("any");
    call.task = Some(midfield_protocol::types::TaskRequest::new(None));
    for call in [
        Call::CallTool(call),
        Call::Discover,
        Call::ListTools { cursor: None },
    ] {
        if let Err(error) = Outcome::read(codec, &call, raw.clone()) {
            assert!(error.to_string().chars().count() < 700, "{error}");
        }
    }
    let told = [
        ToolResult::from_result(codec, raw).err(),
        ReadResult::from_result(codec, raw).err(),
        PromptResult::from_result(codec, raw).err(),
        Completion::from_result(codec, raw).err(),
        Discovery::from_result(codec, raw).err(),
        TaskState::from_result(codec, raw).err(),
        TaskPage::from_result(codec, raw).err(),
        Page::<Tool>::from_result(codec, raw).err(),
        Page::<Prompt>::from_result(codec, raw).err(),
        Page::<Resource>::from_result(codec, raw).err(),
        Page::<ResourceTemplate>::from_result(codec, raw).err(),
        Handshake::read(raw).err().map(|error| error.detail),
        wire::task_result(codec, raw)
            .err()
            .map(|error| error.detail),
    ];
    for detail in told.into_iter().flatten() {
        let error = InvalidAnswer::new("any/method", detail).to_string();
        assert!(
            error.chars().count() < 700 && !error.contains(char::is_control),
            "{error:?}"
        );
    }
}

/// Everything that a client reads of bytes.
fn read_bytes(bytes: &[u8]) {
    let Ok(incoming) = Incoming::parse(bytes) else {
        return;
    };
    let messages = match incoming {
        Incoming::Single(message) => vec![message],
        Incoming::Batch(messages) => messages.into_iter().flatten().collect(),
    };
    for message in &messages {
        for revision in Revision::ALL {
            let codec = Codec::new(revision);
            match message {
                Message::Notification(notification) => drop(wire::read_told(codec, notification)),
                Message::Request(request) => drop(wire::read_question(codec, request)),
                Message::Response(response) => match &response.result {
                    Ok(raw) => read_all(codec, raw),
                    Err(error) => read_error(codec, error),
                },
            }
        }
    }
}

fn read_error(codec: Codec, error: &ErrorObject) {
    let _ = wire::is_modern(error);
    let _ = wire::is_header_mismatch(error);
    let _ = wire::supported(error);
    let _ = wire::pages(codec, error);
}

/// Members that some result has, with values that fit and values that do not.
fn result() -> impl Strategy<Value = Value> {
    let known = [
        "resultType",
        "content",
        "structuredContent",
        "isError",
        "_meta",
        "tools",
        "prompts",
        "resources",
        "resourceTemplates",
        "nextCursor",
        "ttlMs",
        "cacheScope",
        "contents",
        "messages",
        "completion",
        "values",
        "supportedVersions",
        "capabilities",
        "protocolVersion",
        "serverInfo",
        "taskId",
        "status",
        "pollIntervalMs",
        "inputRequests",
        "requestState",
        "result",
        "error",
        "task",
        "tasks",
        "createdAt",
    ];
    let fits = [
        json!("input_required"),
        json!("task"),
        json!("complete"),
        json!("working"),
        json!("completed"),
        json!("failed"),
        json!([]),
        json!({}),
        json!([{}]),
        json!([{"type": "text"}]),
        json!([{"name": "a"}]),
        json!(["2026-07-28"]),
        json!({"q": {"method": "elicitation/create", "params": {}}}),
        json!({"name": "x", "version": "1"}),
        json!(1e300),
        json!({"method": "roots/list"}),
        json!("2025-11-25"),
        json!(u64::MAX),
        json!(-1),
    ];
    let value = prop_oneof![3 => prop::sample::select(fits.to_vec()), 1 => any_json()];
    prop::collection::btree_map(prop::sample::select(known.to_vec()), value, 0..8).prop_map(
        |members| {
            members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        },
    )
}

fn method() -> impl Strategy<Value = String> {
    let known = [
        "notifications/progress",
        "notifications/message",
        "notifications/cancelled",
        "notifications/resources/updated",
        "notifications/tools/list_changed",
        "notifications/elicitation/complete",
        "notifications/tasks",
        "notifications/tasks/status",
        "notifications/subscriptions/acknowledged",
        "elicitation/create",
        "sampling/createMessage",
        "roots/list",
        "ping",
        "tasks/get",
        "tasks/result",
        "tasks/list",
    ];
    prop_oneof![8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any_text()]
}

fn params() -> impl Strategy<Value = Value> {
    let known = [
        "progressToken",
        "progress",
        "total",
        "level",
        "data",
        "requestId",
        "uri",
        "elicitationId",
        "taskId",
        "status",
        "notifications",
        "_meta",
        "message",
        "requestedSchema",
        "mode",
        "url",
        "messages",
        "maxTokens",
        "cursor",
        "task",
    ];
    prop::collection::btree_map(prop::sample::select(known.to_vec()), any_json(), 0..6).prop_map(
        |members| {
            members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        },
    )
}

proptest! {
    #[test]
    fn results_of_any_members_are_read_or_refused(result in prop_oneof![4 => result(), 1 => any_json()]) {
        for revision in Revision::ALL {
            read_all(Codec::new(revision), &Raw::of(&result).expect("JSON"));
        }
    }

    #[test]
    fn whatever_a_server_tells_or_asks_is_read_or_refused(
        method in method(),
        params in prop::option::of(params()),
        id in prop::option::of(any::<i64>()),
    ) {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(params) = params {
            message["params"] = params;
        }
        if let Some(id) = id {
            message["id"] = id.into();
        }
        read_bytes(message.to_string().as_bytes());
    }

    #[test]
    fn errors_of_any_data_are_read_or_refused(
        code in prop_oneof![Just(-32_042), -32_100..-31_900_i32, any::<i32>()],
        data in any_json(),
    ) {
        let mut error = ErrorObject::new(Code::new(code), "any");
        error.data = Some(Raw::of(&data).expect("JSON"));
        for revision in Revision::ALL {
            read_error(Codec::new(revision), &error);
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_bytes(&bytes);
    }

    #[test]
    fn what_a_server_writes_is_read_or_refused_after_any_byte_was_changed(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in prop_oneof![prop::sample::select(b"{}[]\",:\\0-tn".to_vec()), any::<u8>()],
    ) {
        let revision = Revision::ALL[which.index(Revision::ALL.len())];
        let folder = format!("{revision}/written");
        let names = names(&folder);
        let mut bytes = text(&format!("{folder}/{}", names[which.index(names.len())])).into_bytes();
        let place = place.index(bytes.len());
        read_bytes(&bytes[..place]);
        bytes[place] = byte;
        read_bytes(&bytes);
    }
}

#[test]
fn what_our_servers_write_is_read_by_every_reader_without_a_panic() {
    for revision in Revision::ALL {
        let folder = format!("{revision}/written");
        for name in names(&folder) {
            read_bytes(text(&format!("{folder}/{name}")).as_bytes());
        }
    }
}

//! Every example of the specification (2026-07-28) whose type the crate has is read and written back
//! without loss.
//!
//! Domain types go through serde. Requests are decoded and built again from nothing but what was
//! understood; results are read into their domain parts and written by the encoder of a server that says
//! of itself what the example says.

use std::collections::BTreeSet;

use midfield_protocol::jsonrpc::{self, ErrorObject, Message, RequestId};
use midfield_protocol::types::{
    ClientCapabilities, Content, LogMessage, Progress, ProgressToken, ResourceContents,
    ServerCapabilities, Tool, ToolResult,
};
use midfield_protocol::wire::{self, Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Answer, Call, Error, Revision, UnsupportedRevision};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::not_yet::NOT_YET;
use crate::schemas::Definitions;
use crate::support::{MODERN, SERVER_INFO, encoder, message, names, request, text, value};

/// Reads an example and writes it back.
type Check = fn(&str) -> Value;

/// How the examples in a folder are checked.
const CHECKS: &[(&str, Check)] = &[
    ("AudioContent", plain::<Content>),
    ("BlobResourceContents", plain::<ResourceContents>),
    ("CallToolRequest", client_request),
    ("CallToolRequestParams", |text| {
        client_params("tools/call", text)
    }),
    ("CallToolResult", tool_result),
    ("CallToolResultResponse", |text| response(text, tool_result)),
    ("CancelledNotification", cancelled),
    ("CancelledNotificationParams", |text| {
        notification_params("notifications/cancelled", text, cancelled)
    }),
    ("ClientCapabilities", plain::<ClientCapabilities>),
    ("DiscoverRequest", client_request),
    ("DiscoverResult", discovery),
    ("DiscoverResultResponse", |text| response(text, discovery)),
    ("EmbeddedResource", plain::<Content>),
    ("HeaderMismatchError", error_response),
    ("ImageContent", plain::<Content>),
    ("InternalError", plain::<ErrorObject>),
    ("InvalidParamsError", plain::<ErrorObject>),
    ("ListToolsRequest", client_request),
    ("ListToolsResult", tools_page),
    ("ListToolsResultResponse", |text| response(text, tools_page)),
    ("LoggingMessageNotification", log),
    ("LoggingMessageNotificationParams", |text| {
        notification_params("notifications/message", text, log)
    }),
    ("MethodNotFoundError", plain::<ErrorObject>),
    ("MissingRequiredClientCapabilityError", error_response),
    ("PaginatedRequestParams", |text| {
        client_params("tools/list", text)
    }),
    ("ParseError", plain::<ErrorObject>),
    ("ProgressNotification", progress),
    ("ProgressNotificationParams", |text| {
        notification_params("notifications/progress", text, progress)
    }),
    ("ResourceLink", plain::<Content>),
    ("ServerCapabilities", plain::<ServerCapabilities>),
    ("TextContent", plain::<Content>),
    ("TextResourceContents", plain::<ResourceContents>),
    ("Tool", plain::<Tool>),
    ("UnsupportedProtocolVersionError", error_response),
];

/// Members that say what their absence says too, by the words of the schema: definition, member, the
/// value that is left out, and those words.
const DEFAULTS: &[(&str, &str, Value, &str)] = &[(
    "CallToolResult",
    "isError",
    Value::Bool(false),
    "If not set, this is assumed to be false",
)];

/// The paths of the examples in `folder`.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let folder = format!("2026-07-28/{folder}");
    let names = names(&folder);
    names
        .iter()
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

#[test]
fn every_example_is_written_back_without_loss() {
    let mut checked = 0;
    for (folder, check) in CHECKS {
        for file in files(folder) {
            let text = text(&file);
            let mut expected = value(&text);
            leave_out_defaults(folder, &mut expected);
            assert_eq!(check(&text), expected, "{file}");
            checked += 1;
        }
    }
    assert!(
        checked > CHECKS.len(),
        "every folder holds an example, some several"
    );
}

#[test]
fn every_folder_of_examples_is_checked_or_listed_as_not_built() {
    // The folders in lower case are ours.
    let folders: BTreeSet<String> = names("2026-07-28")
        .into_iter()
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect();
    let checked = CHECKS.iter().map(|(folder, _)| folder);
    let not_yet = NOT_YET.iter().flat_map(|part| part.folders);
    let listed: Vec<&str> = checked.chain(not_yet).copied().collect();
    let once: BTreeSet<String> = listed.iter().copied().map(String::from).collect();
    assert_eq!(once.len(), listed.len(), "no folder is listed twice");
    assert_eq!(folders, once);
}

#[test]
fn what_is_left_out_is_a_default_in_the_words_of_the_schema() {
    let definitions = Definitions::of(Revision::V2026_07_28);
    for (definition, member, _, words) in DEFAULTS {
        let description = &definitions.get(definition)["properties"][member]["description"];
        let description = description.as_str().expect("a description");
        assert!(description.contains(words), "{definition}: {description}");
    }
}

fn leave_out_defaults(folder: &str, example: &mut Value) {
    for (definition, member, default, _) in DEFAULTS {
        let holder = if folder == *definition {
            Some(&mut *example)
        } else if folder == format!("{definition}Response") {
            example.get_mut("result")
        } else {
            None
        };
        let members = holder.and_then(Value::as_object_mut);
        if let Some(members) = members.filter(|members| members.get(*member) == Some(default)) {
            members.shift_remove(*member);
        }
    }
}

fn plain<T: Serialize + DeserializeOwned>(text: &str) -> Value {
    let read: T = serde_json::from_str(text).expect("an example of the type");
    value(serde_json::to_vec(&read).expect("JSON"))
}

/// The request as it would be written by somebody who knows only what we understood of it.
fn client_request(text: &str) -> Value {
    let request = request(text);
    let meta = RequestMeta::read(&request).expect("a `_meta`");
    let revision = modern::revision(&meta).expect("a revision");
    let caller = modern::caller(meta).expect("a caller");
    let mut params = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": revision.as_str(),
        "io.modelcontextprotocol/clientInfo": caller.client,
        "io.modelcontextprotocol/clientCapabilities": caller.capabilities,
    }});
    if let Some(token) = caller.progress_token {
        params["_meta"]["progressToken"] = json!(token);
    }
    let call = Codec::new(revision)
        .decode(&request)
        .expect("a method that we have");
    match call {
        Call::CallTool(call) => {
            params["name"] = json!(call.name);
            params["arguments"] = json!(call.arguments);
        }
        Call::ListTools {
            cursor: Some(cursor),
        } => params["cursor"] = json!(cursor),
        Call::ListTools { cursor: None } | Call::Discover => {}
        other => panic!("no example asks for {other:?}"),
    }
    json!({"jsonrpc": "2.0", "id": request.id, "method": request.method, "params": params})
}

fn client_params(method: &str, text: &str) -> Value {
    let frame = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": value(text)});
    client_request(&frame.to_string())["params"].take()
}

fn notification_params(method: &str, text: &str, check: Check) -> Value {
    let frame = json!({"jsonrpc": "2.0", "method": method, "params": value(text)});
    check(&frame.to_string())["params"].take()
}

/// The parameters of the notification in `text`, which must have this method.
fn notified<T: DeserializeOwned>(text: &str, method: &str) -> T {
    let Message::Notification(notification) = message(text) else {
        panic!("no notification: {text}");
    };
    assert_eq!(notification.method, method);
    let params = notification.params.expect("parameters");
    serde_json::from_str(params.get()).expect("parameters that fit")
}

fn cancelled(text: &str) -> Value {
    let params: Value = notified(text, legacy::CANCELLED);
    let Message::Notification(notification) = message(text) else {
        panic!("no notification: {text}");
    };
    let id = legacy::cancelled_request(&notification).expect("an id");
    // The reason is for people's eyes and read by nobody.
    let params = json!({"requestId": id, "reason": params["reason"]});
    value(jsonrpc::notification(legacy::CANCELLED, &params).expect("JSON"))
}

fn log(text: &str) -> Value {
    let read: LogMessage = notified(text, "notifications/message");
    value(wire::log(&read).expect("JSON"))
}

fn progress(text: &str) -> Value {
    let read: Progress = notified(text, "notifications/progress");
    let params: Value = notified(text, "notifications/progress");
    let token: ProgressToken =
        serde_json::from_value(params["progressToken"].clone()).expect("a token");
    value(wire::progress(MODERN, &token, &read).expect("JSON"))
}

/// The response in `text` with its result written by `check`, under the id that was read.
fn response(text: &str, check: Check) -> Value {
    let Message::Response(response) = message(text) else {
        panic!("no response: {text}");
    };
    let id = response.id.expect("an id");
    let result = response.result.expect("a result");
    value(jsonrpc::result(&id, &check(result.as_str())).expect("JSON"))
}

fn tool_result(text: &str) -> Value {
    let answer = Answer::Tool(serde_json::from_str::<ToolResult>(text).expect("a tool result"));
    let encoder = encoder(&json!({}));
    written(text, encoder.answer(MODERN, &RequestId::from(1), &answer))
}

fn tools_page(text: &str) -> Value {
    let example = value(text);
    let tools: Vec<Tool> = serde_json::from_value(example["tools"].clone()).expect("tools");
    let encoder = encoder(&example);
    let page = encoder
        .tools_page(MODERN, &tools, example["nextCursor"].as_str())
        .expect("JSON");
    written(
        text,
        encoder.answer(MODERN, &RequestId::from(1), &Answer::Page(page)),
    )
}

fn discovery(text: &str) -> Value {
    let mut example = value(text);
    example["implementation"] = example["_meta"][SERVER_INFO].clone();
    let answer = encoder(&example).answer(MODERN, &RequestId::from(1), &Answer::Discovery);
    let mut result = written(text, answer);
    // The example's server speaks one revision, ours all of them.
    let ours = result["supportedVersions"]
        .as_array()
        .expect("a list")
        .clone();
    let theirs = example["supportedVersions"].as_array().expect("a list");
    assert!(theirs.iter().all(|version| ours.contains(version)));
    assert_eq!(ours.len(), Revision::ALL.len());
    result["supportedVersions"] = example["supportedVersions"].clone();
    result
}

/// The result in the response `bytes`, without the server's identity where `example` leaves that out: a
/// server should give it with every result, and ours does.
fn written(example: &str, bytes: Result<Vec<u8>, serde_json::Error>) -> Value {
    let mut result = value(bytes.expect("JSON"))["result"].take();
    let meta = result["_meta"].as_object_mut().expect("a `_meta`");
    assert!(meta.contains_key(SERVER_INFO));
    if value(example).get("_meta").is_none() {
        meta.shift_remove(SERVER_INFO);
        assert!(meta.is_empty(), "nothing else is added: {meta:?}");
        result
            .as_object_mut()
            .expect("an object")
            .shift_remove("_meta");
    }
    result
}

/// The error response as it was read; what we write of the same failure has the same code and data.
fn error_response(text: &str) -> Value {
    let Message::Response(response) = message(text) else {
        panic!("no response: {text}");
    };
    let object = response.result.expect_err("an error");
    let ours = encoder(&json!({})).error(MODERN, response.id.as_ref(), &same_error(&object));
    let ours = value(ours);
    assert_eq!(ours["error"]["code"], object.code.number(), "{text}");
    let mut data = ours["error"]["data"].clone();
    let example = value(text)["error"]["data"].clone();
    if example.get("supported").is_some() {
        // The example's server speaks two revisions, ours all of them.
        assert_eq!(
            data["supported"].as_array().map(Vec::len),
            Some(Revision::ALL.len())
        );
        data["supported"] = example["supported"].clone();
    }
    assert_eq!(data, example, "{text}");
    value(jsonrpc::error(response.id.as_ref(), &object))
}

/// The failure that the example's `object` tells of, in our words.
fn same_error(object: &ErrorObject) -> Error {
    let data: Value = object
        .data
        .as_ref()
        .map_or(Value::Null, |data| value(data.as_str()));
    match object.code.number() {
        -32_020 => Error::HeaderMismatch {
            detail: "Mcp-Name".into(),
        },
        -32_021 => Error::MissingCapability {
            required: serde_json::from_value(data["requiredCapabilities"].clone())
                .expect("capabilities"),
        },
        -32_022 => {
            let requested = data["requested"].as_str().expect("a revision").to_owned();
            unsupported(&requested).into()
        }
        number => panic!("no example has the code {number}"),
    }
}

fn unsupported(requested: &str) -> UnsupportedRevision {
    requested
        .parse::<Revision>()
        .expect_err("a revision that nobody speaks")
}

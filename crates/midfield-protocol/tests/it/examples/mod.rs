//! Every example of the specification (2026-07-28) whose type the crate has is read and written back
//! without loss.
//!
//! Domain types go through serde. Requests are decoded and built again from nothing but what was
//! understood; results are read into their domain parts and written by the encoder of a server that says
//! of itself what the example says.

mod notices;
mod questions;
mod results;

use std::collections::BTreeSet;

use midfield_protocol::jsonrpc::{self, ErrorObject, Message};
use midfield_protocol::types::{
    ClientCapabilities, Content, CreateMessage, Elicitation, InputRequest, ModelPreferences,
    Resource, ResourceContents, Root, SamplingContent, SamplingMessage, ServerCapabilities, Tool,
};
use midfield_protocol::wire::{Codec, RequestMeta, modern};
use midfield_protocol::{Call, Error, Reference, Revision, UnsupportedRevision};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::schemas::Definitions;
use crate::support::{MODERN, encoder, message, names, request, text, value};

/// Reads an example and writes it back.
type Check = fn(&str) -> Value;

/// How the examples in a folder are checked.
const CHECKS: &[(&str, Check)] = &[
    ("AudioContent", plain::<Content>),
    ("BlobResourceContents", plain::<ResourceContents>),
    ("BooleanSchema", questions::field),
    ("CallToolRequest", client_request),
    ("CallToolRequestParams", |text| {
        client_params("tools/call", text)
    }),
    ("CallToolResult", results::tool),
    ("CallToolResultResponse", |text| {
        response(text, results::tool)
    }),
    ("CancelledNotification", notices::cancelled),
    ("CancelledNotificationParams", |text| {
        notification_params("notifications/cancelled", text, notices::cancelled)
    }),
    ("ClientCapabilities", plain::<ClientCapabilities>),
    ("CompleteRequest", client_request),
    ("CompleteRequestParams", |text| {
        client_params("completion/complete", text)
    }),
    ("CompleteResult", results::completion),
    ("CompleteResultResponse", |text| {
        response(text, results::completion)
    }),
    ("CreateMessageRequest", plain::<InputRequest>),
    ("CreateMessageRequestParams", plain::<CreateMessage>),
    ("CreateMessageResult", questions::reply),
    ("DiscoverRequest", client_request),
    ("DiscoverResult", results::discovery),
    ("DiscoverResultResponse", |text| {
        response(text, results::discovery)
    }),
    ("ElicitRequest", plain::<InputRequest>),
    ("ElicitRequestFormParams", plain::<Elicitation>),
    ("ElicitRequestURLParams", plain::<Elicitation>),
    ("ElicitResult", questions::reply),
    ("EmbeddedResource", plain::<Content>),
    ("GetPromptRequest", client_request),
    ("GetPromptRequestParams", |text| {
        client_params("prompts/get", text)
    }),
    ("GetPromptResult", results::prompt),
    ("GetPromptResultResponse", |text| {
        response(text, results::prompt)
    }),
    ("HeaderMismatchError", error_response),
    ("ImageContent", plain::<Content>),
    ("InputRequests", questions::several),
    ("InputRequiredResult", questions::required),
    ("InputResponses", questions::replies),
    ("InternalError", plain::<ErrorObject>),
    ("InvalidParamsError", plain::<ErrorObject>),
    ("ListPromptsRequest", client_request),
    ("ListPromptsResult", results::prompts),
    ("ListPromptsResultResponse", |text| {
        response(text, results::prompts)
    }),
    ("ListResourceTemplatesRequest", client_request),
    ("ListResourceTemplatesResult", results::templates),
    ("ListResourceTemplatesResultResponse", |text| {
        response(text, results::templates)
    }),
    ("ListResourcesRequest", client_request),
    ("ListResourcesResult", results::resources),
    ("ListResourcesResultResponse", |text| {
        response(text, results::resources)
    }),
    ("ListRootsRequest", questions::roots),
    ("ListRootsResult", questions::reply),
    ("ListToolsRequest", client_request),
    ("ListToolsResult", results::tools),
    ("ListToolsResultResponse", |text| {
        response(text, results::tools)
    }),
    ("LoggingMessageNotification", notices::log),
    ("LoggingMessageNotificationParams", |text| {
        notification_params("notifications/message", text, notices::log)
    }),
    ("MethodNotFoundError", plain::<ErrorObject>),
    ("MissingRequiredClientCapabilityError", error_response),
    ("ModelPreferences", plain::<ModelPreferences>),
    ("NumberSchema", questions::field),
    ("PaginatedRequestParams", |text| {
        client_params("tools/list", text)
    }),
    ("ParseError", plain::<ErrorObject>),
    ("ProgressNotification", notices::progress),
    ("ProgressNotificationParams", |text| {
        notification_params("notifications/progress", text, notices::progress)
    }),
    ("PromptListChangedNotification", notices::list_changed),
    ("ReadResourceRequest", client_request),
    ("ReadResourceResult", results::resource),
    ("ReadResourceResultResponse", |text| {
        response(text, results::resource)
    }),
    ("Resource", plain::<Resource>),
    ("ResourceLink", plain::<Content>),
    ("ResourceListChangedNotification", notices::list_changed),
    ("ResourceUpdatedNotification", notices::resource_updated),
    ("ResourceUpdatedNotificationParams", |text| {
        notification_params(
            "notifications/resources/updated",
            text,
            notices::resource_updated,
        )
    }),
    ("Root", plain::<Root>),
    ("SamplingMessage", plain::<SamplingMessage>),
    ("ServerCapabilities", plain::<ServerCapabilities>),
    ("StringSchema", questions::field),
    (
        "SubscriptionsAcknowledgedNotification",
        notices::acknowledged,
    ),
    ("SubscriptionsListenRequest", client_request),
    ("SubscriptionsListenResult", results::listened),
    ("SubscriptionsListenResultResponse", |text| {
        response(text, results::listened)
    }),
    ("TextContent", plain::<Content>),
    ("TextResourceContents", plain::<ResourceContents>),
    ("TitledMultiSelectEnumSchema", questions::field),
    ("TitledSingleSelectEnumSchema", questions::field),
    ("Tool", plain::<Tool>),
    ("ToolListChangedNotification", notices::list_changed),
    ("ToolResultContent", plain::<SamplingContent>),
    ("ToolUseContent", plain::<SamplingContent>),
    ("UnsupportedProtocolVersionError", error_response),
    ("UntitledMultiSelectEnumSchema", questions::field),
    ("UntitledSingleSelectEnumSchema", questions::field),
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
fn files(folder: &str) -> Vec<String> {
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
fn every_folder_of_examples_is_checked() {
    // The folders in lower case are ours.
    let folders: BTreeSet<String> = names("2026-07-28")
        .into_iter()
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect();
    let listed: Vec<&str> = CHECKS.iter().map(|(folder, _)| *folder).collect();
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
        Call::ListTools { cursor }
        | Call::ListResources { cursor }
        | Call::ListResourceTemplates { cursor }
        | Call::ListPrompts { cursor } => {
            if let Some(cursor) = cursor {
                params["cursor"] = json!(cursor);
            }
        }
        Call::ReadResource(call) => params["uri"] = json!(call.uri),
        Call::GetPrompt(call) => {
            params["name"] = json!(call.name);
            params["arguments"] = json!(call.arguments);
        }
        Call::Complete(call) => {
            params["ref"] = match call.reference {
                Reference::Prompt { name } => json!({"type": "ref/prompt", "name": name}),
                Reference::Resource { uri } => json!({"type": "ref/resource", "uri": uri}),
                other => panic!("no example refers to {other:?}"),
            };
            params["argument"] = json!({"name": call.name, "value": call.value});
            if !call.arguments.is_empty() {
                params["context"] = json!({"arguments": call.arguments});
            }
        }
        Call::Listen(filter) => params["notifications"] = json!(filter),
        Call::Discover => {}
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

/// The response in `text` with its result written by `check`, under the id that was read.
fn response(text: &str, check: Check) -> Value {
    let Message::Response(response) = message(text) else {
        panic!("no response: {text}");
    };
    let id = response.id.expect("an id");
    let result = response.result.expect("a result");
    value(jsonrpc::result(&id, &check(result.as_str())).expect("JSON"))
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

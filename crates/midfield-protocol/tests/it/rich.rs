//! The parts that our frozen messages are made of: each has every member that any revision knows, so that
//! what a revision lacks is seen to be left out or said differently.

use std::time::Duration;

use midfield_protocol::types::{
    CacheScope, Content, Elicitation, Freshness, InputRequest, Prompt, PromptMessage, PromptResult,
    ReadResult, Resource, ResourceTemplate, Tool, ToolResult,
};
use midfield_protocol::wire::Encoder;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::encoder;

/// A server that says everything of itself that can be said.
pub(crate) fn server() -> Encoder {
    encoder(&json!({
        "implementation": {
            "name": "laboratory",
            "title": "Laboratory",
            "version": "1.2.0",
            "description": "Samples and assays of one laboratory.",
            "websiteUrl": "https://laboratory.example/",
            "icons": icons(),
        },
        "capabilities": {
            "experimental": {"com.example/probe": {"depth": 2}},
            "logging": {},
            "completions": {},
            "prompts": {"listChanged": true},
            "resources": {"subscribe": true, "listChanged": true},
            "tools": {"listChanged": true},
            "tasks": {"list": {}, "requests": {"tools": {"call": {}}}},
            "extensions": {"com.example/units": {"system": "SI"}},
        },
        "instructions": "List the samples first.\nThen order an assay.",
        "ttlMs": 300_000,
        "cacheScope": "public",
    }))
}

/// A tool of which everything is known, and one of which nothing more is.
pub(crate) fn tools() -> Vec<Tool> {
    serde_json::from_value(json!([
        rich_tool(),
        {"name": "list_samples", "inputSchema": {"type": "object", "additionalProperties": false}},
        {
            "name": "list_assays",
            "title": "List assays",
            "inputSchema": {"type": "object"},
            "outputSchema": {"type": "array", "items": {"type": "string"}},
        },
    ]))
    .expect("tools")
}

/// A tool of which everything is known, as the newest wire has it.
pub(crate) fn rich_tool() -> Value {
    json!({
        "name": "order_assay",
        "title": "Order an assay",
        "description": "Orders an assay of one sample (µg accuracy).",
        "icons": icons(),
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "sample": {"$ref": "#/$defs/Sample"},
                "note": true,
                "reserved": false,
            },
            "required": ["sample"],
            "$defs": {"Sample": {"type": "string", "minLength": 1}},
        },
        "execution": {"taskSupport": "optional"},
        "outputSchema": {
            "type": "object",
            "properties": {"mass": {"type": "number"}, "raw": true},
            "required": ["mass"],
        },
        "annotations": {
            "title": "Assay",
            "readOnlyHint": false,
            "destructiveHint": false,
            "idempotentHint": true,
            "openWorldHint": false,
        },
        "_meta": {"com.example/cost": 3},
    })
}

/// A result with content of every kind and all that goes with it.
pub(crate) fn content() -> ToolResult {
    tool_result(rich_content())
}

/// The same as the newest wire has it, without the members that only a wire knows.
pub(crate) fn rich_content() -> Value {
    let annotations = annotations();
    let meta = json!({"com.example/instrument": "balance-7"});
    json!({
        "content": [
            {"type": "text", "text": "0.25 mg\n\u{7}\"½\"", "annotations": annotations, "_meta": meta},
            {"type": "image", "data": "iVBORw==", "mimeType": "image/png", "annotations": annotations, "_meta": meta},
            {"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav", "annotations": annotations, "_meta": meta},
            {
                "type": "resource_link",
                "uri": "lab://samples/17",
                "name": "sample-17",
                "title": "Sample 17",
                "description": "What is left of it.",
                "mimeType": "application/json",
                "size": 4096,
                "icons": icons(),
                "annotations": annotations,
                "_meta": meta,
            },
            {
                "type": "resource",
                "resource": {"uri": "lab://notes/1", "mimeType": "text/plain", "text": "stable", "_meta": meta},
                "annotations": annotations,
                "_meta": meta,
            },
            {"type": "resource", "resource": {"uri": "lab://spectra/1", "blob": "AAEC"}},
        ],
        "_meta": {"com.example/trace": "a1"},
    })
}

/// A resource of which everything is known, and one of which nothing more is.
pub(crate) fn resources() -> Vec<Resource> {
    read(json!([rich_resource(), {"uri": "lab://notes/1", "name": "note"}]))
}

/// A resource of which everything is known, as the newest wire has it.
pub(crate) fn rich_resource() -> Value {
    json!({
        "uri": "lab://samples/17",
        "name": "sample-17",
        "title": "Sample 17",
        "description": "What is left of it.",
        "mimeType": "application/json",
        "size": 4096,
        "icons": icons(),
        "annotations": annotations(),
        "_meta": {"com.example/shelf": 4},
    })
}

/// A template of which everything is known, and one of which nothing more is.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    read(json!([rich_template(), {"uriTemplate": "lab://notes/{number}", "name": "note"}]))
}

/// A template of which everything is known, as the newest wire has it.
pub(crate) fn rich_template() -> Value {
    json!({
        "uriTemplate": "lab://samples/{number}",
        "name": "sample",
        "title": "A sample",
        "description": "What is left of it.",
        "mimeType": "application/json",
        "icons": icons(),
        "annotations": annotations(),
        "_meta": {"com.example/shelf": 4},
    })
}

/// A prompt of which everything is known, and one of which nothing more is.
pub(crate) fn prompts() -> Vec<Prompt> {
    read(json!([rich_prompt(), {"name": "greet"}]))
}

/// A prompt of which everything is known, as the newest wire has it.
pub(crate) fn rich_prompt() -> Value {
    json!({
        "name": "report",
        "title": "Report",
        "description": "Writes a report of one sample.",
        "icons": icons(),
        "arguments": [
            {"name": "sample", "title": "Sample", "description": "Its number.", "required": true},
            {"name": "tone"},
        ],
        "_meta": {"com.example/cost": 3},
    })
}

/// What is read of a resource, with all that goes with it.
pub(crate) fn read_result() -> ReadResult {
    let result: ReadResult = read(json!({
        "contents": [
            {"uri": "lab://notes/1", "mimeType": "text/plain", "text": "stable", "_meta": {"com.example/page": 1}},
            {"uri": "lab://spectra/1", "blob": "AAEC"},
        ],
        "_meta": {"com.example/trace": "a1"},
    }));
    result.freshness(Freshness::new(Duration::from_mins(1), CacheScope::Public))
}

/// A prompt with messages of every kind and all that goes with them.
pub(crate) fn prompt_result() -> PromptResult {
    let mut result = PromptResult::new(
        content()
            .content
            .into_iter()
            .map(PromptMessage::user)
            .collect(),
    )
    .description("A report.");
    result
        .messages
        .push(PromptMessage::assistant(Content::text("It is stable.")));
    result.meta = read(json!({"com.example/trace": "a1"}));
    result
}

/// A form with a field of every kind that `several` choices may have.
pub(crate) fn form(several: bool) -> InputRequest {
    let mut fields = json!({
        "name": {"type": "string", "title": "Name", "description": "Yours.", "minLength": 1, "maxLength": 80, "default": "Ada"},
        "mail": {"type": "string", "format": "email"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 2},
        "agreed": {"type": "boolean", "title": "Agreed", "default": false},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "size": {"type": "string", "title": "Size", "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}], "default": "s"},
    });
    if several {
        fields["tags"] = json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2});
    }
    read(json!({"method": "elicitation/create", "params": {
        "message": "Whose sample is it?",
        "requestedSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": fields,
            "required": ["name"],
        },
    }}))
}

/// A page for the user to open.
pub(crate) fn sign_in() -> InputRequest {
    InputRequest::Elicit(Elicitation::url(
        "Please sign in.",
        "https://laboratory.example/sign-in",
        "e-1",
    ))
}

/// A question to the model that every revision can ask.
pub(crate) fn plain_sample() -> InputRequest {
    read(json!({"method": "sampling/createMessage", "params": {
        "messages": [
            {"role": "user", "content": {"type": "text", "text": "Is it stable?", "annotations": annotations(), "_meta": {"a": 1}}, "_meta": {"b": 2}},
            {"role": "assistant", "content": {"type": "image", "data": "iVBORw==", "mimeType": "image/png"}},
        ],
        "modelPreferences": {
            "hints": [{"name": "small"}, {}],
            "costPriority": 1,
            "speedPriority": 0.5,
            "intelligencePriority": 0,
        },
        "systemPrompt": "You are a chemist.",
        "includeContext": "none",
        "temperature": 0.25,
        "maxTokens": 200,
        "stopSequences": ["END"],
        "metadata": {"com.example/account": "lab"},
    }}))
}

/// A question to the model that has tools.
pub(crate) fn tools_sample() -> InputRequest {
    read(json!({"method": "sampling/createMessage", "params": {
        "messages": [
            {"role": "assistant", "content": [
                {"type": "text", "text": "I weigh it."},
                {"type": "tool_use", "id": "u-1", "name": "weigh", "input": {"sample": "s-1"}},
            ]},
            {"role": "user", "content": {
                "type": "tool_result",
                "toolUseId": "u-1",
                "content": [{"type": "text", "text": "0.25 mg"}],
                "structuredContent": {"mass": 0.25},
                "isError": false,
            }},
        ],
        "maxTokens": 200,
        "tools": [rich_tool()],
        "toolChoice": {"mode": "auto"},
    }}))
}

fn annotations() -> Value {
    json!({
        "audience": ["user", "assistant"],
        "priority": 0.5,
        "lastModified": "2025-11-25T09:30:00Z",
    })
}

fn read<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("a value of the type")
}

/// The result that `json` has in the newest wire's words.
pub(crate) fn tool_result(json: Value) -> ToolResult {
    serde_json::from_value(json).expect("a tool result")
}

fn icons() -> Value {
    json!([
        {
            "src": "https://laboratory.example/icon.png",
            "mimeType": "image/png",
            "sizes": ["48x48", "96x96"],
            "theme": "dark",
        },
        {"src": "data:image/svg+xml;base64,PHN2Zy8+"},
    ])
}

//! The parts that our frozen messages are made of: each has every member that any revision knows, so that
//! what a revision lacks is seen to be left out or said differently.

use midfield_protocol::types::{Tool, ToolResult};
use midfield_protocol::wire::Encoder;
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
    let annotations = json!({
        "audience": ["user", "assistant"],
        "priority": 0.5,
        "lastModified": "2025-11-25T09:30:00Z",
    });
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

//! What each target must do for any client, in the form that `tests/interop/plan.md` describes.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace::root;

/// The newest revision with a handshake.
const LEGACY: &str = "2025-11-25";

/// JSON-RPC's "invalid params", which is how MCP refuses a tool that it does not know.
const INVALID_PARAMS: i32 = -32602;

/// The plan for the server of `examples/everything`.
pub(super) fn everything(server: &Value) -> Result<Value> {
    let path = root().join("tests/interop/everything.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let mut plan: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    plan["server"] = server.clone();
    Ok(plan)
}

/// The plan for the server of `xtask/examples/interop.rs`.
pub(super) fn library(server: &Value) -> Value {
    json!({
        "server": server,
        "serverName": "midfield-interop",
        "legacyVersion": LEGACY,
        "tools": {"present": ["echo", "add", "work", "fail", "mixed"], "pages": 3},
        "calls": [
            call("echo", &json!({"text": "grüße, 世界\n\"twice\""}), &json!({"text": "grüße, 世界\n\"twice\"", "types": ["text"]})),
            call("add", &json!({"a": 5300, "b": 17}), &json!({"structured": {"total": 5317, "terms": [5300, 17]}})),
            call("work", &json!({"count": 3}), &json!({"progress": [1, 2, 3], "text": "done"})),
            call("mixed", &json!({}), &json!({"types": ["text", "image"]})),
            call("fail", &json!({}), &json!({"isError": true, "contains": ["the work could not be done"]})),
            call("add", &json!({"a": "x", "b": 1}), &json!({"isError": true, "contains": ["`a`", "expected"]})),
            call("no_such_tool", &json!({}), &json!({"code": INVALID_PARAMS})),
        ],
    })
}

/// The plan for the gateway in front of `httpbin`; what is expected is what `httpbin` itself would answer.
pub(super) fn httpbin(server: &Value, name: &str, origin: &str) -> Value {
    let teapot = json!({"isError": true, "contains": ["418", "teapot"]});
    json!({
        "server": server,
        "serverName": name,
        "legacyVersion": LEGACY,
        "tools": {"present": ["get_get", "post_post", "get_status_codes", "get_image_png", "get_stream_n"]},
        "calls": [
            call("get_base64_value", &json!({"value": "aGVsbG8gd29ybGQ="}), &json!({"text": "hello world"})),
            call("get_anything_anything", &json!({"anything": "../a&b"}), &json!({"structured": {
                // Any WSGI server decodes the path before the application sees it. Had the slash gone out bare, the
                // dots would have taken `anything` away.
                "url": format!("{origin}/anything/../a&b"),
                "method": "GET",
                "args": {},
            }})),
            call("get_response-headers", &json!({"freeform": {"x": "1 & 2"}}), &json!({"structured": {"x": "1 & 2"}})),
            call("put_put", &json!({}), &json!({"structured": {"url": format!("{origin}/put")}})),
            call("get_stream_n", &json!({"n": 3}), &json!({"contains": ["\"id\": 0", "\"id\": 2"]})),
            call("get_xml", &json!({}), &json!({"contains": ["Sample Slide Show"]})),
            call("get_image_png", &json!({}), &json!({"types": ["image"]})),
            call("get_status_codes", &json!({"codes": "418"}), &teapot),
            call("post_status_codes", &json!({"codes": "500"}), &json!({"isError": true, "contains": ["500"]})),
            call("get_bearer", &json!({}), &json!({"isError": true, "contains": ["401"]})),
            call("get_bytes_n", &json!({"n": "many"}), &json!({"isError": true, "contains": ["n", "integer"]})),
            call("get_status_codes", &json!({}), &json!({"isError": true, "contains": ["codes", "required"]})),
            call("get_no_such_thing", &json!({}), &json!({"code": INVALID_PARAMS})),
        ],
    })
}

/// The plan for the gateway with the configuration of the quickstart, whose results have schemas.
pub(super) fn quickstart(server: &Value) -> Value {
    let sample = json!({"name": "Well 7", "material": "water", "collectedOn": "2026-05-04"});
    json!({
        "server": server,
        "serverName": "quickstart",
        "legacyVersion": LEGACY,
        "tools": {"present": ["listSamples", "registerSample", "getSampleLabel", "startAssay"]},
        "calls": [
            call("getSample", &json!({"sampleId": "s-001"}), &json!({"structured": {"id": "s-001"}})),
            call("registerSample", &json!({"body": sample}), &json!({"structured": sample})),
            call("listSamples", &json!({"limit": 500}), &json!({"isError": true, "contains": ["limit", "100"]})),
            call("getSample", &json!({"sampleId": "s-999"}), &json!({"isError": true, "contains": ["404", "s-999"]})),
            call("getSampleLabel", &json!({"sampleId": "s-001"}), &json!({"types": ["image"]})),
            call("getSamples", &json!({}), &json!({"code": INVALID_PARAMS})),
        ],
    })
}

fn call(tool: &str, arguments: &Value, expect: &Value) -> Value {
    json!({"tool": tool, "arguments": arguments, "expect": expect})
}

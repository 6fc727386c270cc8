//! What each target must do for any client, in the form that `tests/interop/plan.md` describes.

use serde_json::{Value, json};

/// The newest revision with a handshake.
const LEGACY: &str = "2025-11-25";

/// JSON-RPC's "invalid params", which is how MCP refuses a tool that it does not know.
const INVALID_PARAMS: i32 = -32602;

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

fn call(tool: &str, arguments: &Value, expect: &Value) -> Value {
    json!({"tool": tool, "arguments": arguments, "expect": expect})
}

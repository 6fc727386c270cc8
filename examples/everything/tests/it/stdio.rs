//! The example as a process of its own: what is on its standard output
//! ([2025-11-25, stdio](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio)).

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// What the server writes when it logs everything, reads these messages, and comes to the end of its input.
fn serve(messages: &[Value]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_everything"))
        .arg("--stdio")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example");
    let mut input = child.stdin.take().expect("a pipe");
    for message in messages {
        writeln!(input, "{message}").expect("the server reads");
    }
    drop(input);
    child.wait_with_output().expect("the server ends")
}

fn call(id: u64, tool: &str, arguments: Value) -> Value {
    let mut params = json!({"name": tool, "_meta": {"progressToken": id}});
    params["arguments"] = arguments;
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

#[test]
fn nothing_but_messages_is_on_standard_output_whatever_is_logged() {
    let client = json!({"name": "test", "version": "1"});
    let opening =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let level = json!({"level": "debug"});
    let mut modern = call(6, "note", json!({"title": "modern", "text": "x"}));
    modern["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let output = serve(&[
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opening}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": level}),
        call(2, "note", json!({"title": "two\nlines", "text": "x"})),
        call(3, "measure", json!({"times": 2})),
        call(4, "fail", json!({})),
        call(5, "quote", json!({})),
        modern,
        json!("no message"),
    ]);
    assert!(output.status.success(), "{output:?}");
    let written = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(written.ends_with('\n'), "{written}");
    let mut answered = Vec::new();
    let mut told = Vec::new();
    for line in written.lines() {
        let message: Value = serde_json::from_str(line).expect(line);
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        match message["method"].as_str() {
            Some(method) => told.push(method.to_owned()),
            None => answered.push(message["id"].as_u64()),
        }
    }
    answered.sort_unstable();
    // One about what was no message, and one for each request.
    let ids = [None].into_iter().chain((0..=6).map(Some));
    assert_eq!(answered, ids.collect::<Vec<_>>(), "{written}");
    told.sort_unstable();
    let of_two = |method: &str| [method.to_owned(), method.to_owned()];
    let expected = [
        of_two("notifications/message"),
        of_two("notifications/progress"),
    ];
    assert_eq!(told, expected.concat(), "{written}");
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(
        logged.contains("noted") && logged.contains("modern"),
        "{logged}"
    );
}

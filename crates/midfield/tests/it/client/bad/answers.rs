//! Answers that are none, come twice, or to nobody.

use std::time::Duration;

use midfield::Client;
use midfield::client::{Error, Speak};
use serde_json::{Value, json};

use super::{Double, ERAS, Said, assert_says, builder, error, is, line, result, still_works};

/// How the call of a tool is answered, and parts of the error that comes of it.
type Case = (&'static str, fn(&Value) -> Said, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "never",
        |_| Vec::new(),
        &["did not answer `tools/call` within 5 s"],
    ),
    (
        "the id of nobody",
        |_| line(&json!({"jsonrpc": "2.0", "id": 999_999, "result": {"content": []}})),
        &[
            "within 5 s",
            "it answered the request 999999, which nobody waits for",
        ],
    ),
    (
        "the id as a text",
        |message| {
            let id = message["id"].to_string();
            line(&json!({"jsonrpc": "2.0", "id": id, "result": {"content": []}}))
        },
        &["within 5 s", "which nobody waits for"],
    ),
    (
        "the id null with an error",
        |_| {
            line(
                &json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "Parse error"}}),
            )
        },
        &[
            "within 5 s",
            "it could not read what it was sent, and said: Parse error (-32700)",
        ],
    ),
    (
        "the id null with a result",
        |_| line(&json!({"jsonrpc": "2.0", "id": null, "result": {"content": []}})),
        &["within 5 s", "it wrote a line that is no message"],
    ),
    (
        "a fraction as the id",
        |_| line(&json!({"jsonrpc": "2.0", "id": 1.5, "result": {"content": []}})),
        &["within 5 s", "it wrote a line that is no message"],
    ),
    (
        "a result and an error",
        |message| {
            line(
                &json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []},
                "error": {"code": 1, "message": "both"}}),
            )
        },
        &[
            "does not speak the protocol: its answer is no message",
            "one of result and error",
        ],
    ),
    (
        "neither a result nor an error",
        |message| line(&json!({"jsonrpc": "2.0", "id": message["id"]})),
        &["does not speak the protocol: its answer is no message"],
    ),
    (
        "an error that is a text",
        |message| line(&json!({"jsonrpc": "2.0", "id": message["id"], "error": "no"})),
        &[
            "its answer is no message",
            "the error is no object with a code and a message",
        ],
    ),
    (
        "another version of JSON-RPC",
        |message| line(&json!({"jsonrpc": "1.0", "id": message["id"], "result": {"content": []}})),
        &["its answer is no message", "`jsonrpc`"],
    ),
    (
        "a result that is a number",
        |message| line(&json!({"jsonrpc": "2.0", "id": message["id"], "result": 5})),
        &["the answer to `tools/call` cannot be read: it is no object"],
    ),
    (
        "a result without its members",
        |message| result(message, json!({"structuredContent": 5})),
        &["the answer to `tools/call` cannot be read", "content"],
    ),
    (
        "a member twice",
        |message| {
            let id = &message["id"];
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"content":[]}}}}"#)
                .into_bytes()
                .into_iter()
                .chain(*b"\n")
                .collect()
        },
        &["cannot be read: duplicate field `content`"],
    ),
    (
        "its own id twice",
        |message| {
            let id = &message["id"];
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"id\":{id},\"result\":{{\"content\":[]}}}}\n"
            )
            .into_bytes()
        },
        &["within 5 s", "it wrote a line that is no message"],
    ),
    (
        "a line of the log",
        |_| b"INFO calling the tool\n".to_vec(),
        &[
            "within 5 s",
            "it wrote a line that is no message: `INFO calling the tool`",
        ],
    ),
    (
        "what commands a terminal",
        |message| error(message, -32000, "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}"),
        &["the server refused `tools/call`: \u{fffd}]0;owned\u{fffd}\u{fffd}[2J\u{fffd} (-32000)"],
    ),
    (
        "an error of a megabyte",
        |message| error(message, -32000, &"x".repeat(1 << 20)),
        &["the server refused `tools/call`: xxx", "… (-32000)"],
    ),
    (
        "a type of content of a megabyte",
        |message| {
            result(
                message,
                json!({"content": [{"type": "y".repeat(1 << 20)}], "isError": "z"}),
            )
        },
        &["the answer to `tools/call` cannot be read"],
    ),
];

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_fails_its_call_alone_and_the_error_says_what_came() {
    for speak in ERAS {
        for (name, answer, parts) in CASES {
            let mut double = Double::of(speak, |message| {
                is(message, "tools/call").then(|| answer(message))
            });
            let client = double.client(speak).await;
            let failed = client.call_tool("any", ()).await;
            let error = failed.expect_err(name);
            assert_says(&error, parts);
            still_works(&client).await;
        }
    }
}

/// What stands before an answer and changes nothing about it.
const BEFORE: &[(&str, &[u8])] = &[
    ("empty lines", b"\n\r\n   \n"),
    ("a line of the log", b"listening on port 3000\n"),
    ("bytes that are no text", b"\xff\xfe\xf0\x28\n"),
    ("half a surrogate", b"{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\"}\n"),
    ("a number", b"17\n"),
    ("an empty batch", b"[]\n"),
    ("a batch of nothing", b"[1,{},[],null]\n"),
    ("a notification that nobody knows", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/moon\",\"params\":{\"a\":1}}\n"),
    ("malformed progress", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":\"much\"}}\n"),
    ("a malformed log message", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"loud\"}}\n"),
    ("the end of nobody's request", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":12345}}\n"),
    ("a page that nobody was sent to", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/elicitation/complete\",\"params\":{\"elicitationId\":\"x\"}}\n"),
    ("an answer to nobody", b"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}\n"),
];

#[tokio::test(start_paused = true)]
async fn whatever_stands_before_an_answer_is_passed_over() {
    for speak in ERAS {
        let deep = [vec![b'['; 10_000], vec![b']'; 10_000], b"\n".to_vec()].concat();
        let before = BEFORE.iter().map(|(_, bytes)| bytes.to_vec()).chain([deep]);
        for before in before {
            let shown = String::from_utf8_lossy(&before)
                .chars()
                .take(60)
                .collect::<String>();
            let mut double = Double::of(speak, move |message| {
                let answer = result(message, json!({"content": []}));
                is(message, "tools/call").then(|| [before.clone(), answer].concat())
            });
            let client = double.client(speak).await;
            let answered = client.call_tool("any", ()).await;
            assert!(answered.is_ok(), "{shown}: {answered:?}");
            still_works(&client).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_first_of_two_answers_counts_and_a_batch_is_read_where_there_is_none() {
    for speak in ERAS {
        let mut double = Double::of(speak, |message| {
            let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
            let response =
                |text_: &str| json!({"jsonrpc": "2.0", "id": message["id"], "result": text(text_)});
            match message["params"]["name"].as_str() {
                Some("twice") => {
                    Some([line(&response("first")), line(&response("second"))].concat())
                }
                Some("batch") => Some(line(&json!([response("first"), response("second")]))),
                _ => None,
            }
        });
        let client = double.client(speak).await;
        for tool in ["twice", "batch", "twice"] {
            let said = client.call_tool(tool, ()).await.expect("an answer");
            assert_eq!(
                serde_json::to_value(&said.content).expect("JSON")[0]["text"],
                "first"
            );
        }
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn results_of_the_modern_era_that_answer_nothing_say_so() {
    let cases: [(&str, Value, &[&str]); 7] = [
        (
            "tools/call",
            json!({"resultType": "moon"}),
            &["its `resultType` is \"moon\""],
        ),
        (
            "tools/call",
            json!({"resultType": "input_required"}),
            &["neither `inputRequests` nor `requestState`"],
        ),
        (
            "tools/call",
            json!({"resultType": "input_required", "inputRequests": {"a": {"method": "moon/landing", "params": {}}}}),
            &["the answer to `tools/call` cannot be read", "moon/landing"],
        ),
        (
            "tools/call",
            json!({"resultType": "input_required", "inputRequests": [1]}),
            &["the answer to `tools/call` cannot be read"],
        ),
        (
            "tools/call",
            json!({"resultType": "task", "status": "working"}),
            &["taskId"],
        ),
        (
            "prompts/get",
            json!({"resultType": "task", "taskId": "t", "status": "working"}),
            &["its `resultType` is \"task\""],
        ),
        (
            "tools/list",
            json!({"resultType": "input_required", "requestState": "s"}),
            &["its `resultType` is \"input_required\""],
        ),
    ];
    for (method, answer, parts) in cases {
        let mut double = Double::of(Speak::Modern, move |message| {
            let is_asked = is(message, method) && message["params"]["name"] != "sane";
            is_asked.then(|| result(message, answer.clone()))
        });
        let client = double.client(Speak::Modern).await;
        let error = match method {
            "tools/call" => client.call_tool("any", ()).await.map(drop),
            "prompts/get" => client.get_prompt("any").await.map(drop),
            _ => client.tools().await.map(drop),
        };
        assert_says(&error.expect_err(method), parts);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_or_writes_only_its_log_is_no_server_and_the_error_tells_what_it_wrote()
 {
    for speak in [Speak::Auto, Speak::Modern, Speak::Legacy] {
        let mut silent = Double::new(|_| Vec::new());
        let connecting = silent.connect(Client::builder().speak(speak));
        let error = connecting.await.expect_err("nobody there");
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        assert_says(
            &error,
            &["did not answer `server/discover` or `initialize` within 30 s"],
        );

        let mut talking = Double::new(|_| b"Usage: server --stdio\n".to_vec());
        let error = talking
            .connect(Client::builder().speak(speak))
            .await
            .expect_err("no server");
        assert_says(
            &error,
            &["within 30 s: it wrote a line that is no message: `Usage: server --stdio`"],
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_about_the_probe_is_asked_in_the_old_way_and_only_slow_ones_may_choose()
 {
    let mut double = Double::of(Speak::Legacy, |message| {
        is(message, "server/discover").then(Vec::new)
    });
    let client = double
        .connect(builder(Speak::Auto))
        .await
        .expect("an old server");
    assert_eq!(client.revision().as_str(), "2025-11-25");
    still_works(&client).await;
    assert!(
        double.heard("notifications/cancelled").is_empty(),
        "neither may be cancelled"
    );
}

#[tokio::test(start_paused = true)]
async fn handshakes_that_settle_nothing_are_refused_with_what_the_server_wants() {
    let cases: [(&str, Value, &[&str]); 5] = [
        (
            "initialize",
            json!({"protocolVersion": "2030-01-01", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}),
            &["the server wants to speak \"2030-01-01\""],
        ),
        (
            "initialize",
            json!({"protocolVersion": "2026-07-28", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}),
            &["the server wants to speak \"2026-07-28\", which is no revision with sessions"],
        ),
        (
            "initialize",
            json!({"protocolVersion": 1}),
            &["the answer to `initialize` cannot be read"],
        ),
        (
            "initialize",
            json!([]),
            &["the answer to `initialize` cannot be read"],
        ),
        (
            "server/discover",
            json!({"supportedVersions": ["2030-01-01", "x".repeat(1 << 20)], "capabilities": {}}),
            &["it speaks only 2030-01-01, xxx"],
        ),
    ];
    for (method, answer, parts) in cases {
        let mut double = Double::new(move |message| {
            if is(message, method) {
                result(message, answer.clone())
            } else {
                error(message, -32601, "no such method")
            }
        });
        let error = double
            .connect(builder(Speak::Auto))
            .await
            .expect_err("nothing in common");
        assert_says(&error, parts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipe_that_was_used_up_cannot_be_opened_again_and_its_calls_fail_at_once() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let (input, output) = tokio::io::split(ours);
    let target = midfield::client::Target::pipe(input, output).named("the far side");
    drop(theirs);
    let first = builder(Speak::Modern)
        .connect(target.clone())
        .await
        .expect_err("it is closed");
    assert_says(&first, &["the far side"]);
    let second = builder(Speak::Modern)
        .connect(target)
        .await
        .expect_err("it is used up");
    assert_says(
        &second,
        &[
            "could not reach the far side: its pipe was used up",
            "give a new pair of streams",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_fails_what_waits_and_whatever_is_asked_later() {
    for speak in ERAS {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(ours);
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(async move {
            use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
            let (input, mut output) = tokio::io::split(theirs);
            let mut lines = tokio::io::BufReader::new(input).lines();
            while let Ok(Some(text)) = lines.next_line().await {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                if is(&message, "tools/call") {
                    return;
                }
                output
                    .write_all(&super::sane(speak, &message))
                    .await
                    .expect("the client reads");
            }
        });
        let target = midfield::client::Target::pipe(input, output);
        let client = builder(speak).connect(target).await.expect("a connection");
        let begun = tokio::time::Instant::now();
        let error = client.call_tool("any", ()).await.expect_err("it has gone");
        assert_says(
            &error,
            &["the connection to the server at the pipe ended before the answer came"],
        );
        let error = client.get_prompt("any").await.expect_err("it stays away");
        assert_says(&error, &["could not reach the server at the pipe"]);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        client.close().await;
    }
}

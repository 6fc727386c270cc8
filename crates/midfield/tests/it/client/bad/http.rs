//! Responses of HTTP that are none, and where a client is not led.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use midfield::client::{Error, Speak, Target, Transport};
use serde_json::json;

use super::web::{Said, Then, Web, answer, builder, events, response};
use super::{ERAS, assert_says, memory, still_works};

type Case = (&'static str, fn() -> Said, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "nothing",
        || (Vec::new(), Then::Hold),
        &["did not answer `tools/call` within 1.500 s"],
    ),
    (
        "half a head",
        || (b"HTTP/1.1 200 OK\r\nContent-".to_vec(), Then::Hold),
        &["did not answer `tools/call` within 1.500 s"],
    ),
    (
        "the end",
        || (Vec::new(), Then::Close),
        &["ended before the answer came"],
    ),
    (
        "another protocol",
        || (b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(), Then::Close),
        &["ended before the answer came"],
    ),
    (
        "heads without end",
        || {
            (
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                Then::Flood(b"X-Header: some text that stands in it\r\n"),
            )
        },
        &["ended before the answer came"],
    ),
    (
        "a page for people",
        || {
            response(
                "200 OK",
                "Content-Type: text/html; charset=utf-8\r\n",
                "<html>",
            )
        },
        &[
            "HTTP status 200 with the content type `text/html`",
            "is the address that of an MCP endpoint?",
        ],
    ),
    (
        "what is for notifications",
        || response("202 Accepted", "", ""),
        &["HTTP status 202 with no content type"],
    ),
    (
        "nothing of JSON",
        || response("200 OK", "Content-Type: application/json\r\n", ""),
        &["it sent what is no message"],
    ),
    (
        "an answer to somebody else",
        || {
            response(
                "200 OK",
                "Content-Type: application/json\r\n",
                r#"{"jsonrpc":"2.0","id":"x","result":{}}"#,
            )
        },
        &["its answer does not answer the request that it was sent"],
    ),
    (
        "less than it says",
        || {
            (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{}".to_vec(), Then::Close)
        },
        &["ended before the answer came"],
    ),
    (
        "more than it says",
        || {
            (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\"jsonrpc\":\"2.0\"}".to_vec(), Then::Close)
        },
        &["it sent what is no message"],
    ),
    (
        "two lengths",
        || {
            (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}".to_vec(), Then::Close)
        },
        &["ended before the answer came"],
    ),
    (
        "a body without end",
        || {
            (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"".to_vec(),
                Then::Flood(b"x"),
            )
        },
        &["its answer is larger than 1048576 bytes, see `max_message`"],
    ),
    (
        "an event without end",
        || events("data: ", Then::Flood(b"x")),
        &["it sent an event of more than 1048576 bytes, see `max_message`"],
    ),
    (
        "lines of an event without end",
        || events("", Then::Flood(b"data: some text\n")),
        &["it sent an event of more than 1048576 bytes, see `max_message`"],
    ),
    (
        "an event that is no message",
        || events("data: moon\n\n", Then::Hold),
        &["it sent what is no message"],
    ),
    (
        "a stream of comments",
        || events(": a\n\n: b\n\n", Then::Close),
        &["the stream of events ended"],
    ),
    (
        "a stream of nothing",
        || events("", Then::Close),
        &["the stream of events ended"],
    ),
    (
        "a stream that says nothing",
        || events("id: 1\nevent: moon\ndata: x\n\n", Then::Hold),
        &["did not answer `tools/call` within 1.500 s"],
    ),
    (
        "wants to know who",
        || {
            response(
                "401 Unauthorized",
                "WWW-Authenticate: Bearer realm=\"x\"\r\n",
                "who?",
            )
        },
        &["answered HTTP status 401: who?"],
    ),
    (
        "says no",
        || response("403 Forbidden", "", "\u{1b}[2Jno"),
        &["answered HTTP status 403: \u{fffd}[2Jno"],
    ),
    (
        "is not there",
        || response("405 Method Not Allowed", "", ""),
        &["answered HTTP status 405"],
    ),
    (
        "fails",
        || {
            response(
                "500 Internal Server Error",
                "Content-Type: text/html\r\n",
                "<h1>oops</h1>",
            )
        },
        &["answered HTTP status 500: <h1>oops</h1>"],
    ),
    (
        "fails without end",
        || (b"HTTP/1.1 500 Oops\r\n\r\n".to_vec(), Then::Flood(b"oops ")),
        &["answered HTTP status 500"],
    ),
    (
        "has no time for long",
        || response("503 Service Unavailable", "Retry-After: 3600\r\n", ""),
        &["answered HTTP status 503"],
    ),
    (
        "has no time for ever",
        || {
            response(
                "429 Too Many Requests",
                "Retry-After: 99999999999999999999999\r\n",
                "",
            )
        },
        &["answered HTTP status 429"],
    ),
    (
        "refuses",
        || {
            response(
                "400 Bad Request",
                "Content-Type: application/json\r\n",
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no such tool"}}"#,
            )
        },
        &["the server refused `tools/call`: no such tool (-32602)"],
    ),
    (
        "has moved for ever",
        || {
            response(
                "301 Moved Permanently",
                "Location: http://127.0.0.1:1/mcp\r\n",
                "",
            )
        },
        &[
            "HTTP status 301: it sends clients to http://127.0.0.1:1/mcp, which was not followed",
            "connect to that address",
        ],
    ),
    (
        "has moved to another scheme",
        || {
            response(
                "308 Permanent Redirect",
                "Location: https://127.0.0.1/mcp\r\n",
                "",
            )
        },
        &["HTTP status 308: it sends clients to https://127.0.0.1/mcp, which was not followed"],
    ),
    (
        "would have a body lost",
        || response("302 Found", "Location: /elsewhere\r\n", ""),
        &[
            "HTTP status 302: it sends clients to",
            "/elsewhere, which was not followed",
        ],
    ),
    (
        "leads in a circle",
        || response("307 Temporary Redirect", "Location: /mcp\r\n", ""),
        &["HTTP status 307"],
    ),
];

#[tokio::test]
async fn a_response_that_is_none_fails_its_call_and_the_error_says_what_came() {
    let before = memory();
    for speak in ERAS {
        for (name, said, parts) in CASES {
            let web = Web::of(speak, move |asked| asked.is("tools/call").then(said)).await;
            let client = web.client(speak).await;
            let begun = Instant::now();
            let failed = client.call_tool("any", ()).await;
            assert_says(&failed.expect_err(name), parts);
            assert!(
                begun.elapsed() < Duration::from_secs(9),
                "{name}: {:?}",
                begun.elapsed()
            );
            let followed = if parts[0].contains("307") { 4 } else { 1 };
            assert_eq!(
                web.count("tools/call"),
                followed,
                "{name}: it may have been carried out"
            );
            assert!(web.taken() < 64 << 20, "{name}: {}", web.taken());
            still_works(&client).await;
        }
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown}");
}

#[tokio::test]
async fn a_challenge_is_passed_on_unless_it_is_a_megabyte() {
    for (length, is_told) in [(200, true), (100_000, false), (1 << 20, false)] {
        let web = Web::of(Speak::Modern, move |asked| {
            let head = format!(
                "WWW-Authenticate: Bearer realm=\"{}\"\r\n",
                "x".repeat(length)
            );
            asked
                .is("tools/call")
                .then(|| response("401 Unauthorized", &head, ""))
        })
        .await;
        let client = web.client(Speak::Modern).await;
        match client.call_tool("any", ()).await.expect_err("not let in") {
            Error::Status {
                status: 401,
                challenge,
                ..
            } => assert_eq!(challenge.is_some(), is_told, "{length}"),
            other => assert!(
                length == 1 << 20 && matches!(other, Error::Interrupted { .. }),
                "{other}"
            ),
        }
        still_works(&client).await;
    }
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_body_and_one_to_another_is_sent_nothing() {
    let elsewhere = Web::new(|_| response("200 OK", "", "")).await;
    let place = elsewhere.url();
    let web = Web::of(Speak::Modern, move |asked| {
        let is_moved = asked.head.starts_with("POST /mcp ");
        match asked.body["params"]["name"].as_str() {
            Some("near") if is_moved => Some(response(
                "307 Temporary Redirect",
                "Location: /moved\r\n",
                "",
            )),
            Some("near") => Some(answer(asked, json!({"content": []}))),
            Some("far") => Some(response(
                "307 Temporary Redirect",
                &format!("Location: {place}\r\n"),
                "",
            )),
            _ => None,
        }
    })
    .await;
    let target = Target::try_from(web.url().as_str()).expect("a URL");
    let target = target.header(
        "authorization".parse().expect("a name"),
        "Bearer secret".parse().expect("a value"),
    );
    let client = builder(Speak::Modern)
        .connect(target)
        .await
        .expect("a connection");
    client.call_tool("near", ()).await.expect("an answer");
    let error = client
        .call_tool("far", ())
        .await
        .expect_err("it is not followed");
    assert_says(&error, &["HTTP status 307: it sends clients to"]);
    assert!(!error.to_string().contains("secret"));
    assert_eq!(elsewhere.asked().len(), 0, "nothing is sent there");
}

#[tokio::test]
async fn what_has_no_time_now_is_asked_again_when_it_says_and_what_may_have_run_is_not() {
    for (head, status, is_repeated) in [
        ("Retry-After: 1\r\n", "503 Service Unavailable", true),
        ("Retry-After: 1\r\n", "429 Too Many Requests", true),
        ("", "503 Service Unavailable", false),
        ("", "502 Bad Gateway", false),
        ("", "504 Gateway Timeout", false),
    ] {
        let count = AtomicUsize::new(0);
        let web = Web::of(Speak::Modern, move |asked| {
            asked.is("tools/call").then(|| {
                if count.fetch_add(1, Ordering::SeqCst) == 0 {
                    response(status, head, "")
                } else {
                    answer(asked, json!({"content": []}))
                }
            })
        })
        .await;
        let client = web.client(Speak::Modern).await;
        let begun = Instant::now();
        let answered = client.call_tool("any", ()).await;
        assert_eq!(answered.is_ok(), is_repeated, "{status}: {answered:?}");
        assert_eq!(
            web.count("tools/call"),
            1 + usize::from(is_repeated),
            "{status}"
        );
        assert!(
            !is_repeated || begun.elapsed() >= Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    }
    let count = AtomicUsize::new(0);
    let web = Web::of(Speak::Modern, move |asked| {
        (asked.is("prompts/get") && count.fetch_add(1, Ordering::SeqCst) == 0)
            .then(|| response("502 Bad Gateway", "", ""))
    })
    .await;
    still_works(&web.client(Speak::Modern).await).await;
    assert_eq!(
        web.count("prompts/get"),
        2,
        "what only reads is asked again"
    );
}

#[tokio::test]
async fn nothing_that_is_no_endpoint_is_connected_to_and_the_first_answer_is_told() {
    let cases: [(Said, &[&str]); 6] = [
        (
            response("404 Not Found", "", "no page here"),
            &["answered HTTP status 404: no page here"],
        ),
        (
            response("405 Method Not Allowed", "", ""),
            &["answered HTTP status 405"],
        ),
        (
            response("401 Unauthorized", "", ""),
            &["answered HTTP status 401"],
        ),
        (
            response("500 Internal Server Error", "", ""),
            &["answered HTTP status 500"],
        ),
        (
            response("200 OK", "Content-Type: text/html\r\n", "<html>"),
            &["the content type `text/html`"],
        ),
        (
            response(
                "301 Moved Permanently",
                "Location: http://127.0.0.1:1/\r\n",
                "",
            ),
            &["it sends clients to http://127.0.0.1:1/"],
        ),
    ];
    for (said, parts) in cases {
        for speak in [Speak::Auto, Speak::Modern, Speak::Legacy] {
            let said = said.clone();
            let web = Web::new(move |_| said.clone()).await;
            let error = builder(speak)
                .connect(web.url().as_str())
                .await
                .expect_err("no server");
            assert_says(&error, parts);
        }
    }
    let nobody = format!(
        "http://{}/",
        std::net::SocketAddr::from(([127, 0, 0, 1], 1))
    );
    let error = builder(Speak::Auto)
        .connect(nobody.as_str())
        .await
        .expect_err("nobody listens");
    assert_says(&error, &["could not reach http://127.0.0.1:1/", "refused"]);
}

#[tokio::test]
async fn an_endpoint_on_another_origin_is_sent_nothing() {
    let elsewhere = Web::new(|_| response("202 Accepted", "", "")).await;
    for path in ["/steal", "//evil", "javascript:x"] {
        let place = if path == "/steal" {
            elsewhere.url()
        } else {
            path.to_owned()
        };
        let web = Web::new(move |asked| match asked.verb() {
            "GET" => events(&format!("event: endpoint\ndata: {place}\n\n"), Then::Hold),
            _ => response("405 Method Not Allowed", "", ""),
        })
        .await;
        let target = Target::try_from(web.url().as_str())
            .expect("a URL")
            .transport(Transport::Sse);
        let error = builder(Speak::Auto)
            .connect(target)
            .await
            .expect_err("it leads away");
        assert_says(
            &error,
            &[
                "its endpoint is on another origin",
                "where nothing was sent",
            ],
        );
        assert_eq!(web.asked().len(), 1);
    }
    assert_eq!(elsewhere.asked().len(), 0);
}

#[tokio::test]
async fn a_stream_of_2024_that_does_not_begin_as_one_is_refused() {
    let cases: [(Said, &str); 4] = [
        (
            events("data: {}\n\n", Then::Hold),
            "does not begin with the event `endpoint`",
        ),
        (
            events("", Then::Close),
            "its stream of events ended at once",
        ),
        (
            events("", Then::Flood(b"data: x\n")),
            "its stream of events ended at once",
        ),
        (
            response("404 Not Found", "", ""),
            "it speaks neither Streamable HTTP nor HTTP+SSE: HTTP status 404",
        ),
    ];
    for (said, part) in cases {
        let web = Web::new(move |_| said.clone()).await;
        let target = Target::try_from(web.url().as_str())
            .expect("a URL")
            .transport(Transport::Sse);
        let error = builder(Speak::Auto)
            .connect(target)
            .await
            .expect_err("no stream");
        assert_says(&error, &[part]);
    }
}

#[tokio::test]
async fn a_server_of_the_modern_era_is_not_answered_what_it_may_not_ask() {
    let web = Web::of(Speak::Modern, |asked| {
        let ask = json!({"jsonrpc": "2.0", "id": 1, "method": "roots/list"});
        let done = json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": {"content": []}});
        let asks = format!("data: {ask}\n\n").repeat(1_000);
        asked
            .is("tools/call")
            .then(|| events(&format!("{asks}data: {done}\n\n"), Then::Close))
    })
    .await;
    let client = web.client(Speak::Modern).await;
    client.call_tool("any", ()).await.expect("an answer");
    still_works(&client).await;
    assert_eq!(web.asked().len(), 3, "no answer of ours is sent");
}

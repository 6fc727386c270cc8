//! Streams that break, sessions that end, and calls over HTTP that nobody waits for.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use midfield::client::{Error, Speak};
use serde_json::json;

use super::web::{Asked, Said, Then, Web, answer, builder, events, response};
use super::{assert_says, still_works};

fn done(id: &serde_json::Value) -> String {
    format!(
        "data: {}\n\n",
        json!({"jsonrpc": "2.0", "id": id, "result": {"content": []}})
    )
}

/// A legacy server whose call begins a stream that breaks after an event with an id, and how it goes on.
async fn broken(
    beginning: &'static str,
    go_on: impl Fn(&Asked, usize, &str) -> Said + Send + Sync + 'static,
) -> Web {
    let id = Arc::new(std::sync::Mutex::new(json!(null)));
    let count = AtomicUsize::new(0);
    Web::of(Speak::Legacy, move |asked| {
        if asked.is("tools/call") {
            *id.lock().expect("no panic") = asked.body["id"].clone();
            return Some(events(beginning, Then::Close));
        }
        let is_resumed = asked.verb() == "GET" && asked.header("last-event-id").is_some();
        is_resumed.then(|| {
            let answer = done(&id.lock().expect("no panic"));
            go_on(asked, count.fetch_add(1, Ordering::SeqCst), &answer)
        })
    })
    .await
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_from_its_last_event_and_not_at_once() {
    let web = broken("retry: 0\nid: a\ndata:\n\n", |asked, count, answer| {
        assert_eq!(asked.header("mcp-session-id"), Some("first"));
        match count {
            0 => {
                assert_eq!(asked.header("last-event-id"), Some("a"));
                events("id: b\ndata:\n\n", Then::Close)
            }
            1 => response("503 Service Unavailable", "", ""),
            _ => {
                assert_eq!(asked.header("last-event-id"), Some("b"));
                events(answer, Then::Close)
            }
        }
    })
    .await;
    let client = web.client(Speak::Legacy).await;
    let begun = Instant::now();
    client.call_tool("any", ()).await.expect("an answer");
    assert!(
        begun.elapsed() >= Duration::from_millis(100),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(web.count("tools/call"), 1);
}

#[tokio::test]
async fn a_stream_that_cannot_be_resumed_fails_its_call_and_the_error_says_why() {
    type GoOn = fn(&Asked, usize, &str) -> Said;
    let cases: [(GoOn, &[&str]); 6] = [
        (
            |_, _, _| response("404 Not Found", "", ""),
            &["the stream of events ended, and the session has ended meanwhile"],
        ),
        (
            |_, _, _| response("405 Method Not Allowed", "", ""),
            &["it cannot be resumed: HTTP status 405"],
        ),
        (
            |_, _, _| response("401 Unauthorized", "", ""),
            &["it cannot be resumed: HTTP status 401"],
        ),
        (
            |_, _, _| response("200 OK", "Content-Type: text/html\r\n", "<html>"),
            &["it cannot be resumed", "`text/html`"],
        ),
        (
            |_, _, _| {
                events(
                    "data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n",
                    Then::Hold,
                )
            },
            &["did not answer `tools/call` within 1.500 s"],
        ),
        (
            |_, _, _| events("data: moon\n\n", Then::Hold),
            &["it sent what is no message"],
        ),
    ];
    for (go_on, parts) in cases {
        let web = broken("retry: 0\nid: a\ndata:\n\n", go_on).await;
        let client = web.client(Speak::Legacy).await;
        let error = client.call_tool("any", ()).await.expect_err("no answer");
        assert_says(&error, parts);
        assert_eq!(web.count("tools/call"), 1, "it may have been carried out");
        still_works(&client).await;
    }
}

#[tokio::test]
async fn a_server_that_fails_or_breaks_off_for_ever_is_not_asked_without_end_or_pause() {
    let again = |_: &Asked, count: usize, _: &str| {
        events(&format!("retry: 0\nid: {count}\ndata:\n\n"), Then::Close)
    };
    let empty = |_: &Asked, _: usize, _: &str| events("", Then::Close);
    let fails = |_: &Asked, _: usize, _: &str| response("500 Internal Server Error", "", "");
    let cases: [fn(&Asked, usize, &str) -> Said; 3] = [again, empty, fails];
    for go_on in cases {
        let web = broken("retry: 0\nid: a\ndata:\n\n", go_on).await;
        let client = web.client(Speak::Legacy).await;
        client.call_tool("any", ()).await.expect_err("no answer");
        let asked = web
            .asked()
            .iter()
            .filter(|asked| asked.header("last-event-id").is_some())
            .count();
        assert!((2..=40).contains(&asked), "{asked}");
        still_works(&client).await;
    }
}

#[tokio::test]
async fn a_stream_is_not_resumed_in_the_modern_era_or_without_an_id_or_before_its_time() {
    for (speak, beginning, part) in [
        (
            Speak::Modern,
            "retry: 0\nid: a\ndata:\n\n",
            "the stream of events ended",
        ),
        (
            Speak::Legacy,
            "retry: 0\ndata:\n\n",
            "the stream of events ended",
        ),
        (
            Speak::Legacy,
            "retry: 1000000000000\nid: a\ndata:\n\n",
            "did not answer `tools/call` within 1.500 s",
        ),
        (
            Speak::Legacy,
            "retry: 99999999999999999999999\nid: a\u{0}b\ndata:\n\n",
            "the stream of events ended",
        ),
    ] {
        let web = Web::of(speak, move |asked| {
            asked
                .is("tools/call")
                .then(|| events(beginning, Then::Close))
        })
        .await;
        let client = web.client(speak).await;
        let error = client.call_tool("any", ()).await.expect_err("no answer");
        assert_says(&error, &[part]);
        assert_eq!(
            web.asked()
                .iter()
                .filter(|asked| asked.header("last-event-id").is_some())
                .count(),
            0
        );
        still_works(&client).await;
    }
}

/// A legacy server that forgets its first session after it was opened.
async fn forgetful() -> Web {
    let sessions = AtomicUsize::new(0);
    Web::of(Speak::Legacy, move |asked| {
        if asked.is("initialize") {
            assert_eq!(
                asked.header("mcp-session-id"),
                None,
                "a new session has no id yet"
            );
            let number = sessions.fetch_add(1, Ordering::SeqCst);
            let (bytes, then) = super::web::sane(Speak::Legacy, asked);
            let text = String::from_utf8(bytes).expect("text");
            return Some((
                text.replace("Id: first", &format!("Id: s{number}"))
                    .into_bytes(),
                then,
            ));
        }
        let is_forgotten =
            asked.body.get("id").is_some() && asked.header("mcp-session-id") == Some("s0");
        if is_forgotten {
            return Some(response("404 Not Found", "", ""));
        }
        asked
            .is("tools/call")
            .then(|| answer(asked, json!({"content": []})))
    })
    .await
}

#[tokio::test]
async fn a_session_that_has_ended_is_opened_anew_once_and_everything_that_missed_it_is_asked_again()
{
    let web = forgetful().await;
    let client = web.client(Speak::Legacy).await;
    let calls = (0..20).map(|_| client.call_tool("any", ()).into_future());
    for answered in futures_util::future::join_all(calls).await {
        answered.expect("an answer, in the new session");
    }
    still_works(&client).await;
    assert_eq!(web.count("initialize"), 2);
    client.close().await;
    let ended: Vec<String> = web
        .asked()
        .iter()
        .filter(|asked| asked.verb() == "DELETE")
        .filter_map(|asked| asked.header("mcp-session-id").map(str::to_owned))
        .collect();
    assert_eq!(ended, ["s1"], "one that is gone need not be ended");
}

#[tokio::test]
async fn a_server_that_forgets_every_session_is_not_asked_for_ever() {
    let web = Web::of(Speak::Legacy, |asked| {
        (asked.is("tools/call") || asked.is("prompts/get"))
            .then(|| response("404 Not Found", "", ""))
    })
    .await;
    let client = web.client(Speak::Legacy).await;
    let error = client
        .get_prompt("any")
        .await
        .expect_err("no session lasts");
    assert_says(
        &error,
        &["the session has ended, as the server says by HTTP status 404"],
    );
    assert_eq!(web.count("prompts/get"), 3);
    assert_eq!(web.count("initialize"), 3);
}

#[tokio::test]
async fn a_404_without_a_session_is_about_the_request() {
    let web = Web::of(Speak::Modern, |asked| {
        asked
            .is("tools/call")
            .then(|| response("404 Not Found", "", "gone"))
    })
    .await;
    let client = web.client(Speak::Modern).await;
    let error = client.call_tool("any", ()).await.expect_err("not found");
    assert!(
        matches!(error, Error::Status { status: 404, .. }),
        "{error}"
    );
    assert_eq!(web.count("tools/call"), 1);
    still_works(&client).await;
}

#[tokio::test]
async fn a_dropped_call_closes_its_stream_and_a_legacy_server_is_told() {
    for speak in super::ERAS {
        for said in [(Vec::new(), Then::Hold), events(": wait\n\n", Then::Hold)] {
            let web = Web::of(speak, move |asked| {
                asked.is("tools/call").then(|| said.clone())
            })
            .await;
            let client = web.client(speak).await;
            let call = client.call_tool("any", ()).into_future();
            tokio::select! {
                answered = call => panic!("{answered:?}"),
                _ = web.until(|asked| asked.is("tools/call")) => {}
            }
            web.closed(1).await;
            let id = web.until(|asked| asked.is("tools/call")).await.body["id"].clone();
            if speak == Speak::Legacy {
                let told = web.until(|asked| asked.is("notifications/cancelled")).await;
                assert_eq!(told.body["params"]["requestId"], id);
            }
            still_works(&client).await;
            assert_eq!(
                web.count("notifications/cancelled"),
                usize::from(speak == Speak::Legacy)
            );
        }
    }
}

#[tokio::test]
async fn opening_a_session_over_http_is_never_cancelled() {
    let web = Web::of(Speak::Legacy, |asked| {
        asked.is("initialize").then(|| (Vec::new(), Then::Hold))
    })
    .await;
    let url = web.url();
    {
        let connecting = builder(Speak::Legacy).connect(url.as_str());
        tokio::select! {
            opened = connecting => panic!("{opened:?}"),
            _ = web.until(|asked| asked.is("initialize")) => {}
        }
    }
    web.closed(1).await;
    assert_eq!(web.asked().len(), 1);
}

#[tokio::test]
async fn a_notification_that_is_never_taken_holds_up_connecting_only_for_its_time() {
    let web = Web::of(Speak::Legacy, |asked| {
        asked
            .is("notifications/initialized")
            .then(|| (Vec::new(), Then::Hold))
    })
    .await;
    let begun = Instant::now();
    let url = web.url();
    let connecting = builder(Speak::Legacy)
        .connect_timeout(Duration::from_secs(1))
        .connect(url.as_str());
    let error = connecting.await.expect_err("it is not taken");
    assert_says(&error, &["ended before the answer came", "timed out"]);
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_stream_of_the_session_that_is_none_is_asked_for_once() {
    let web = Web::of(Speak::Legacy, |asked| {
        (asked.verb() == "GET").then(|| response("200 OK", "Content-Type: text/html\r\n", "<html>"))
    })
    .await;
    let client = web.client(Speak::Legacy).await;
    web.until(|asked| asked.verb() == "GET").await;
    tokio::time::timeout(Duration::from_millis(1_300), std::future::pending::<()>())
        .await
        .expect_err("time passes");
    assert_eq!(
        web.asked()
            .iter()
            .filter(|asked| asked.verb() == "GET")
            .count(),
        1
    );
    still_works(&client).await;
}

//! Streams of sessions: what the one that a client opens tells it, and what it finds when it comes back
//! ([2025-11-25, resumability](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery)).

use std::time::Duration;

use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use midfield::{Identity, KeyRing};
use serde_json::{Value, json};

use crate::fixture::{Probe, verbatim};
use crate::harness::{Host, Response, tool_text};
use crate::http_asking::{Streamed, asking, authorized, open_able, service, session_call};
use crate::messages::{LEGACY, Request, modern_call, request};
use crate::stdio::{Pipes, assert_error};

/// The one message of a response, which may be a stream.
fn answered(response: &Response) -> Value {
    if response.header("content-type") == Some("application/json") {
        return response.json();
    }
    let mut events = response.events();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

async fn start() -> (Host, midfield::Service, Probe) {
    let (service, probe) = service();
    (
        Host::start(service.clone(), Options::new()).await,
        service,
        probe,
    )
}

fn get(session: &str) -> Request {
    Request::get("/mcp").session(session)
}

fn subscribe(session: &str, method: &str, uri: &str) -> Request {
    Request::post(request(9, method, json!({"uri": uri}))).session(session)
}

/// A call that says something before and after it waits.
fn saying(session: &str) -> Request {
    let params = json!({"name": "wait_and_say", "_meta": {"progressToken": "t"}});
    Request::post(request(1, "tools/call", params)).session(session)
}

/// How far a message says that the work has come.
fn progress(message: &Value) -> String {
    let progress = message["params"]["progress"].as_f64();
    progress.expect("progress").to_string()
}

#[tokio::test]
async fn a_session_hears_of_lists_and_of_the_resources_that_it_is_subscribed_to() {
    for (revision, another) in [
        ("2024-11-05", "2025-11-25"),
        ("2025-03-26", "2024-11-05"),
        ("2025-06-18", "2025-03-26"),
        ("2025-11-25", "2025-06-18"),
    ] {
        let (host, service, _) = start().await;
        let one = host.open(revision).await;
        let two = host.open(another).await;
        let mut hears = Streamed::begin(&host, &get(&one)).await;
        let mut other = Streamed::begin(&host, &get(&two)).await;
        service
            .add_tool(verbatim("late", json!({"type": "object"})))
            .expect("a tool");
        for stream in [&mut hears, &mut other] {
            let changed = stream.hear().await;
            assert_eq!(changed["method"], "notifications/tools/list_changed");
        }
        let response = host
            .ask(&subscribe(&one, "resources/subscribe", "test:one"))
            .await;
        assert_eq!(response.json()["result"], json!({}));
        service.resource_updated("test:two");
        service.resource_updated("test:one");
        let updated = hears.hear().await;
        assert_eq!(updated["method"], "notifications/resources/updated");
        assert_eq!(updated["params"]["uri"], "test:one");
        host.ask(&subscribe(&one, "resources/unsubscribe", "test:one"))
            .await;
        service.resource_updated("test:one");
        hears.assert_silent().await;
        other.assert_silent().await;
        let unknown = subscribe(&one, "resources/subscribe", "test:nowhere");
        host.ask(&unknown).await.assert_error(200, 9, -32002);
    }
}

#[tokio::test]
async fn who_hears_of_no_resource_is_subscribed_to_none() {
    let methods = ["resources/subscribe", "resources/unsubscribe"];
    for revision in LEGACY {
        let (bare, _) = crate::fixture::service();
        let host = Host::start(bare, Options::new()).await;
        let session = host.open(revision).await;
        for method in methods {
            let asked = subscribe(&session, method, "test:one");
            host.ask(&asked).await.assert_error(200, 9, -32601);
        }
        let mut pipes = Pipes::open(revision).await;
        for method in methods {
            let asked = request(9, method, json!({"uri": "test:one"}));
            assert_error(&pipes.ask(&asked).await, 9, -32601);
        }
    }
}

#[tokio::test]
async fn to_end_a_subscription_that_there_is_not_opens_no_stream() {
    let (host, service, _) = start().await;
    let session = host.open("2025-06-18").await;
    let ended = subscribe(&session, "resources/unsubscribe", "test:one");
    assert_eq!(host.ask(&ended).await.json()["result"], json!({}));
    // Where there was a stream, it would have kept this.
    service.remove_prompt("plain");
    let mut hears = Streamed::begin(&host, &get(&session)).await;
    hears.assert_silent().await;
}

/// What a stream of this revision begins with, before anything was said on it: the id of an empty event, where
/// the revision has such.
async fn primer(revision: &str, stream: &mut Streamed) -> Option<String> {
    if revision != "2025-11-25" {
        return None;
    }
    let primer = stream.frame().await.expect("a first event");
    assert!(primer.retry.is_some() && primer.data.is_empty());
    Some(primer.id.expect("an id"))
}

#[tokio::test]
async fn a_stream_begins_with_an_empty_event_where_the_revision_has_such() {
    let (host, service, _) = start().await;
    for revision in LEGACY {
        let session = host.open(revision).await;
        let mut hears = Streamed::begin(&host, &get(&session)).await;
        let primed = primer(revision, &mut hears).await;
        assert_eq!(primed.is_some(), revision == "2025-11-25");
        service.remove_tool("late");
        service
            .add_tool(verbatim("late", json!({"type": "object"})))
            .expect("a tool");
        let first = hears.frame().await.expect("an event");
        assert!(first.id.is_some() && first.message.is_some(), "{first:?}");
    }
}

#[tokio::test]
async fn a_client_that_lost_its_stream_goes_on_after_the_event_that_it_saw_last() {
    for revision in LEGACY {
        let (host, _, probe) = start().await;
        let session = host.open(revision).await;
        let mut stream = Streamed::begin(&host, &saying(&session)).await;
        let primer = primer(revision, &mut stream).await;
        let first = stream.frame().await.expect("progress");
        assert_eq!(progress(first.message.as_ref().expect("a message")), "1");
        probe.started().await;
        drop(stream);
        let id = first.id.expect("an id");
        // While the work goes on.
        let mut back = Streamed::begin(&host, &get(&session).header("Last-Event-ID", &id)).await;
        probe.release();
        let said = back.frame().await.expect("progress");
        assert_eq!(progress(said.message.as_ref().expect("a message")), "2");
        assert_eq!(tool_text(&back.hear().await).0, "released");
        assert_eq!(back.message().await, None);
        // Long after it is done, from any event.
        let said = said.id.expect("an id");
        let from = [(Some(id), 2), (Some(said), 1), (primer, 3)];
        for (after, expected) in from
            .iter()
            .filter_map(|(id, count)| Some((id.as_ref()?, count)))
        {
            let back = get(&session).header("Last-Event-ID", after);
            let mut again = Streamed::begin(&host, &back).await;
            let mut heard = 0;
            while again.message().await.is_some() {
                heard += 1;
            }
            assert_eq!(heard, *expected, "{revision}");
        }
    }
}

#[tokio::test]
async fn a_client_whose_stream_is_not_known_any_more_hears_what_is_said_from_now_on() {
    let serve = async || {
        let keyed = asking(&Probe::default()).keys(KeyRing::new([1; 32]));
        let service = keyed.build().expect("a server");
        (Host::start(service.clone(), Options::new()).await, service)
    };
    let changed = |list: &str| format!("notifications/{list}/list_changed");
    for revision in LEGACY {
        let (before, service) = serve().await;
        let session = before.open(revision).await;
        let mut stream = Streamed::begin(&before, &get(&session)).await;
        service.remove_prompt("plain");
        let mut last = stream.frame().await.expect("an event");
        if last.message.is_none() {
            last = stream.frame().await.expect("an event");
        }
        drop((before, stream));
        let (after, service) = serve().await;
        let back = get(&session).header("Last-Event-ID", last.id.expect("an id"));
        let mut stream = Streamed::begin(&after, &back).await;
        service.remove_prompt("plain");
        assert_eq!(stream.hear().await["method"], changed("prompts"));
        // While that is read, the next one that is lost does not take it away.
        after.ask(&back).await.assert_refused(400, -32600);
        service.remove_resource("test:one");
        assert_eq!(stream.hear().await["method"], changed("resources"));
    }
}

#[tokio::test]
async fn what_is_answered_while_the_client_is_away_waits_for_it() {
    for revision in LEGACY {
        let (host, _, probe) = start().await;
        let session = host.open(revision).await;
        let mut stream = Streamed::begin(&host, &saying(&session)).await;
        let primer = primer(revision, &mut stream).await;
        let (id, first) = match primer {
            Some(id) => (id, 1),
            None => (
                stream.frame().await.expect("progress").id.expect("an id"),
                2,
            ),
        };
        probe.started().await;
        drop(stream);
        probe.release();
        probe.finished().await;
        let mut back = Streamed::begin(&host, &get(&session).header("Last-Event-ID", id)).await;
        for step in first..=2 {
            assert_eq!(progress(&back.hear().await), step.to_string());
        }
        assert_eq!(tool_text(&back.hear().await).0, "released", "{revision}");
    }
}

#[tokio::test]
async fn a_stream_is_found_only_in_its_own_session_and_by_its_own_principal() {
    let (service, probe) = service();
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let (a, b) = (Some("Bearer a"), Some("Bearer b"));
    let session = open_able(&host, "2025-11-25", a).await;
    let mine_too = open_able(&host, "2025-11-25", a).await;
    let theirs = open_able(&host, "2025-11-25", b).await;
    let theirs_too = open_able(&host, "2025-11-25", b).await;
    let mut stream = Streamed::begin(&host, &authorized(saying(&session), a)).await;
    let id = stream
        .frame()
        .await
        .and_then(|frame| frame.id)
        .expect("an id");
    probe.started().await;
    let back = |session: &str, id: &str| get(session).header("Last-Event-ID", id);
    let forged = format!("AAAAAAAAAAAAAAAA.{}", "0");
    let refused = [
        (authorized(back(&session, &id), b), 404),
        (back(&session, &id), 401),
        (
            authorized(back(&session, &id), a).header("Last-Event-ID", &id),
            400,
        ),
    ];
    for (request, status) in refused {
        assert_eq!(host.ask(&request).await.status, status, "{request:?}");
    }
    // Somebody else's event is as good as one that never was: each hears its own session, from now on.
    let (name, _) = id.split_once('.').expect("a number");
    for request in [
        authorized(back(&mine_too, &id), a),
        authorized(back(&theirs, &id), b),
        authorized(back(&theirs_too, &forged), b),
        authorized(back(&session, "nonsense"), a),
    ] {
        let mut own = Streamed::begin(&host, &request).await;
        let primer = own.frame().await.expect("a first event");
        assert!(primer.message.is_none(), "{primer:?}");
        assert!(primer.id.is_some_and(|id| !id.starts_with(name)));
        own.assert_silent().await;
    }
    // None of them has taken the stream over.
    probe.release();
    assert_eq!(progress(&stream.hear().await), "1");
    assert_eq!(progress(&stream.hear().await), "2");
    assert_eq!(tool_text(&stream.hear().await).0, "released");
}

#[tokio::test]
async fn no_two_events_of_a_session_have_the_same_id() {
    let (host, service, _) = start().await;
    let session = host.open("2025-11-25").await;
    let mut hears = Streamed::begin(&host, &get(&session)).await;
    service.remove_tool("echo");
    service.remove_prompt("plain");
    let mut ids = Vec::new();
    for _ in 0..3 {
        let frame = hears.frame().await.expect("an event");
        ids.push(frame.id.expect("an id"));
    }
    for _ in 0..5 {
        let params = json!({"name": "talk", "arguments": {"steps": [1, 2]},
            "_meta": {"progressToken": 1}});
        let call = Request::post(request(1, "tools/call", params)).session(&session);
        let mut stream = Streamed::begin(&host, &call).await;
        while let Some(frame) = stream.frame().await {
            ids.push(frame.id.expect("an id"));
        }
    }
    assert_eq!(ids.len(), 3 + 5 * 4);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3 + 5 * 4);
}

#[tokio::test]
async fn a_client_that_was_let_go_comes_back_for_the_answer() {
    let (host, _, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let mut stream = Streamed::begin(&host, &session_call(&session, 1, "let_go")).await;
    let primer = stream.frame().await.expect("a first event");
    assert!(primer.retry.is_some_and(|retry| retry > 0), "{primer:?}");
    assert_eq!(stream.frame().await, None, "the stream ends");
    probe.started().await;
    probe.release();
    probe.finished().await;
    let id = primer.id.expect("an id");
    let mut back = Streamed::begin(&host, &get(&session).header("Last-Event-ID", id)).await;
    assert_eq!(tool_text(&back.hear().await).0, "released");
}

#[tokio::test]
async fn a_client_that_could_not_come_back_is_not_let_go() {
    let (host, _, probe) = start().await;
    let mut calls = vec![modern_call(1, "let_go", json!({}))];
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let session = host.open(revision).await;
        calls.push(session_call(&session, 1, "let_go"));
    }
    for call in calls {
        let mut client = host.connect().await;
        client.send(&call.bytes()).await;
        probe.started().await;
        probe.release();
        assert_eq!(tool_text(&answered(&client.response().await)).0, "released");
    }
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_what_they_wait_for() {
    let (host, _, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let mut hears = Streamed::begin(&host, &get(&session)).await;
    let mut call = Streamed::begin(&host, &saying(&session)).await;
    let id = call
        .frame()
        .await
        .and_then(|frame| frame.id)
        .expect("an id");
    probe.started().await;
    let deleted = host.ask(&get(&session).method("DELETE")).await;
    assert_eq!(deleted.status, 204);
    probe.stopped().await;
    assert_eq!(hears.message().await, None);
    while let Some(message) = call.message().await {
        assert_eq!(message["method"], "notifications/progress", "{message}");
    }
    let back = host.ask(&get(&session).header("Last-Event-ID", id)).await;
    assert_eq!(back.status, 404);
}

#[tokio::test]
async fn a_stream_without_end_ends_when_the_time_of_its_session_is_over() {
    let options = Options::new().session_lifetime(Duration::from_secs(2));
    let host = Host::start(service().0, options).await;
    let session = host.open("2025-11-25").await;
    let mut hears = Streamed::begin(&host, &get(&session)).await;
    assert_eq!(hears.message().await, None);
    let response = host.ask(&get(&session)).await;
    assert_eq!(response.status, 404);
}

#[tokio::test]
async fn a_second_listener_takes_over_and_hears_nothing_twice() {
    let (host, service, _) = start().await;
    let session = host.open("2025-11-25").await;
    let mut first = Streamed::begin(&host, &get(&session)).await;
    service.remove_tool("echo");
    assert_eq!(
        first.hear().await["method"],
        "notifications/tools/list_changed"
    );
    let mut second = Streamed::begin(&host, &get(&session)).await;
    assert_eq!(first.message().await, None);
    let primer = second.frame().await.expect("a first event");
    assert!(primer.id.is_some() && primer.message.is_none());
    second.assert_silent().await;
    service.remove_prompt("plain");
    let changed = second.hear().await;
    assert_eq!(changed["method"], "notifications/prompts/list_changed");
}

#[tokio::test]
async fn a_reader_that_is_slow_misses_nothing_of_what_is_said_to_it() {
    let (host, _, _) = start().await;
    let session = host.open("2025-11-25").await;
    let steps: Vec<u32> = (1..=5_000).collect();
    let params = json!({"name": "talk", "arguments": {"steps": steps},
        "_meta": {"progressToken": "x".repeat(1_000)}});
    let call = Request::post(request(1, "tools/call", params)).session(&session);
    let mut stream = Streamed::begin(&host, &call).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    for step in steps {
        assert_eq!(progress(&stream.hear().await), step.to_string());
    }
    assert_eq!(tool_text(&stream.hear().await).0, "said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_taken_over_again_and_again_still_tells_the_last_reader() {
    let (host, _, probe) = start().await;
    let session = host.open("2025-11-25").await;
    for _ in 0..20 {
        let mut first = Streamed::begin(&host, &saying(&session)).await;
        let id = first.frame().await.and_then(|frame| frame.id);
        let back = get(&session).header("Last-Event-ID", id.expect("an id"));
        probe.started().await;
        let mut readers = vec![first];
        for _ in 0..5 {
            readers.push(Streamed::begin(&host, &back).await);
        }
        let mut last = readers.pop().expect("a reader");
        probe.release();
        assert_eq!(progress(&last.hear().await), "1");
        assert_eq!(progress(&last.hear().await), "2");
        assert_eq!(tool_text(&last.hear().await).0, "released");
    }
}

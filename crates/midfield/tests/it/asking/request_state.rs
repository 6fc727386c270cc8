//! What comes back as `requestState`: nothing but what this server gave to this principal for this request.

use std::time::Duration;

use midfield::auth::StaticTokens;
use midfield::prelude::*;
use midfield::server::Retry;
use midfield::transport::http::Options;
use midfield::{Error, Identity, KeyRing, Service};
use serde_json::{Value, json};

use super::{Effects, Peer, ask_name, assert_error, everything, named, text};
use crate::harness::Host;
use crate::messages::{MODERN, Request, modern};

#[derive(Deserialize, JsonSchema)]
struct Pair {
    a: Option<u32>,
    b: Option<u32>,
}

async fn ask(cx: Context, effects: State<Effects>, Args(pair): Args<Pair>) -> Result<String> {
    effects.add("run");
    let name = ask_name(&cx, "name").await?;
    Ok(format!("{name} {:?} {:?}", pair.a, pair.b))
}

async fn ask_prompt(cx: Context) -> Result<String> {
    ask_name(&cx, "name").await
}

/// Brings a journal of as many bytes as it is asked for.
async fn large(cx: Context) -> Result<String> {
    let text: String = cx
        .step("text", async || Ok::<_, Error>("x".repeat(70_000)))
        .await?;
    ask_name(&cx, "name").await?;
    Ok(text.len().to_string())
}

/// Does something before it asks, and something after it, and says under which keys.
async fn redeem(cx: Context, effects: State<Effects>) -> Result<String> {
    for step in ["before", "after"] {
        if step == "after" {
            ask_name(&cx, "name").await?;
        }
        cx.step_with(step, &Retry::once(), async |attempt| {
            effects.add(format!("{step} {}", attempt.key));
            Ok::<_, Error>(())
        })
        .await?;
    }
    Ok("redeemed".to_owned())
}

fn server(version: &str) -> Server {
    Server::new("asking", version)
        .state(Effects::default())
        .keys(KeyRing::new([1; 32]))
        .tool(Tool::new("ask", ask))
        .tool(Tool::new("other", ask))
        .tool(Tool::new("large", large))
        .tool(Tool::new("redeem", redeem))
        .prompt(Prompt::new("ask", ask_prompt))
}

async fn peer(server: Server) -> Peer {
    let service = server.build().expect("a server");
    Peer::able(&service, MODERN).await
}

fn params() -> Value {
    json!({"name": "ask", "arguments": {"a": 1, "b": 2}})
}

async fn state_of(peer: &mut Peer) -> Value {
    let response = peer.once("tools/call", &params(), &json!({})).await;
    assert_eq!(
        response["result"]["resultType"], "input_required",
        "{response}"
    );
    response["result"]["requestState"].clone()
}

fn answers(state: &Value) -> Value {
    json!({
        "requestState": state,
        "inputResponses": {"name": {"action": "accept", "content": {"name": "Ada"}}},
    })
}

/// Goes on with `state` in a call of `params`.
async fn go_on(peer: &mut Peer, params: &Value, state: &Value) -> Value {
    peer.once("tools/call", params, &answers(state)).await
}

#[tokio::test]
async fn a_state_that_was_changed_anywhere_is_refused() {
    let mut peer = peer(server("1")).await;
    let state = state_of(&mut peer).await;
    let text = state.as_str().expect("a text");
    for at in 0..text.len() {
        let mut changed = text.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let response = go_on(&mut peer, &params(), &changed.into()).await;
        assert_error(
            &response,
            -32602,
            &["requestState", "begin again without it"],
        );
    }
    let response = go_on(&mut peer, &params(), &state).await;
    assert_eq!(super::text(&response), "Ada Some(1) Some(2)");
}

#[tokio::test]
async fn what_is_no_state_is_refused_and_nothing_runs() {
    let effects = Effects::default();
    let mut peer = peer(server("1").state(effects.clone())).await;
    let state = state_of(&mut peer).await;
    let text = state.as_str().expect("a text");
    effects.take();
    for (what, words) in [
        (json!(""), &["requestState", "begin again without it"][..]),
        (json!("é"), &["requestState", "begin again without it"]),
        (json!("a b"), &["requestState", "begin again without it"]),
        (json!(format!("{text}=")), &["requestState", "begin again"]),
        (json!(text[..text.len() / 2]), &["requestState"]),
        (json!("A".repeat(3 << 20)), &["requestState", "begin again"]),
        (json!(null), &["requestState"]),
        (json!(1), &[]),
        (json!({}), &[]),
        (json!([text]), &[]),
    ] {
        let response = go_on(&mut peer, &params(), &what).await;
        assert_error(&response, -32602, words);
    }
    assert!(effects.take().is_empty());
}

#[tokio::test]
async fn a_state_goes_on_only_with_its_own_request() {
    let mut peer = peer(server("1")).await;
    let state = state_of(&mut peer).await;
    for other in [
        json!({"name": "other", "arguments": {"a": 1, "b": 2}}),
        json!({"name": "ask", "arguments": {"a": 1, "b": 3}}),
        json!({"name": "ask", "arguments": {"a": 1}}),
        json!({"name": "ask"}),
    ] {
        let response = go_on(&mut peer, &other, &state).await;
        assert_error(
            &response,
            -32602,
            &["requestState", "another request", "begin again"],
        );
    }
    let prompt = json!({"name": "ask"});
    let response = peer.once("prompts/get", &prompt, &answers(&state)).await;
    assert_error(&response, -32602, &["requestState", "another request"]);
    let same = json!({"arguments": {"b": 2, "a": 1}, "name": "ask"});
    let response = go_on(&mut peer, &same, &state).await;
    assert_eq!(text(&response), "Ada Some(1) Some(2)");
}

#[tokio::test]
async fn a_state_ends_with_its_time_and_with_the_servers_version() {
    let short = server("1").travelling_journal(64 << 10, Duration::ZERO);
    let mut short = peer(short).await;
    let state = state_of(&mut short).await;
    let response = go_on(&mut short, &params(), &state).await;
    assert_error(
        &response,
        -32602,
        &["requestState", "expired", "begin again"],
    );

    let mut first = peer(server("1")).await;
    let state = state_of(&mut first).await;
    let mut second = peer(server("2")).await;
    let response = go_on(&mut second, &params(), &state).await;
    assert_error(&response, -32602, &["requestState", "another request"]);
    let mut same = peer(server("1")).await;
    let response = go_on(&mut same, &params(), &state).await;
    assert_eq!(text(&response), "Ada Some(1) Some(2)");
}

#[tokio::test]
async fn a_lifetime_of_less_than_a_second_is_not_over_at_once() {
    let brief = server("1").travelling_journal(64 << 10, Duration::from_millis(900));
    let mut peer = peer(brief).await;
    let state = state_of(&mut peer).await;
    let response = go_on(&mut peer, &params(), &state).await;
    assert_eq!(text(&response), "Ada Some(1) Some(2)");
}

#[tokio::test]
async fn a_former_key_opens_a_state_until_it_leaves_the_ring() {
    let mut old = peer(server("1")).await;
    let state = state_of(&mut old).await;
    let rotated = KeyRing::new([2; 32]).former([1; 32]);
    let mut kept = peer(server("1").keys(rotated)).await;
    let response = go_on(&mut kept, &params(), &state).await;
    assert_eq!(text(&response), "Ada Some(1) Some(2)");
    let mut gone = peer(server("1").keys(KeyRing::new([2; 32]))).await;
    let response = go_on(&mut gone, &params(), &state).await;
    assert_error(&response, -32602, &["requestState", "did not give it"]);
}

#[tokio::test]
async fn a_journal_that_is_too_large_to_travel_names_tasks() {
    let mut limited = peer(server("1")).await;
    let response = limited.call("large", named).await;
    let words = ["`large`", "65536", "`task`", "`Server::travelling_journal`"];
    assert_error(&response, -32603, &words);
    let mut wide = peer(server("1").travelling_journal(1 << 20, Duration::from_mins(1))).await;
    let response = wide.call("large", named).await;
    assert_eq!(text(&response), "70000");
}

#[test]
fn a_journal_that_no_client_could_send_back_makes_no_server() {
    let with = |size| server("1").travelling_journal(size, Duration::from_mins(1));
    assert!(with(2 << 20).build().is_ok());
    for size in [(2 << 20) + 1, usize::MAX] {
        let refused = with(size).build().expect_err("it is too large").to_string();
        assert!(refused.contains("no more than 2 MiB"), "{refused}");
    }
}

#[tokio::test]
async fn answers_without_a_state_answer_nothing() {
    let mut peer = peer(server("1")).await;
    let mut unasked = answers(&json!(null));
    unasked
        .as_object_mut()
        .expect("an object")
        .remove("requestState");
    let response = peer.once("tools/call", &params(), &unasked).await;
    assert_eq!(
        response["result"]["resultType"], "input_required",
        "{response}"
    );
    assert!(response["result"]["inputRequests"].get("name").is_some());
}

#[tokio::test]
async fn answers_to_what_was_never_asked_are_passed_over() {
    let mut peer = peer(server("1")).await;
    let state = state_of(&mut peer).await;
    let accepted = json!({"action": "accept", "content": {"name": "Eve"}});
    for key in ["", "other", "name#2", "name ", "NAME"] {
        let mut stray = json!({"requestState": state});
        stray["inputResponses"][key] = accepted.clone();
        let response = peer.once("tools/call", &params(), &stray).await;
        let asked = &response["result"]["inputRequests"];
        assert!(asked.get("name").is_some(), "{key:?}: {response}");
    }
    for shape in [json!([]), json!(1), json!("x")] {
        let stray = json!({"requestState": state, "inputResponses": shape});
        let response = peer.once("tools/call", &params(), &stray).await;
        assert_error(&response, -32602, &["inputResponses"]);
    }
}

/// Who asks something else each time it runs.
async fn turncoat(cx: Context, effects: State<Effects>) -> Result<String> {
    effects.add("run");
    let runs = effects.0.lock().expect("no panic").len();
    let message = if runs < 2 {
        "Delete nothing?"
    } else {
        "Delete everything?"
    };
    match cx.elicit::<super::Name>("name", message).await? {
        Answer::Accepted(name) => Ok(name.name),
        _ => Ok("refused".into()),
    }
}

#[tokio::test]
async fn an_answer_never_counts_for_a_question_whose_text_has_changed() {
    let effects = Effects::default();
    let server = Server::new("asking", "1")
        .state(effects)
        .tool(Tool::new("turncoat", turncoat));
    let mut peer = peer(server).await;
    let params = json!({"name": "turncoat"});
    let first = peer.once("tools/call", &params, &json!({})).await;
    let question = &first["result"]["inputRequests"]["name"]["params"]["message"];
    assert_eq!(question, "Delete nothing?");
    let state = first["result"]["requestState"].clone();
    let second = peer.once("tools/call", &params, &answers(&state)).await;
    let question = &second["result"]["inputRequests"]["name"]["params"]["message"];
    assert_eq!(question, "Delete everything?", "{second}");
    let state = second["result"]["requestState"].clone();
    let third = peer.once("tools/call", &params, &answers(&state)).await;
    assert_eq!(text(&third), "Ada");
}

fn http(params: Value, more: &Value, token: &str) -> Request {
    let mut params = params;
    for (key, value) in more.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = everything();
    modern(1, "tools/call", params).header("Authorization", format!("Bearer {token}"))
}

fn built() -> Service {
    server("1").build().expect("a server")
}

#[tokio::test]
async fn a_state_serves_nobody_but_the_principal_that_it_was_given_to() {
    let tokens = StaticTokens::new()
        .token("alice", Identity::new("us", "alice"))
        .token("bob", Identity::new("us", "bob"))
        .token("elsewhere", Identity::new("them", "alice"))
        .token("lab", Identity::new("us", "alice").tenant("lab"));
    let host = Host::start(built(), Options::new().authenticate(tokens)).await;
    let first = host.ask(&http(params(), &json!({}), "alice")).await.json();
    let state = first["result"]["requestState"].clone();
    for token in ["bob", "elsewhere", "lab"] {
        let response = host.ask(&http(params(), &answers(&state), token)).await;
        assert_eq!(response.status, 400, "{token}");
        assert_error(&response.json(), -32602, &["requestState", "somebody else"]);
    }
    let response = host.ask(&http(params(), &answers(&state), "alice")).await;
    assert_eq!(text(&response.json()), "Ada Some(1) Some(2)");
}

#[tokio::test]
async fn a_state_of_ten_megabytes_is_refused_unread() {
    let host = Host::start(built(), Options::new().max_body(16 << 20)).await;
    let long = json!("A".repeat(10 << 20));
    let response = host.ask(&http(params(), &answers(&long), "nobody")).await;
    assert_eq!(response.status, 400);
    assert_error(&response.json(), -32602, &["requestState"]);
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_state_that_comes_back_twice_repeats_nothing_recorded_and_the_rest_under_one_key() {
    let effects = Effects::default();
    let mut peer = peer(server("1").state(effects.clone())).await;
    let params = json!({"name": "redeem"});
    let asked = peer.once("tools/call", &params, &json!({})).await;
    let state = &asked["result"]["requestState"];
    for _ in 0..2 {
        let response = go_on(&mut peer, &params, state).await;
        assert_eq!(text(&response), "redeemed");
    }
    let did = effects.take();
    let [before, after, again] = &did[..] else {
        panic!("three steps: {did:?}");
    };
    assert!(before.starts_with("before ") && after.starts_with("after "));
    assert_eq!(after, again);
    // Another call is another matter.
    let asked = peer.once("tools/call", &params, &json!({})).await;
    go_on(&mut peer, &params, &asked["result"]["requestState"]).await;
    assert_ne!(effects.take()[1], *after);
}

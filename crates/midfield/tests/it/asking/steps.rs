//! Steps within steps, the keys that they pass on to other services, and what steps fail of.

use std::num::NonZeroU32;
use std::time::Duration;

use midfield::Service;
use midfield::prelude::*;
use midfield::server::{Backoff, Retry};
use midfield::types::ReadResult;
use serde_json::json;

use super::{Effects, Peer, ask_name, assert_error, named, text};
use crate::messages::MODERN;

/// Asks, and then pays twice within one step, whose first attempt fails.
async fn pay(cx: Context, effects: State<Effects>) -> Result<String> {
    ask_name(&cx, "sure").await?;
    let twice = NonZeroU32::new(2).expect("a number");
    let retry = Retry::attempts(twice).backoff(Backoff::new(Duration::from_millis(1)));
    let (outer, once) = (cx.clone(), Retry::once());
    cx.step_with("order", &retry, async |attempt| {
        for _ in 0..2 {
            let paid = outer.step_with("pay", &once, async |attempt| {
                effects.add(attempt.key.to_string());
                Ok::<_, Error>(())
            });
            paid.await?;
        }
        if attempt.number == 1 {
            return Err(Error::tool("not yet"));
        }
        Ok(())
    })
    .await?;
    Ok("paid".to_owned())
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .state(effects.clone())
        .tool(Tool::new("pay", pay))
        .build()
        .expect("a server");
    (service, effects)
}

#[tokio::test]
async fn a_step_within_a_step_has_a_key_for_each_use_that_its_next_attempt_uses_again() {
    let (service, effects) = server();
    let mut all = Vec::new();
    for revision in ["2025-11-25", MODERN, MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        assert_eq!(text(&peer.call("pay", named).await), "paid");
        let keys = effects.take();
        let [first, second, first_again, second_again] = &keys[..] else {
            panic!("two payments in two attempts: {keys:?}");
        };
        assert_eq!((first, second), (first_again, second_again), "{revision}");
        all.extend([first.clone(), second.clone()]);
    }
    let calls = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), calls, "no call uses a key of another");
}

#[tokio::test]
async fn a_call_that_goes_on_twice_from_one_state_pays_under_the_same_keys() {
    let (service, effects) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    let params = json!({"name": "pay", "arguments": {}});
    let asked = peer.once("tools/call", &params, &json!({})).await;
    let answer = named(&asked["result"]["inputRequests"]["sure"]);
    let more = json!({
        "requestState": asked["result"]["requestState"],
        "inputResponses": {"sure": answer},
    });
    let mut keys = Vec::new();
    for _ in 0..2 {
        let response = peer.once("tools/call", &params, &more).await;
        assert_eq!(text(&response), "paid");
        keys.push(effects.take());
    }
    assert_eq!(keys[0], keys[1]);
}

/// Looks, in a step, for what is not there, and asks before it says so.
async fn missing(cx: Context) -> Result<ReadResult> {
    let found: Result<String> = cx
        .step("look", async || {
            Err::<String, _>(Error::resource_not_found("test://gone"))
        })
        .await;
    ask_name(&cx, "sure").await?;
    let text = ResourceContents::text("test://missing", found?);
    Ok(ReadResult::new(vec![text]))
}

/// Refuses its parameters in a step, and asks before it says so.
async fn refused(cx: Context) -> Result<String> {
    let found: Result<String> = cx
        .step("check", async || {
            Err::<String, _>(Error::invalid_params("`word`: there is no such word"))
        })
        .await;
    ask_name(&cx, "sure").await?;
    found
}

#[tokio::test]
async fn an_error_for_the_request_is_one_still_when_a_step_ended_with_it() {
    let service = Server::new("asking", "1")
        .resource(Resource::new("test://missing", "missing", missing))
        .tool(Tool::new("refused", refused))
        .build()
        .expect("a server");
    for (revision, not_found) in [("2025-06-18", -32002), (MODERN, -32602)] {
        let mut peer = Peer::able(&service, revision).await;
        let uri = json!({"uri": "test://missing"});
        let response = peer.run("resources/read", &uri, named).await;
        assert_error(&response, not_found, &["test://gone"]);
        let response = peer.call("refused", named).await;
        assert_error(&response, -32602, &["no such word"]);
    }
}

//! Calls that nobody waits for any more.

use std::future::IntoFuture as _;
use std::task::{Context, Waker};
use std::time::Duration;

use midfield::client::Speak;
use midfield::types::Filter;
use serde_json::json;

use super::{Double, ERAS, builder, is, result, still_works};

/// Lets everything run that can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_cancelled_once_at_whichever_await_it_is_dropped() {
    for speak in ERAS {
        for polls in 1..6 {
            let mut double = Double::of(speak, |message| is(message, "tools/call").then(Vec::new));
            let client = double.client(speak).await;
            {
                let mut call = client.call_tool("any", ()).into_future();
                for _ in 0..polls {
                    let mut context = Context::from_waker(Waker::noop());
                    assert!(call.as_mut().poll(&mut context).is_pending());
                    settle().await;
                }
            }
            settle().await;
            let calls = double.heard("tools/call");
            let cancelled = double.heard("notifications/cancelled");
            assert_eq!(cancelled.len(), calls.len(), "{polls}");
            for (call, cancelled) in calls.iter().zip(&cancelled) {
                assert_eq!(call["id"], cancelled["params"]["requestId"]);
            }
            still_works(&client).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ran_out_of_time_is_cancelled_and_its_late_answer_is_for_nobody() {
    for speak in ERAS {
        let mut late = None;
        let mut double = Double::of(speak, move |message| {
            if is(message, "tools/call") {
                late = Some(result(message, json!({"content": []})));
                return Some(Vec::new());
            }
            is(message, "notifications/cancelled").then(|| late.take().unwrap_or_default())
        });
        let client = double.client(speak).await;
        client.call_tool("any", ()).await.expect_err("it is late");
        settle().await;
        assert_eq!(double.heard("notifications/cancelled").len(), 1);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn opening_a_session_is_never_cancelled() {
    for speak in [Speak::Auto, Speak::Legacy, Speak::Modern] {
        let mut double = Double::new(|_| Vec::new());
        let connecting = double.connect(builder(speak));
        let dropped = tokio::time::timeout(Duration::from_secs(8), connecting).await;
        assert!(dropped.is_err(), "nobody answers");
        settle().await;
        assert!(
            double.heard("notifications/cancelled").is_empty(),
            "{speak:?}"
        );
        let opened = double.heard("initialize").len();
        assert_eq!(opened, usize::from(speak != Speak::Modern), "{speak:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_id_and_no_token_is_used_twice() {
    for speak in ERAS {
        let mut double = Double::of(speak, |message| {
            is(message, "tools/call").then(|| result(message, json!({"content": []})))
        });
        let client = double.client(speak).await;
        let calls = (0..200).map(|_| client.call_tool("any", ()).into_future());
        for answer in futures_util::future::join_all(calls).await {
            answer.expect("an answer");
        }
        let mut ids = std::collections::HashSet::new();
        let mut tokens = std::collections::HashSet::new();
        for call in double.heard("tools/call") {
            assert!(ids.insert(call["id"].to_string()), "{call}");
            assert!(
                tokens.insert(call["params"]["_meta"]["progressToken"].to_string()),
                "{call}"
            );
        }
        assert_eq!(ids.len(), 200);
    }
}

#[test]
fn a_call_may_be_dropped_where_there_is_no_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for speak in ERAS {
        let (call, client) = runtime.block_on(async {
            let mut double = Double::of(speak, |message| is(message, "tools/call").then(Vec::new));
            let client = double.client(speak).await;
            let mut call = client.call_tool("any", ()).into_future();
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut context).is_pending());
            settle().await;
            (call, client)
        });
        drop(call);
        drop(client);
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_answers_what_waits_and_a_question_that_is_open_is_dropped() {
    for speak in ERAS {
        let mut double = Double::of(speak, |message| is(message, "tools/call").then(Vec::new));
        let client = double.client(speak).await;
        let other = client.clone();
        let (answer, ()) = tokio::join!(client.call_tool("any", ()).into_future(), async {
            settle().await;
            other.close().await;
        });
        assert!(
            matches!(answer, Err(midfield::client::Error::Closed)),
            "{answer:?}"
        );
        let again = client.get_prompt("sane").await;
        assert!(
            matches!(again, Err(midfield::client::Error::Closed)),
            "{again:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_is_watched_until_the_last_of_its_subscriptions_ends() {
    let mut double = Double::of(Speak::Legacy, |message| {
        if is(message, "initialize") {
            let capabilities = json!({"resources": {"subscribe": true}});
            let info = json!({"name": "x", "version": "1"});
            let opened = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": info});
            return Some(result(message, opened));
        }
        let method = message["method"].as_str().unwrap_or_default();
        (method == "resources/subscribe" || method == "resources/unsubscribe")
            .then(|| result(message, json!({})))
    });
    let client = double.client(Speak::Legacy).await;
    let filter = || {
        let mut filter = Filter::default();
        filter.resource_subscriptions = vec!["a:b".into()];
        filter
    };
    let first = client.subscribe(filter()).await.expect("a subscription");
    let second = client.subscribe(filter()).await.expect("another");
    drop(first);
    settle().await;
    assert!(
        double.heard("resources/unsubscribe").is_empty(),
        "the other still listens"
    );
    drop(second);
    settle().await;
    assert_eq!(double.heard("resources/unsubscribe").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_does_not_begin_in_time_is_listened_to_no_more() {
    let mut double = Double::of(Speak::Modern, |message| {
        is(message, "subscriptions/listen").then(Vec::new)
    });
    let client = double
        .connect(builder(Speak::Modern).timeout(Duration::from_secs(5)))
        .await
        .expect("a connection");
    let mut filter = Filter::default();
    filter.tools_list_changed = true;
    client
        .subscribe(filter.clone())
        .await
        .expect_err("it says nothing");
    settle().await;
    let asked = double.heard("subscriptions/listen");
    let cancelled = double.heard("notifications/cancelled");
    assert_eq!((asked.len(), cancelled.len()), (1, 1), "{cancelled:?}");
    // Nor when nobody waits for its beginning any more.
    assert!(
        tokio::time::timeout(Duration::from_secs(1), client.subscribe(filter))
            .await
            .is_err()
    );
    settle().await;
    assert_eq!(double.heard("notifications/cancelled").len(), 2);
    still_works(&client).await;
}

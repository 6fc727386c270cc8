//! Recorded exchanges stand in for servers.

use midfield::Client;
use midfield::client::{Error, Exchange, Speak};
use midfield::prelude::*;
use serde_json::json;

fn server() -> Server {
    let greet = Tool::new("greet", async |context: Context| {
        context.progress(1, 2).await;
        "hello".to_owned()
    });
    Server::new("demo", "1.0.0").tool(greet)
}

/// What a client that calls the tool twice hears, in this era.
async fn fixture(speak: Speak) -> String {
    let (target, recording) = Exchange::record(server()).expect("a server");
    let client = Client::builder()
        .speak(speak)
        .connect(target)
        .await
        .expect("a connection");
    client.call_tool("greet", ()).await.expect("a result");
    client
        .call_tool("greet", json!({}))
        .await
        .expect("a result");
    client.close().await;
    recording.exchange().to_string()
}

#[tokio::test]
async fn what_was_said_is_said_again_in_each_era_whatever_the_ids() {
    for speak in [Speak::Modern, Speak::Legacy] {
        let fixture = fixture(speak).await;
        let exchange: Exchange = fixture.parse().expect("an exchange");
        assert_eq!(exchange.to_string(), fixture);
        let client = Client::of(exchange.replay(), speak)
            .await
            .expect("a connection");
        for _ in 0..2 {
            let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let counter = heard.clone();
            let call = client.call_tool("greet", ()).on_progress(move |_| {
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
            assert!(!call.await.expect("a result").is_error);
            assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 1);
        }
    }
}

#[tokio::test]
async fn what_was_not_asked_then_is_refused_with_what_was() {
    let exchange: Exchange = fixture(Speak::Modern).await.parse().expect("an exchange");
    let client = Client::of(exchange.replay(), Speak::Modern)
        .await
        .expect("a connection");
    let error = client
        .call_tool("part", ())
        .await
        .expect_err("another tool");
    let Error::Refused(error) = error else {
        panic!("{error}");
    };
    assert!(error.message.contains("greet"), "{}", error.message);
}

#[test]
fn a_line_that_is_no_message_is_told_by_its_number() {
    let error = "\n{\"from\": \"nobody\", \"message\": {}}"
        .parse::<Exchange>()
        .expect_err("nobody");
    assert!(error.to_string().contains("line 2"), "{error}");
}

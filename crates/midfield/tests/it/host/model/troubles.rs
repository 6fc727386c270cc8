//! Providers that are busy, slow, endless or elsewhere.

use std::num::NonZeroU32;
use std::time::Duration;

use midfield::client::Sample as _;
use midfield::host::model::{AllowAll, ApiKey, Model, Models, Provider, Retries, Timeouts};
use tokio::net::TcpListener;

use super::answers::{tools_stream, weather};
use super::fake::{Api, BOTH, Fake, KEY, Reply, STREAM};
use super::requests::{asker, request, text};
use crate::harness::soon;

const BUSY: [&str; 3] = [
    "429 Too Many Requests",
    "503 Service Unavailable",
    "529 Overloaded",
];

/// What the server is told.
async fn told(models: &Models) -> String {
    let answer = soon(models.sample(request(weather()), asker())).await;
    let refusal = answer.expect_err("a failure");
    assert_eq!(refusal.error().code.number(), -32603);
    refusal.to_string()
}

/// Waits that a test can wait for.
fn short() -> Retries {
    Retries::new().backoff(Duration::from_millis(1), Duration::from_millis(2))
}

#[tokio::test]
async fn a_busy_provider_is_asked_again() {
    for api in BOTH {
        for after in [
            "",
            "retry-after: 0\r\n",
            "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        ] {
            let busy = BUSY.map(|status| Reply::new(status, after, "{}"));
            let fake = Fake::start(api, busy.into_iter().chain([text(api)])).await;
            let models = fake.models().retries(short());
            let answer = models.sample(request(weather()), asker());
            soon(answer).await.expect("the fourth attempt");
            assert_eq!(fake.asked().len(), 4);
        }
    }
}

#[tokio::test]
async fn a_provider_that_stays_busy_is_given_up() {
    for api in BOTH {
        let fake = Fake::start(api, [Reply::new(BUSY[0], "", "")]).await;
        let attempts = NonZeroU32::new(2).expect("2");
        let models = fake.models().retries(short().attempts(attempts));
        assert!(told(&models).await.contains("no room now (status 429)"));
        assert_eq!(fake.asked().len(), 2);
        let fake = Fake::start(api, [Reply::new(BUSY[1], "retry-after: 3600\r\n", "")]).await;
        assert!(
            told(&fake.models())
                .await
                .contains("takes no request for 3600 s")
        );
        let spent = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        let fake = Fake::start(api, [Reply::new(BUSY[0], "", spent)]).await;
        assert!(
            told(&fake.models())
                .await
                .contains("status 429 (insufficient_quota)")
        );
        assert_eq!(fake.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_overload_amid_the_stream_is_tried_again_only_while_nothing_was_said() {
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let begin = tools_stream(Api::Anthropic);
    let begin = &begin[..begin.find("event: ping").expect("a ping")];
    let api = Api::Anthropic;
    let fake = Fake::start(api, [Reply::stream(overloaded), text(api)]).await;
    let answer = soon(
        fake.models()
            .retries(short())
            .sample(request(weather()), asker()),
    )
    .await;
    answer.expect("the second attempt");
    let late = Reply::stream(format!("{begin}{overloaded}"));
    let fake = Fake::start(api, [late, text(api)]).await;
    assert!(
        told(&fake.models().retries(short()))
            .await
            .contains("broke off with an error (overloaded_error)")
    );
    let failed =
        Reply::stream("data: {\"error\":{\"type\":\"server_error\",\"message\":\"x\"}}\n\n");
    let fake = Fake::start(Api::OpenAi, [failed]).await;
    assert!(told(&fake.models()).await.contains("(server_error)"));
}

#[tokio::test]
async fn other_refusals_count_at_once_and_redirects_are_not_followed() {
    for api in BOTH {
        for (status, headers, body, part) in [
            (
                "400 Bad Request",
                "",
                r#"{"error":{"type":"invalid_request_error"}}"#,
                "status 400 (invalid_request_error)",
            ),
            ("500 Internal Server Error", "", "<html>", "status 500"),
            (
                "401 Unauthorized",
                "",
                r#"{"error":{"type":"A text, not a word."}}"#,
                "status 401",
            ),
            (
                "307 Temporary Redirect",
                "location: /v1/elsewhere\r\n",
                "",
                "status 307",
            ),
        ] {
            let fake = Fake::start(api, [Reply::new(status, headers, body)]).await;
            let told = told(&fake.models()).await;
            assert!(told.ends_with(part), "{told}");
            assert_eq!(fake.asked().len(), 1);
        }
    }
}

#[tokio::test]
async fn silence_ends_before_the_first_byte_and_between_any_two() {
    let timeouts = Timeouts::new().first_byte(Duration::from_millis(100));
    let stream = format!("HTTP/1.1 200 OK\r\n{STREAM}\r\ndata: ");
    for api in BOTH {
        for first in [
            "",
            "HTTP/1.1 200 OK\r\n",
            &stream,
            "HTTP/1.1 400 Bad Request\r\n\r\nx",
        ] {
            let fake = Fake::start(api, [Reply::Stuck(first.into())]).await;
            let told = told(&fake.hasty(timeouts)).await;
            let expected = if first.contains("400") {
                "status 400"
            } else {
                "said nothing within 0.1 s"
            };
            assert!(told.contains(expected), "{first:?}: {told}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up_in_time() {
    let ping = b": still there\n\n".to_vec();
    let head = format!("HTTP/1.1 200 OK\r\n{STREAM}\r\n").into_bytes();
    let fake = Fake::start(Api::Anthropic, [Reply::Stuck([head, ping].concat())]).await;
    let timeouts = Timeouts::new().whole(Duration::from_millis(100));
    assert!(
        told(&fake.hasty(timeouts))
            .await
            .contains("did not finish within 0.1 s")
    );
}

#[tokio::test]
async fn an_answer_of_a_gigabyte_is_not_kept() {
    let line = [&b"data: "[..], &vec![b'x'; 1 << 20]].concat();
    let pings = b": still there\n\n".repeat(1 << 16);
    let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    for api in BOTH {
        for (head, more, part) in [
            (
                head(STREAM),
                line.clone(),
                "an event of its stream is larger than 4 MiB",
            ),
            (head(STREAM), pings.clone(), "larger than 16 MiB"),
            (
                head("content-type: application/json\r\n"),
                line.clone(),
                "larger than 16 MiB",
            ),
            (
                b"HTTP/1.1 500 Oh\r\n\r\n".to_vec(),
                line.clone(),
                "status 500",
            ),
        ] {
            let fake = Fake::start(api, [Reply::Flood(head, more)]).await;
            let told = told(&fake.models()).await;
            assert!(told.contains(part), "{told}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let key = ApiKey::new(&KEY.into()).expect("a key");
    let provider = Provider::anthropic_at(&base, key).expect("a provider");
    let models = Models::new()
        .model(Model::new("m", provider))
        .approve(AllowAll);
    assert!(
        told(&models.retries(short()))
            .await
            .contains("cannot be reached")
    );
}

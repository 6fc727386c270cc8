//! Exchanges that end after each of their bytes.

use std::time::Duration;

use midfield::client::{Speak, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::web::{Then, Web, answer, events};
use super::{ERAS, builder, is, result, sane};

/// Connects and calls a tool over a pipe that ends after so many bytes of the server; whether that succeeded, and how many there
/// were.
async fn over_a_pipe(speak: Speak, limit: usize) -> (bool, usize) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (input, mut output) = tokio::io::split(theirs);
        let mut lines = BufReader::new(input).lines();
        let mut written = 0;
        while written < limit {
            let Ok(Some(text)) = lines.next_line().await else {
                break;
            };
            let message: Value = serde_json::from_str(&text).expect("JSON");
            let said = if is(&message, "tools/call") {
                result(
                    &message,
                    json!({"content": [{"type": "text", "text": "ä€"}]}),
                )
            } else {
                sane(speak, &message)
            };
            let part = &said[..said.len().min(limit - written)];
            written += part.len();
            if output.write_all(part).await.is_err() {
                break;
            }
        }
        written
    });
    let (input, output) = tokio::io::split(ours);
    let succeeded = async {
        let client = builder(speak)
            .connect(Target::pipe(input, output))
            .await
            .ok()?;
        client.call_tool("any", ()).await.ok()
    };
    let succeeded = succeeded.await.is_some();
    (
        succeeded,
        serving.join_next().await.expect("one").expect("no panic"),
    )
}

#[tokio::test(start_paused = true)]
async fn an_exchange_over_a_pipe_that_ends_after_any_byte_fails_in_time() {
    for speak in ERAS {
        let (succeeded, length) = over_a_pipe(speak, usize::MAX).await;
        assert!(succeeded && length > 200, "{length}");
        for limit in 0..length {
            let begun = Instant::now();
            let (succeeded, _) = over_a_pipe(speak, limit).await;
            // A last line may lack its end.
            assert_eq!(succeeded, limit == length - 1, "{limit} of {length}");
            assert!(
                begun.elapsed() < Duration::from_secs(31),
                "{limit}: {:?}",
                begun.elapsed()
            );
        }
    }
}

#[tokio::test]
async fn a_response_that_ends_after_any_byte_fails_its_call_alone() {
    for speak in ERAS {
        for is_stream in [false, true] {
            let whole = move |asked: &super::web::Asked| {
                let answered = json!({"content": [{"type": "text", "text": "ä€"}]});
                if !is_stream {
                    return answer(asked, answered).0;
                }
                let message = json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": answered});
                events(&format!(": hello\n\ndata: {message}\n\n"), Then::Close).0
            };
            let web = Web::of(speak, move |asked| {
                let limit = asked.body["params"]["arguments"]["limit"].as_u64();
                asked.is("tools/call").then(|| {
                    let mut bytes = whole(asked);
                    bytes.truncate(
                        limit
                            .and_then(|limit| limit.try_into().ok())
                            .unwrap_or(usize::MAX),
                    );
                    (bytes, Then::Close)
                })
            })
            .await;
            let client = web.client(speak).await;
            client
                .call_tool("any", json!({}))
                .await
                .expect("the whole of it");
            let mut limit = 0;
            while client
                .call_tool("any", json!({"limit": limit}))
                .await
                .is_err()
            {
                limit += 1;
                assert!(limit < 1_000, "it never succeeds");
            }
            assert!(limit > 100, "{limit}");
            super::still_works(&client).await;
        }
    }
}

//! More bytes than anybody has room for.

use midfield::client::{Speak, Target};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;

use super::{ERAS, assert_says, builder, is, memory, sane};

/// A server that answers the call of a tool with this, then fills a gigabyte, and counts what is taken of it.
fn flooding(speak: Speak, beginning: &'static [u8], filling: Vec<u8>) -> (Target, JoinSet<usize>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (input, mut output) = tokio::io::split(theirs);
        let mut lines = BufReader::new(input).lines();
        while let Ok(Some(text)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if !is(&message, "tools/call") {
                output
                    .write_all(&sane(speak, &message))
                    .await
                    .expect("the client reads");
                continue;
            }
            let chunk = filling.repeat((64 << 10) / filling.len());
            let mut taken = 0;
            if output.write_all(beginning).await.is_ok() {
                while taken < 1 << 30 && output.write_all(&chunk).await.is_ok() {
                    taken += chunk.len();
                }
            }
            return taken;
        }
        0
    });
    let (input, output) = tokio::io::split(ours);
    (Target::pipe(input, output), serving)
}

#[tokio::test]
async fn a_line_of_a_gigabyte_ends_the_connection_and_takes_no_memory() {
    let cases: [(&[u8], &[u8]); 3] = [
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"", b"x"),
        (b"", b"\0"),
        (b"", b"["),
    ];
    for speak in ERAS {
        for (beginning, filling) in cases {
            let before = memory();
            let (target, mut serving) = flooding(speak, beginning, filling.to_vec());
            let client = builder(speak).connect(target).await.expect("a connection");
            let error = client.call_tool("any", ()).await.expect_err("no answer");
            assert_says(
                &error,
                &["the server wrote a line of more than 16777216 bytes, see `max_message`"],
            );
            drop(client);
            let taken = serving.join_next().await.expect("one").expect("no panic");
            assert!(taken < 64 << 20, "{taken}");
            let grown = memory().saturating_sub(before);
            assert!(grown < 128 << 20, "{grown}");
        }
    }
}

#[tokio::test]
async fn a_server_that_only_asks_and_reads_no_answer_is_left_with_bounded_memory() {
    // Only servers of earlier revisions are answered.
    for speak in [Speak::Legacy] {
        let before = memory();
        let id = "a long id ".repeat(1_000);
        let ping =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"method\":\"ping\"}}\n").into_bytes();
        let (target, mut serving) = flooding(speak, b"", ping);
        let client = builder(speak)
            .timeout(std::time::Duration::from_mins(2))
            .connect(target)
            .await
            .expect("a connection");
        let error = client.call_tool("any", ()).await.expect_err("no answer");
        assert_says(&error, &["the server does not read what it is sent"]);
        drop(client);
        serving.join_next().await.expect("one").expect("no panic");
        let grown = memory().saturating_sub(before);
        assert!(grown < 400 << 20, "{grown}");
    }
}

#[tokio::test]
async fn lines_of_nonsense_without_end_neither_grow_nor_answer() {
    let before = memory();
    let (target, mut serving) = flooding(Speak::Legacy, b"", b"not a message\n".to_vec());
    let client = builder(Speak::Legacy)
        .max_message(1 << 20)
        .timeout(std::time::Duration::from_secs(2))
        .connect(target)
        .await
        .expect("a connection");
    let error = client.call_tool("any", ()).await.expect_err("no answer");
    assert_says(
        &error,
        &["it wrote a line that is no message: `not a message`"],
    );
    drop(client);
    serving.join_next().await.expect("one").expect("no panic");
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
}

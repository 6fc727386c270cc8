//! A pipe whose other end is written byte by byte.

use bytes::Bytes;
use midfield_protocol::Revision;
use midfield_protocol::wire::Codec;
use proptest::prelude::*;
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf,
};

use super::*;

/// A pipe, what drives it, and the server's end.
struct Ends {
    pipe: Pipe,
    hearing: Arc<Hearing>,
    input: BufReader<ReadHalf<DuplexStream>>,
    output: WriteHalf<DuplexStream>,
}

fn ends(max_message: usize) -> Ends {
    let (ours, theirs) = tokio::io::duplex(64);
    let hearing = Hearing::new(
        "it".into(),
        crate::client::inputs::Handlers::default(),
        None,
        Arc::default(),
        None,
    );
    let pipe = Pipe::new("it".into(), max_message);
    let (input, output) = tokio::io::split(ours);
    pipe.spawn(input, output, &hearing);
    let (input, output) = tokio::io::split(theirs);
    Ends {
        pipe,
        hearing,
        input: BufReader::new(input),
        output,
    }
}

fn outgoing(id: i64) -> Outgoing {
    Outgoing {
        id,
        method: "any".into(),
        bytes: Bytes::from(format!("{{\"id\":{id}}}")),
        codec: Codec::new(Revision::NEWEST_LEGACY),
        name: None,
        mirrored: Vec::new(),
        is_cancellable: true,
        unclaimed: None,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_answers_are_cut_and_ordered_each_comes_to_whoever_asked(
        order in Just((1..9_i64).collect::<Vec<_>>()).prop_shuffle(),
        sizes in prop::collection::vec(1_usize..50, 1..20),
        noise in "[ a-z{}\\[\\]\"]{0,20}",
    ) {
        let found = block_on(async {
            let mut ends = ends(1 << 10);
            let asked: Vec<Outgoing> = (1..9).map(outgoing).collect();
            let asking = futures_util::future::join_all(asked.iter().map(|outgoing| ends.pipe.request(outgoing)));
            let answering = async {
                let mut line = String::new();
                for _ in 1..9 {
                    line.clear();
                    ends.input.read_line(&mut line).await.expect("a request");
                }
                let lines = order
                    .iter()
                    .map(|id| format!("{noise}\n{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{id}}}\r\n"));
                let text = lines.collect::<Vec<_>>().concat();
                let mut rest = text.as_bytes();
                for size in sizes.iter().cycle() {
                    let (chunk, after) = rest.split_at((*size).min(rest.len()));
                    ends.output.write_all(chunk).await.expect("it is read");
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
            };
            tokio::join!(asking, answering).0
        });
        let found: Vec<String> = found
            .into_iter()
            .map(|answer| answer.expect("an answer").expect("a result").as_str().to_owned())
            .collect();
        prop_assert_eq!(found, (1..9).map(|id| id.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_nothing_that_waits_and_is_cancelled_only_if_it_may_be() {
    for is_cancellable in [true, false] {
        let mut ends = ends(1 << 10);
        let mut outgoing = outgoing(5);
        outgoing.is_cancellable = is_cancellable;
        let mut line = String::new();
        tokio::select! {
            _ = ends.pipe.request(&outgoing) => panic!("nobody answers"),
            read = ends.input.read_line(&mut line) => drop(read.expect("a request")),
        }
        assert!(ends.pipe.0.waiting().answers.is_empty());
        ends.pipe.send(b"next").expect("room");
        line.clear();
        ends.input.read_line(&mut line).await.expect("a line");
        assert_eq!(
            line.contains("notifications/cancelled"),
            is_cancellable,
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_request_after_the_end_is_unsent_and_one_before_it_may_have_been_carried_out() {
    let mut ends = ends(1 << 10);
    let first = outgoing(1);
    let asked = async {
        let answer = ends.pipe.request(&first).await;
        answer.expect_err("it has ended")
    };
    let ending = async {
        let mut line = String::new();
        ends.input.read_line(&mut line).await.expect("a request");
        ends.output.shutdown().await.expect("the end");
    };
    let (failure, ()) = tokio::join!(asked, ending);
    assert!(failure.is_gone && !failure.is_unsent, "{failure:?}");
    let failure = ends
        .pipe
        .request(&outgoing(2))
        .await
        .expect_err("it has ended");
    assert!(failure.is_gone && failure.is_unsent, "{failure:?}");
    assert!(ends.pipe.0.waiting().answers.is_empty());
}

#[tokio::test]
async fn what_came_that_nobody_asked_for_is_told_only_to_those_who_waited_then() {
    let mut ends = ends(1 << 10);
    let before = tokio::time::Instant::now();
    ends.output.write_all(b"hello\n").await.expect("it is read");
    while ends.hearing.stray(before).is_empty() {
        tokio::task::yield_now().await;
    }
    let stray = ends.hearing.stray(before);
    assert_eq!(stray, "it wrote a line that is no message: `hello`");
    let after = tokio::time::Instant::now() + std::time::Duration::from_nanos(1);
    assert_eq!(ends.hearing.stray(after), "");
}

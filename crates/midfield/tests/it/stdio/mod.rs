//! stdio, on a pipe in memory: lines, the lifecycle, cancellation, and the end of the input.

mod elsewhere;
mod lines;
mod work;

use midfield::Service;
use midfield::transport::stdio;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream,
    ReadHalf, WriteHalf,
};
use tokio::task::JoinSet;

use crate::fixture::{Probe, service};
use crate::harness::soon;
use crate::messages::{initialize, modern_body};

/// The client's end of a pair of pipes.
pub(crate) struct Pipes<S = DuplexStream> {
    to_server: WriteHalf<S>,
    from_server: BufReader<ReadHalf<S>>,
    serving: JoinSet<std::io::Result<()>>,
    pub(crate) probe: Probe,
}

impl Pipes {
    pub(crate) fn start() -> Self {
        Self::start_with(64 << 10)
    }

    /// Pipes that hold this many bytes in each direction.
    pub(crate) fn start_with(capacity: usize) -> Self {
        let (service, probe) = service();
        Self::of(service, probe, capacity)
    }

    /// Pipes to this server.
    pub(crate) fn of(service: Service, probe: Probe, capacity: usize) -> Self {
        let (client, server) = tokio::io::duplex(capacity);
        Self::over(service, probe, client, server)
    }

    pub(crate) async fn open(revision: &str) -> Self {
        let mut pipes = Self::start();
        let opened = pipes.ask(&initialize(revision)).await;
        assert_eq!(opened["result"]["protocolVersion"], revision);
        pipes
            .say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        pipes
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Pipes<S> {
    /// The client's end of any connection to this server.
    pub(crate) fn over(service: Service, probe: Probe, client: S, server: S) -> Self {
        let (input, output) = tokio::io::split(server);
        let mut serving = JoinSet::new();
        serving.spawn(stdio::serve_on(service, input, output));
        let (from_server, to_server) = tokio::io::split(client);
        Self {
            to_server,
            from_server: BufReader::new(from_server),
            serving,
            probe,
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        soon(self.to_server.write_all(bytes))
            .await
            .expect("the server reads");
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    /// The next message of the server; `None` at the end.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = soon(self.from_server.read_line(&mut line))
            .await
            .expect("text");
        if read == 0 {
            return None;
        }
        assert!(line.ends_with('\n'), "{line:?}");
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
    }

    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.say(message).await;
        self.hear().await.expect("an answer")
    }

    /// Closes the input.
    pub(crate) async fn end(&mut self) {
        self.to_server.shutdown().await.expect("a pipe");
    }

    pub(crate) async fn ended(&mut self) {
        let ended = soon(self.serving.join_next()).await.expect("it served");
        ended.expect("no panic").expect("no error");
    }

    /// Asserts that nothing was said up to now: the answer to this is the next message.
    pub(crate) async fn assert_silent(&mut self) {
        let pong = self
            .ask(&modern_body("silent", "server/discover", json!({})))
            .await;
        assert_eq!(pong["id"], "silent", "{pong}");
    }
}

pub(crate) fn cancelled(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id.into()}})
}

pub(crate) fn assert_error(answer: &Value, id: impl Into<Value>, code: i32) {
    assert_eq!(answer["error"]["code"], code, "{answer}");
    assert_eq!(answer["id"], id.into(), "{answer}");
}

//! A transport of one's own: any connection of bytes is served as the pipes of stdio are
//! ([2025-11-25, custom transports](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#custom-transports)).

use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::{Pipes, assert_error, cancelled};
use crate::fixture::service;
use crate::harness::tool_text;
use crate::messages::{LEGACY, call, initialize, modern_body, request};

/// The two ends of a connection by TCP.
async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (
        client.expect("a connection"),
        accepted.expect("a connection").0,
    )
}

/// A whole session, from what is refused before it to the end of the input.
async fn live<S>(revision: &str, client: S, server: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (service, probe) = service();
    let mut pipes = Pipes::over(service, probe, client, server);
    let early = request("early", "tools/list", json!({}));
    assert_error(&pipes.ask(&early).await, "early", -32600);
    let pong = pipes.ask(&request("ping", "ping", json!({}))).await;
    assert_eq!(pong, json!({"jsonrpc": "2.0", "id": "ping", "result": {}}));
    let opened = pipes.ask(&initialize(revision)).await;
    assert_eq!(opened["jsonrpc"], "2.0");
    assert_eq!(opened["result"]["protocolVersion"], revision);
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    pipes.say(&told).await;
    let echo = call(1, "echo", json!({"text": "a\nb"}));
    assert_eq!(tool_text(&pipes.ask(&echo).await).0, "a\nb");
    assert_error(&pipes.ask(&initialize(revision)).await, 0, -32600);
    pipes.write(b"no message\n").await;
    let refused = pipes.hear().await.expect("an answer");
    assert_eq!(refused["error"]["code"], -32700, "{refused}");
    pipes.say(&call(2, "wait", json!({}))).await;
    pipes.probe.started().await;
    pipes.say(&cancelled(2)).await;
    pipes.probe.stopped().await;
    // The other era, on the same connection.
    let discovery = modern_body(3, "server/discover", json!({}));
    assert_eq!(pipes.ask(&discovery).await["id"], 3);
    pipes.end().await;
    assert_eq!(pipes.hear().await, None);
    pipes.ended().await;
}

#[tokio::test]
async fn any_connection_of_bytes_carries_the_same_messages_and_the_same_lifecycle() {
    for revision in LEGACY {
        let (client, server) = tcp().await;
        live(revision, client, server).await;
        #[cfg(unix)]
        {
            let (client, server) = tokio::net::UnixStream::pair().expect("a pair");
            live(revision, client, server).await;
        }
    }
}

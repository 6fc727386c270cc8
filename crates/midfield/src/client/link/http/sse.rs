//! HTTP+SSE, the transport of 2024-11-05: one stream of events from the server, and requests to another address
//! ([2024-11-05](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse)).
//!
//! It is what a pair of pipes is, so it becomes one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::Response;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use url::Url;

use super::super::super::Error;
use super::super::super::hear::Hearing;
use super::super::pipe::Pipe;
use super::{chain, client};
use crate::event_stream::{Event, Events};

/// Opens the stream of an old server.
pub(in crate::client) async fn open(
    server: &Arc<str>,
    url: &Url,
    headers: &HeaderMap,
    max_message: usize,
    patience: Duration,
    hearing: &Arc<Hearing>,
) -> Result<Pipe, Error> {
    let unreachable = |detail: String| Error::Unreachable {
        server: server.clone(),
        detail,
    };
    let client = client(url, patience).map_err(|error| unreachable(chain(&error)))?;
    let mut stream = Stream {
        events: Events::new(max_message),
        response: get(&client, url, headers).await.map_err(unreachable)?,
    };
    let endpoint = tokio::time::timeout(patience, stream.endpoint(url)).await;
    let endpoint = endpoint
        .unwrap_or_else(|_| Err("its stream does not begin with the event `endpoint`".into()));
    let endpoint = endpoint.map_err(unreachable)?;

    let (ours, theirs) = tokio::io::duplex(BUFFER);
    let (input, output) = tokio::io::split(ours);
    let pipe = Pipe::new(server.clone(), max_message);
    let (from_client, mut to_client) = tokio::io::split(theirs);
    let closing = pipe.closing();
    let mut headers = headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let heard = hearing.clone();
    hearing.tasks().spawn(async move {
        let receiving = async {
            while let Some(message) = stream.message().await {
                if to_client.write_all(&message).await.is_err() {
                    break;
                }
            }
            // The other side reads its end.
            let _ = to_client.shutdown().await;
        };
        let sending = async {
            let mut lines = BufReader::new(from_client).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let sent = client
                    .post(endpoint.clone())
                    .headers(headers.clone())
                    .body(Bytes::from(line));
                match sent.timeout(patience).send().await {
                    Ok(response) if response.status().is_success() => {}
                    // Whoever waits for the answer waits in vain, and not for ever.
                    Ok(response) => heard.note(format!(
                        "it did not take a message: HTTP status {}",
                        response.status().as_u16()
                    )),
                    Err(error) => {
                        heard.note(format!("a message could not be sent: {}", chain(&error)));
                    }
                }
            }
        };
        tokio::select! {
            () = receiving => {}
            () = sending => {}
            () = closing.cancelled() => {}
        }
    });
    pipe.spawn(input, output, hearing);
    Ok(pipe)
}

async fn get(client: &reqwest::Client, url: &Url, headers: &HeaderMap) -> Result<Response, String> {
    let mut headers = headers.clone();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    let response = client.get(url.clone()).headers(headers).send().await;
    let response = response.map_err(|error| chain(&error))?;
    if !response.status().is_success() {
        return Err(format!(
            "it speaks neither Streamable HTTP nor HTTP+SSE: HTTP status {}",
            response.status().as_u16()
        ));
    }
    Ok(response)
}

/// What comes from the server.
struct Stream {
    response: Response,
    events: Events,
}

impl Stream {
    /// Where requests go: on the same origin as the stream, or they would take what is in them to another party.
    async fn endpoint(&mut self, url: &Url) -> Result<Url, String> {
        let event = self
            .next()
            .await
            .ok_or("its stream of events ended at once")?;
        if event.kind != "endpoint" {
            return Err("its stream does not begin with the event `endpoint`".into());
        }
        let text = String::from_utf8(event.data.unwrap_or_default()).unwrap_or_default();
        let endpoint = url
            .join(text.trim())
            .map_err(|error| format!("its endpoint is no URL: {error}"))?;
        if endpoint.origin() != url.origin() {
            return Err(format!(
                "its endpoint is on another origin, {}, where nothing was sent",
                endpoint.origin().ascii_serialization()
            ));
        }
        Ok(endpoint)
    }

    /// The next message, as a line.
    async fn message(&mut self) -> Option<Vec<u8>> {
        loop {
            let event = self.next().await?;
            if !matches!(event.kind.as_str(), "" | "message") {
                continue;
            }
            let mut data = event.data.unwrap_or_default();
            data.retain(|byte| !matches!(byte, b'\n' | b'\r'));
            data.push(b'\n');
            return Some(data);
        }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.next().ok()? {
                return Some(event);
            }
            tokio::task::consume_budget().await;
            let chunk = self.response.chunk().await.ok()??;
            self.events.add(&chunk);
        }
    }
}

/// How much may be under way within this process.
const BUFFER: usize = 64 << 10;

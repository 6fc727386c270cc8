//! One request of HTTP: its headers, and what its response is.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Method, StatusCode};
use midfield_protocol::jsonrpc::{ErrorObject, Incoming, Message, RequestId};
use midfield_protocol::wire::{Codec, modern};
use reqwest::{RequestBuilder, Response};

use super::super::super::Error;
use super::super::super::retry_after::retry_after;
use super::super::super::shown::shown;
use super::super::{Answer, Failure, Outgoing};
use super::{Http, chain};

/// What a request was answered with, as far as its head says.
pub(super) enum Reply {
    /// The answer itself.
    Answer(Answer),
    /// A message, or in the one revision that has batches several.
    Body(Bytes),
    /// A stream of events.
    Events(Response),
}

impl Http {
    /// Sends a request.
    pub(super) async fn post(&self, outgoing: &Outgoing) -> Result<Response, Failure> {
        let mut headers = self.headers(Some(outgoing.codec), outgoing.method == "initialize");
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        if !outgoing.codec.has_sessions() {
            insert(&mut headers, modern::METHOD, &outgoing.method);
            if let Some(name) = &outgoing.name {
                insert(&mut headers, modern::NAME, &modern::encode_header(name));
            }
            for (name, value) in &outgoing.mirrored {
                headers.insert(name.clone(), value.clone());
            }
        }
        let request = self.client.post(self.url.clone());
        self.run(request.headers(headers).body(outgoing.bytes.clone()))
            .await
    }

    /// Sends what is no request, and waits until the server has taken it.
    pub(super) async fn post_message(&self, message: Vec<u8>) -> Result<(), Error> {
        let mut headers = self.headers(self.codec.get().copied(), false);
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        let request = self.client.post(self.url.clone()).headers(headers);
        let sending = self.run(request.body(message).timeout(self.patience));
        let response = sending.await.map_err(|failure| failure.error)?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(self.refused(response).await)
    }

    /// Ends a session. That a server does not end sessions so is no error.
    pub(super) async fn delete(&self, session: HeaderValue) {
        let mut headers = self.headers(self.codec.get().copied(), false);
        headers.insert(SESSION_ID, session);
        let request = self.client.delete(self.url.clone()).headers(headers);
        if let Err(failure) = self.run(request.timeout(self.patience)).await {
            tracing::debug!(error = %failure.error, "a session could not be ended");
        }
    }

    /// Asks for a stream of events: from `last_id` on where there is one.
    pub(super) async fn get(&self, last_id: Option<&str>) -> Result<Response, Failure> {
        let mut headers = self.headers(self.codec.get().copied(), false);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = last_id {
            insert(&mut headers, "last-event-id", id);
        }
        self.run(
            self.client
                .request(Method::GET, self.url.clone())
                .headers(headers),
        )
        .await
    }

    async fn run(&self, request: RequestBuilder) -> Result<Response, Failure> {
        match request.send().await {
            Ok(response) => Ok(response),
            Err(error) if error.is_connect() || error.is_builder() => {
                Err(Failure::unsent(Error::Unreachable {
                    server: self.server.clone(),
                    detail: chain(&error),
                }))
            }
            Err(error) => Err(self.interrupted(chain(&error)).into()),
        }
    }

    /// What every request carries: what the user gave, the revision, the session.
    fn headers(&self, codec: Option<Codec>, is_first: bool) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let Some(codec) = codec.filter(|_| !is_first) else {
            return headers;
        };
        insert(
            &mut headers,
            modern::PROTOCOL_VERSION,
            codec.revision().as_str(),
        );
        if codec.has_sessions()
            && let Some(session) = self.session().clone()
        {
            headers.insert(SESSION_ID, session);
        }
        headers
    }

    /// Finds out by its head what a response is.
    pub(super) async fn kind(
        &self,
        response: Response,
        outgoing: &Outgoing,
    ) -> Result<Reply, Failure> {
        let status = response.status();
        if outgoing.method == "initialize" && status.is_success() {
            let session = response.headers().get(SESSION_ID).cloned();
            *self.session() = session.map(|mut session| {
                session.set_sensitive(true);
                session
            });
        }
        if status == StatusCode::NOT_FOUND
            && outgoing.method != "initialize"
            && outgoing.codec.has_sessions()
            && self.session().is_some()
        {
            self.is_over.store(true, Ordering::Relaxed);
            let error =
                self.interrupted("the session has ended, as the server says by HTTP status 404");
            return Err(Failure::gone(error, true));
        }
        if !status.is_success() {
            return self.refusal(response, outgoing).await;
        }
        let essence = essence(&response);
        match essence.as_str() {
            "text/event-stream" => Ok(Reply::Events(response)),
            "application/json" => {
                let body = self.body(response, self.max_message).await?;
                Ok(Reply::Body(body))
            }
            _ => Err(self
                .broken(format!(
                    "it answered HTTP status {} with {}, where `application/json` or `text/event-stream` was expected; is the address that of an MCP endpoint?",
                    status.as_u16(),
                    if essence.is_empty() { "no content type".to_owned() } else { format!("the content type `{essence}`") },
                ))
                .into()),
        }
    }

    /// A response that says that the request is not served: by an error of JSON-RPC, or by its status alone.
    async fn refusal(&self, response: Response, outgoing: &Outgoing) -> Result<Reply, Failure> {
        let status = response.status();
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge
            .and_then(|value| value.to_str().ok())
            .filter(|challenge| challenge.len() <= MAX_CHALLENGE)
            .map(str::to_owned);
        let retry_after = wished_pause(&response);
        let moved = moved(&response);
        let body = self.body(response, MAX_REFUSAL).await.unwrap_or_default();
        let error = error_of(&body, outgoing.id);
        let is_about_caller = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match error {
            Some(error) if !is_about_caller => Ok(Reply::Answer(Err(error))),
            error => {
                let said =
                    error.map_or_else(|| readable(&body), |error| error.message.into_owned());
                let error = Error::Status {
                    server: self.server.clone(),
                    status: status.as_u16(),
                    detail: moved.unwrap_or(said),
                    challenge,
                    retry_after,
                };
                // A gateway may say so of a server that is at work on the request.
                let is_unsent = status.is_client_error()
                    || status == StatusCode::SERVICE_UNAVAILABLE && retry_after.is_some();
                Err(Failure {
                    error,
                    is_unsent,
                    is_gone: false,
                })
            }
        }
    }

    async fn refused(&self, response: Response) -> Error {
        let status = response.status().as_u16();
        let retry_after = wished_pause(&response);
        let moved = moved(&response);
        let body = self.body(response, MAX_REFUSAL).await.unwrap_or_default();
        Error::Status {
            server: self.server.clone(),
            status,
            detail: moved.unwrap_or_else(|| readable(&body)),
            challenge: None,
            retry_after,
        }
    }

    /// A body of at most `limit` bytes.
    async fn body(&self, mut response: Response, limit: usize) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.interrupted(chain(&error)))?
        {
            if body.is_empty()
                && response.content_length() == Some(chunk.len() as u64)
                && chunk.len() <= limit
            {
                return Ok(chunk);
            }
            if body.len() + chunk.len() > limit {
                return Err(self.broken(format!(
                    "its answer is larger than {limit} bytes, see `max_message`"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// The content type of a response, without its parameters.
pub(super) fn essence(response: &Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    shown(&essence.to_ascii_lowercase(), 100)
}

/// How long the server wants to be left alone.
fn wished_pause(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(text, SystemTime::now())
}

/// Where the server wants to be asked instead, which is not done unasked.
fn moved(response: &Response) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let place = response.headers().get(LOCATION)?.to_str().ok()?;
    let place = response.url().join(place).ok()?;
    Some(format!(
        "it sends clients to {}, which was not followed: connect to that address if it is the right one",
        shown(place.as_str(), 300)
    ))
}

/// The error that a body is, about this request or one whose id could not be read.
fn error_of(body: &[u8], id: i64) -> Option<ErrorObject> {
    let Ok(Incoming::Single(Message::Response(response))) = Incoming::parse(body) else {
        return None;
    };
    let is_ours = response
        .id
        .is_none_or(|answered| answered == RequestId::Integer(id));
    response.result.err().filter(|_| is_ours)
}

/// What a person can read of a body that is no message.
fn readable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shown(&text, 200)
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // What cannot stand in a header is refused by whoever reads the body instead.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Largest challenge that is passed on, in bytes.
const MAX_CHALLENGE: usize = 16 << 10;

/// Most bytes that are read of a response which says that the request is not served.
const MAX_REFUSAL: usize = 64 << 10;

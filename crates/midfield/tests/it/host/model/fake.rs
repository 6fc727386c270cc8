//! A provider on this machine, which refuses what its API does not take and answers by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use midfield::host::model::{AllowAll, ApiKey, Model, Models, Provider, Timeouts};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::strict;

/// The key that every provider here wants.
pub(super) const KEY: &str = "sk-cAnArY5ecret-0123456789";

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Anthropic,
    OpenAi,
}

pub(super) const BOTH: [Api; 2] = [Api::Anthropic, Api::OpenAi];

/// What the provider does with a request that is in order.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Sends these bytes, head and all, and closes the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes and then nothing more, for ever.
    Stuck(Vec<u8>),
    /// Sends the first bytes, and then the others again and again, for 1 GiB or until nobody reads them.
    Flood(Vec<u8>, Vec<u8>),
}

impl Reply {
    pub(super) fn new(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body.as_ref()].concat())
    }

    pub(super) fn stream(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", STREAM, body)
    }

    pub(super) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", "content-type: application/json\r\n", body)
    }
}

pub(super) const STREAM: &str = "content-type: text/event-stream; charset=utf-8\r\n";

/// A provider that listens until it is dropped.
pub(super) struct Fake {
    pub(super) api: Api,
    address: std::net::SocketAddr,
    state: Arc<Mutex<State>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    asked: Vec<Value>,
    problems: Vec<String>,
}

/// A request as it came in.
pub(super) struct Asked {
    pub(super) path: String,
    /// In lower case, as they came.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Fake {
    /// A provider that answers by `script`. The last reply is given again and again.
    pub(super) async fn start(api: Api, script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            script: script.into_iter().collect(),
            ..State::default()
        }));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, api, state.clone()));
        Self {
            api,
            address,
            state,
            _serving: serving,
        }
    }

    pub(super) fn provider(&self) -> Provider {
        let base = format!("http://{}/v1", self.address);
        let key = ApiKey::new(&KEY.into()).expect("a key");
        match self.api {
            Api::Anthropic => Provider::anthropic_at(&base, key),
            Api::OpenAi => Provider::open_ai_at(&base, Some(key)),
        }
        .expect("a provider")
    }

    pub(super) fn model(&self) -> Model {
        Model::new("the-model", self.provider())
    }

    /// Models of which this one is the only one, for everybody.
    pub(super) fn models(&self) -> Models {
        Models::new().model(self.model()).approve(AllowAll)
    }

    pub(super) fn hasty(&self, timeouts: Timeouts) -> Models {
        let provider = self.provider().timeouts(timeouts).expect("a client");
        Models::new()
            .model(Model::new("the-model", provider))
            .approve(AllowAll)
    }

    /// What it was asked, if all of that was in order.
    pub(super) fn asked(&self) -> Vec<Value> {
        let state = self.state.lock().expect("no panic");
        assert_eq!(state.problems, Vec::<String>::new());
        state.asked.clone()
    }
}

async fn serve(listener: TcpListener, api: Api, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.spawn(answer(stream, api, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: TcpStream, api: Api, state: Arc<Mutex<State>>) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let reply = match strict::check(api, &asked) {
        Ok(body) => {
            let mut state = state.lock().expect("no panic");
            state.asked.push(body);
            if state.script.len() > 1 {
                state.script.pop_front()
            } else {
                state.script.front().cloned()
            }
        }
        Err(problem) => {
            state.lock().expect("no panic").problems.push(problem);
            None
        }
    };
    let reply = reply.unwrap_or_else(|| Reply::new("400 Bad Request", "", "{}"));
    match reply {
        Reply::Bytes(bytes) => {
            // The client may have read enough.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Stuck(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
        Reply::Flood(first, more) => {
            let mut written = stream.write_all(&first).await;
            let mut left = 1_usize << 30;
            while written.is_ok() && left > 0 {
                written = stream.write_all(&more).await;
                left = left.saturating_sub(more.len());
            }
        }
    }
}

/// The request, whole; `None` when the client has gone.
async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some(end) = end {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
    let mut lines = head.split("\r\n");
    let first: Vec<&str> = lines.next()?.split(' ').collect();
    assert_eq!(first[0], "POST");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length?.1.parse().expect("a length");
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked {
        path: first[1].to_owned(),
        headers,
        body,
    })
}

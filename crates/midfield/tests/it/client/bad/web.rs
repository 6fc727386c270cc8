//! A server of HTTP that writes each byte of its answers itself.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use midfield::Client;
use midfield::client::{ClientBuilder, Speak};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) head: String,
    /// Null where there was none.
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn is(&self, method: &str) -> bool {
        self.body["method"] == method
    }

    pub(super) fn verb(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What comes after the bytes.
#[derive(Clone, Copy)]
pub(super) enum Then {
    /// The connection is closed.
    Close,
    /// Nothing more, until the client closes it.
    Hold,
    /// This, a gigabyte of it.
    Flood(&'static [u8]),
}

pub(super) type Said = (Vec<u8>, Then);

/// A server on a port of its own.
pub(super) struct Web {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// How many connections the client has closed before the server did.
    closed: Arc<AtomicUsize>,
    /// How many bytes of floods were taken.
    taken: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Web {
    pub(super) async fn new(say: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, closed, taken) =
            <(Arc<Mutex<Vec<Asked>>>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let mut running = JoinSet::new();
        let say = Arc::new(say);
        let notes = (asked.clone(), closed.clone(), taken.clone());
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (say, (asked, closed, taken)) = (say.clone(), notes.clone());
                connections.spawn(async move {
                    let mut stream = stream;
                    let Some(request) = read(&mut stream).await else {
                        return;
                    };
                    let (bytes, then) = say(&request);
                    asked.lock().expect("no panic").push(request);
                    let written = stream.write_all(&bytes).await;
                    match then {
                        Then::Close => drop(stream.shutdown().await),
                        Then::Hold => {
                            while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                            closed.fetch_add(1, Ordering::SeqCst);
                        }
                        Then::Flood(filling) => {
                            let chunk = filling.repeat((64 << 10) / filling.len());
                            let mut count = 0;
                            while written.is_ok()
                                && count < 1 << 30
                                && stream.write_all(&chunk).await.is_ok()
                            {
                                count += chunk.len();
                            }
                            taken.fetch_add(count, Ordering::SeqCst);
                            closed.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        Self {
            address,
            asked,
            closed,
            taken,
            _running: running,
        }
    }

    /// One of the era of `speak` that is sane until it is asked for what `say` knows.
    pub(super) async fn of(
        speak: Speak,
        say: impl Fn(&Asked) -> Option<Said> + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |asked| say(asked).unwrap_or_else(|| sane(speak, asked))).await
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub(super) async fn client(&self, speak: Speak) -> Client {
        let url = self.url();
        let connecting = builder(speak).connect(url.as_str());
        connecting.await.expect("a connection")
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    pub(super) fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.is(method)).count()
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until the client has closed so many connections.
    pub(super) async fn closed(&self, count: usize) {
        let waiting = async {
            while self.closed.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        };
        crate::harness::soon(waiting).await;
    }

    /// Waits until it was asked this.
    pub(super) async fn until(&self, is_it: impl Fn(&Asked) -> bool) -> Asked {
        let waiting = async {
            loop {
                if let Some(asked) = self.asked().into_iter().find(|asked| is_it(asked)) {
                    return asked;
                }
                tokio::task::yield_now().await;
            }
        };
        crate::harness::soon(waiting).await
    }
}

/// A client with very little patience, for clocks that go.
pub(super) fn builder(speak: Speak) -> ClientBuilder {
    Client::builder()
        .speak(speak)
        .timeout(Duration::from_millis(1_500))
        .connect_timeout(Duration::from_secs(5))
        .max_message(1 << 20)
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut asked = Asked {
        head,
        body: Value::Null,
    };
    let length = asked
        .header("content-length")
        .map_or(0, |length| length.parse().expect("a number"));
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    asked.body = serde_json::from_slice(&bytes[end + 4..]).unwrap_or_default();
    Some(asked)
}

/// A response with a head of these lines, and a body of which the length is told.
pub(super) fn response(status: &str, head: &str, body: &str) -> Said {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    (text.into_bytes(), Then::Close)
}

pub(super) fn answer(asked: &Asked, result: Value) -> Said {
    let mut message = json!({"jsonrpc": "2.0", "id": asked.body["id"]});
    message["result"] = result;
    response(
        "200 OK",
        "Content-Type: application/json\r\n",
        &message.to_string(),
    )
}

/// A stream of events, open or not after these.
pub(super) fn events(text: &str, then: Then) -> Said {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    (format!("{head}{text}").into_bytes(), then)
}

pub(super) fn sane(speak: Speak, asked: &Asked) -> Said {
    let message = super::sane(speak, &asked.body);
    if asked.verb() != "POST" {
        return response("405 Method Not Allowed", "", "");
    }
    if message.is_empty() {
        return response("202 Accepted", "", "");
    }
    let session = if asked.is("initialize") {
        "Mcp-Session-Id: first\r\n"
    } else {
        ""
    };
    let head = format!("Content-Type: application/json\r\n{session}");
    response("200 OK", &head, &String::from_utf8_lossy(&message))
}

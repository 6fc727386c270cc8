//! A minimal HTTP/1.1 client: one kept-alive connection, one request in flight, bodies by length or in chunks.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much is read at once; a buffer grows when a head is larger.
const BUFFER: usize = 64 * 1024;

/// An endpoint on loopback.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    host: String,
    path: String,
}

impl Endpoint {
    /// Reads an `http://` URL whose host is an address of loopback.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let rest = url
            .strip_prefix("http://")
            .with_context(|| format!("{url} is no http:// URL"))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address: SocketAddr = host
            .parse()
            .with_context(|| format!("{host} is no address with a port"))?;
        if !address.ip().is_loopback() {
            bail!("{host} is not on this machine: only loopback may be loaded");
        }
        Ok(Self {
            address,
            host: host.to_owned(),
            path: format!("/{path}"),
        })
    }

    /// The head of a POST with a body of `length` bytes; `headers` are whole lines.
    pub(crate) fn post(&self, headers: &str, length: usize) -> String {
        format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{headers}Content-Length: {length}\r\n\r\n",
            self.path, self.host
        )
    }
}

impl Endpoint {
    /// A GET of the stream on which a session hears what belongs to no request; `headers` are whole lines.
    pub(crate) fn get_stream(&self, headers: &str) -> String {
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n{headers}\r\n",
            self.path, self.host
        )
    }
}

/// A connection to an endpoint.
#[derive(Debug)]
pub(crate) struct Connection {
    endpoint: Endpoint,
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the bytes that are not consumed yet begin and end.
    unread: std::ops::Range<usize>,
    is_closed: bool,
    /// The body of the last answer.
    pub(crate) body: Vec<u8>,
    /// The session that the server opened, from the first answer that named one.
    pub(crate) session: Option<String>,
}

impl Connection {
    /// Opens a connection.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self> {
        Self::open_with(endpoint, BUFFER).await
    }

    /// Opens a connection whose buffer has this size at first.
    pub(crate) async fn open_with(endpoint: &Endpoint, buffer: usize) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint.clone(),
            stream: dial(endpoint).await?,
            buffer: vec![0; buffer],
            unread: 0..0,
            is_closed: false,
            body: Vec::with_capacity(buffer),
            session: None,
        })
    }

    /// Opens a connection to a server that is only starting: tries again until `limit` is over.
    pub(crate) async fn open_within(endpoint: &Endpoint, limit: Duration) -> Result<Self> {
        let begin = Instant::now();
        loop {
            match Self::open(endpoint).await {
                Err(_) if begin.elapsed() < limit => {
                    tokio::time::sleep(Duration::from_micros(500)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Sends a whole request and reads the whole answer into `body`; returns the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        if self.is_closed {
            self.stream = dial(&self.endpoint).await?;
            self.is_closed = false;
            self.unread = 0..0;
        }
        self.stream.write_all(request).await?;
        self.body.clear();
        let head = self.head().await?;
        match head.body {
            Body::Chunked => self.chunks().await?,
            Body::Length(length) => self.take(length).await?,
            Body::UntilClose => {
                while self.fill().await.is_ok() {
                    self.body
                        .extend_from_slice(&self.buffer[self.unread.clone()]);
                    self.unread.start = self.unread.end;
                }
                self.is_closed = true;
            }
        }
        Ok(head.status)
    }

    /// Sends a request whose answer is a stream without an end, and reads its head; returns the status.
    pub(crate) async fn begin_stream(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.body.clear();
        let head = self.head().await?;
        if head.status == 200 && head.body != Body::Chunked {
            bail!("the answer is no stream in chunks");
        }
        Ok(head.status)
    }

    /// Reads a stream that has begun until `text` has come.
    pub(crate) async fn read_until(&mut self, text: &str) -> Result<()> {
        while memchr::memmem::find(&self.body, text.as_bytes()).is_none() {
            if self.chunk().await? == 0 {
                bail!("the stream has ended without {text:?}");
            }
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 48];
            let mut response = httparse::Response::new(&mut headers);
            let parsed = response
                .parse(&self.buffer[self.unread.clone()])
                .context("could not read a response's head")?;
            if let httparse::Status::Complete(length) = parsed {
                let head = Head::of(&response)?;
                self.is_closed = head.closes;
                if self.session.is_none() {
                    self.session.clone_from(&head.session);
                }
                self.unread.start += length;
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    async fn chunks(&mut self) -> Result<()> {
        while self.chunk().await? > 0 {}
        Ok(())
    }

    /// Moves one chunk to the body; returns its size.
    async fn chunk(&mut self) -> Result<usize> {
        let size = self.chunk_size().await?;
        self.take(size).await?;
        while self.unread.len() < 2 {
            self.fill().await?;
        }
        self.unread.start += 2;
        Ok(size)
    }

    async fn chunk_size(&mut self) -> Result<usize> {
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(end) = memchr::memchr(b'\n', unread) {
                let line = std::str::from_utf8(&unread[..end])?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16)
                    .with_context(|| format!("{size:?} is no chunk size"))?;
                self.unread.start += end + 1;
                return Ok(size);
            }
            self.fill().await?;
        }
    }

    /// Moves `count` bytes to the body.
    async fn take(&mut self, mut count: usize) -> Result<()> {
        while count > 0 {
            if self.unread.is_empty() {
                self.fill().await?;
            }
            let part = self.unread.start..self.unread.end.min(self.unread.start + count);
            count -= part.len();
            self.unread.start = part.end;
            self.body.extend_from_slice(&self.buffer[part]);
        }
        Ok(())
    }

    /// Reads what is there, after the unread bytes.
    async fn fill(&mut self) -> Result<()> {
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.end == self.buffer.len() {
            if self.unread.start > 0 {
                self.buffer.copy_within(self.unread.clone(), 0);
                self.unread = 0..self.unread.len();
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let count = self
            .stream
            .read(&mut self.buffer[self.unread.end..])
            .await?;
        if count == 0 {
            bail!("the server closed the connection");
        }
        self.unread.end += count;
        Ok(())
    }
}

async fn dial(endpoint: &Endpoint) -> Result<TcpStream> {
    let stream = TcpStream::connect(endpoint.address)
        .await
        .with_context(|| format!("could not connect to {}", endpoint.address))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
    UntilClose,
}

/// What matters of a response's head.
#[derive(Debug)]
struct Head {
    status: u16,
    body: Body,
    closes: bool,
    session: Option<String>,
}

impl Head {
    fn of(response: &httparse::Response<'_, '_>) -> Result<Self> {
        let status = response.code.unwrap_or_default();
        let is_empty = matches!(status, 202 | 204);
        let mut head = Self {
            status,
            body: if is_empty {
                Body::Length(0)
            } else {
                Body::UntilClose
            },
            closes: false,
            session: None,
        };
        for header in &*response.headers {
            let value = std::str::from_utf8(header.value)?.trim();
            match header.name.to_ascii_lowercase().as_str() {
                "content-length" => head.body = Body::Length(value.parse()?),
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => {
                    head.body = Body::Chunked;
                }
                "connection" => head.closes = value.eq_ignore_ascii_case("close"),
                "mcp-session-id" => head.session = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(head)
    }
}

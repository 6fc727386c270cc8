//! As much of an HTTP client as it takes to see what a server says, or that it died: one request for each connection,
//! whose answer is JSON or events.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long a server may keep silent.
const SILENCE: Duration = Duration::from_secs(10);

/// What came back; its messages may still be on their way.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The session that it names.
    pub(crate) session: Option<String>,
    is_events: bool,
    body: BufReader<Body>,
    is_read: bool,
}

/// Posts `body`; fails when the server is not there, or goes away meanwhile.
pub(crate) fn post(port: u16, headers: &[(&str, &str)], body: &str) -> Result<Response> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, SILENCE)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_nodelay(true)?;
    let mut head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
    Response::read(BufReader::new(stream))
}

impl Response {
    fn read(mut stream: BufReader<TcpStream>) -> Result<Self> {
        let line = line(&mut stream)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("no status: `{line}`"))?;
        let (mut session, mut is_events, mut framing) = (None, false, Framing::Close);
        loop {
            let header = self::line(&mut stream)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').context("no header")?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "mcp-session-id" => session = Some(value.to_owned()),
                "content-type" => is_events = value.starts_with("text/event-stream"),
                "content-length" => framing = Framing::Length(value.parse()?),
                "transfer-encoding" => framing = Framing::Chunked { left: 0 },
                _ => {}
            }
        }
        Ok(Self {
            status,
            session,
            is_events,
            body: BufReader::new(Body { stream, framing }),
            is_read: false,
        })
    }

    /// The next message; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Value>> {
        if !self.is_events {
            if std::mem::replace(&mut self.is_read, true) {
                return Ok(None);
            }
            let mut text = String::new();
            self.body.read_to_string(&mut text)?;
            return Ok(match text.trim() {
                "" => None,
                text => Some(serde_json::from_str(text).with_context(|| format!("`{text}`"))?),
            });
        }
        let mut data = String::new();
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" if !data.is_empty() => return Ok(Some(serde_json::from_str(&data)?)),
                line => data.push_str(line.strip_prefix("data:").unwrap_or("").trim_start()),
            }
        }
    }
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection ended");
    }
    Ok(line.trim_end().to_owned())
}

#[derive(Debug)]
struct Body {
    stream: BufReader<TcpStream>,
    framing: Framing,
}

#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked { left: usize },
    Close,
    Ended,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        if let Framing::Chunked { left: 0 } = self.framing {
            let mut size = String::new();
            self.stream.read_line(&mut size)?;
            if size.trim().is_empty() {
                size.clear();
                self.stream.read_line(&mut size)?;
            }
            let left = usize::from_str_radix(size.trim(), 16).map_err(|_| cut())?;
            self.framing = if left == 0 {
                Framing::Ended
            } else {
                Framing::Chunked { left }
            };
        }
        let most = match &self.framing {
            Framing::Ended => 0,
            Framing::Close => buffer.len(),
            Framing::Length(left) | Framing::Chunked { left } => buffer.len().min(*left),
        };
        if most == 0 {
            return Ok(0);
        }
        let read = self.stream.read(&mut buffer[..most])?;
        match &mut self.framing {
            Framing::Length(_) | Framing::Chunked { .. } if read == 0 => return Err(cut()),
            Framing::Length(left) | Framing::Chunked { left } => *left -= read,
            Framing::Close | Framing::Ended => {}
        }
        Ok(read)
    }
}

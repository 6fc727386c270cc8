//! A stream of events, as it comes in
//! ([interpretation](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation)).

use std::time::Duration;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What kind it is; empty where nothing is said, which means a message.
    pub(super) kind: String,
    /// What it says; `None` where it has no data, as one that only names itself.
    pub(super) data: Option<Vec<u8>>,
}

/// The events of a stream that came so far.
#[derive(Debug)]
pub(super) struct Events {
    /// What came, from the beginning of a line.
    bytes: Vec<u8>,
    /// Up to where there is no end of a line.
    searched: usize,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    is_first_line: bool,
    event: Event,
    has_fields: bool,
    limit: usize,
    last_id: Option<String>,
    retry: Option<Duration>,
}

/// An event, or a line, that is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Events {
    /// No event yet; each may have at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            searched: 0,
            after_return: false,
            is_first_line: true,
            event: Event::default(),
            has_fields: false,
            limit,
            last_id: None,
            retry: None,
        }
    }

    /// The id of the last event that had one: from where a broken stream can be resumed.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the server wants to be left alone before the stream is asked for again.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The stream goes on in another response: what was not whole comes again.
    pub(super) fn begin_anew(&mut self) {
        self.bytes.clear();
        self.searched = 0;
        self.after_return = false;
        self.is_first_line = true;
        self.event = Event::default();
        self.has_fields = false;
    }

    /// Adds what came.
    pub(super) fn add(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// The next event that is whole.
    pub(super) fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        let mut begin = 0;
        let found = loop {
            let Some(line) = self.line(&mut begin) else {
                break None;
            };
            let line = self.without_mark(&line);
            if !line.is_empty() {
                self.field(line);
            } else if std::mem::take(&mut self.has_fields) {
                break Some(std::mem::take(&mut self.event));
            }
            if self
                .event
                .data
                .as_ref()
                .is_some_and(|data| data.len() > self.limit)
            {
                return Err(TooLarge);
            }
        };
        self.bytes.drain(..begin);
        self.searched -= begin;
        if self.bytes.len() > self.limit {
            return Err(TooLarge);
        }
        Ok(found)
    }

    /// The whole line that begins at `begin`, which is moved behind its end.
    fn line(&mut self, begin: &mut usize) -> Option<Vec<u8>> {
        if let Some(first) = self.bytes.get(*begin)
            && std::mem::take(&mut self.after_return)
            && *first == b'\n'
        {
            *begin += 1;
        }
        let from = self.searched.max(*begin);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.bytes.len().max(*begin);
            return None;
        };
        let end = from + end;
        self.after_return = self.bytes.get(end) == Some(&b'\r');
        let line = self.bytes.get(*begin..end)?.to_vec();
        *begin = end + 1;
        self.searched = *begin;
        Some(line)
    }

    fn without_mark<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        if std::mem::take(&mut self.is_first_line) {
            line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
        } else {
            line
        }
    }

    fn field(&mut self, line: &[u8]) {
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            // A comment, by which a server keeps the connection open.
            Some(0) => return,
            Some(colon) => {
                let (name, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, b"".as_slice()),
        };
        match name {
            b"data" => {
                self.has_fields = true;
                match &mut self.event.data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => self.event.data = Some(value.to_vec()),
                }
            }
            b"event" => {
                self.has_fields = true;
                self.event.kind = String::from_utf8_lossy(value).into_owned();
            }
            b"id" if !value.contains(&0) => {
                self.has_fields = true;
                let id = String::from_utf8_lossy(value).into_owned();
                self.last_id = Some(id).filter(|id| !id.is_empty() && id.len() <= MAX_ID);
            }
            b"retry" => {
                let text = std::str::from_utf8(value).ok();
                let digits = text.filter(|text| {
                    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
                });
                if let Some(millis) = digits.and_then(|digits| digits.parse().ok()) {
                    self.retry = Some(Duration::from_millis(millis));
                }
            }
            _ => {}
        }
    }
}

/// Longest id that is sent back, in bytes: servers limit headers.
const MAX_ID: usize = 4096;

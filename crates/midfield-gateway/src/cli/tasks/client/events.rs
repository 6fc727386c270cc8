//! Bodies as they come in: whole, or as a stream of events
//! ([event streams](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation)).

use reqwest::Response;
use url::Url;

use super::super::Failure;
use super::unreachable;

/// The messages of a stream of events.
#[derive(Debug)]
pub(in crate::cli::tasks) struct Events {
    response: Response,
    url: Url,
    lines: Lines,
}

impl Events {
    pub(super) fn new(response: Response, url: Url) -> Self {
        Self {
            response,
            url,
            lines: Lines::default(),
        }
    }

    /// The data of the next event that has some; `None` at the end of the stream.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(in crate::cli::tasks) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(data) = self.lines.next_event() {
                return Ok(Some(data));
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| unreachable(&self.url, error))? {
                Some(chunk) => self.lines.add(&chunk),
                None => return Ok(None),
            }
            if self.lines.len() > MAX_BODY {
                return Err(too_large(&self.url));
            }
        }
    }
}

/// The lines of a stream that came so far and were not read.
#[derive(Debug, Default)]
struct Lines {
    /// What came, from the beginning of a line.
    bytes: Vec<u8>,
    /// Up to where there is no end of a line.
    looked_at: usize,
    /// The data of the event that has begun.
    data: Option<Vec<u8>>,
}

impl Lines {
    fn add(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// How many bytes are held.
    fn len(&self) -> usize {
        self.bytes.len() + self.data.as_ref().map_or(0, Vec::len)
    }

    /// The data of the next event that is whole and has some.
    fn next_event(&mut self) -> Option<Vec<u8>> {
        let mut begin = 0;
        let found = loop {
            let Some((line, next)) = self.line(begin) else {
                break None;
            };
            begin = next;
            if line.is_empty() {
                if let Some(data) = self.data.take() {
                    break Some(data);
                }
            } else if let Some(value) = data_of(&line) {
                match &mut self.data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => self.data = Some(value.to_vec()),
                }
            }
        };
        self.bytes.drain(..begin);
        self.looked_at = self.looked_at.saturating_sub(begin);
        found
    }

    /// The whole line that begins at `begin`, and where the next one does.
    fn line(&mut self, begin: usize) -> Option<(Vec<u8>, usize)> {
        let from = self.looked_at.max(begin);
        let rest = self.bytes.get(from..)?;
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.looked_at = self.bytes.len();
            return None;
        };
        let end = from + end;
        let after = match (self.bytes.get(end), self.bytes.get(end + 1)) {
            // Whether a line feed belongs to it is not known yet.
            (Some(b'\r'), None) => {
                self.looked_at = end;
                return None;
            }
            (Some(b'\r'), Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        let line = self.bytes.get(begin..end)?.to_vec();
        self.looked_at = after;
        Some((line, after))
    }
}

/// The value of a line of data.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let value = line.strip_prefix(b"data")?;
    match value {
        [] => Some(value),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// A body as a whole.
pub(super) async fn body(mut response: Response, url: &Url) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(url, error))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(too_large(url));
        }
    }
    Ok(body)
}

fn too_large(url: &Url) -> Failure {
    Failure::Unusable {
        url: url.to_string(),
        told: format!("a message is larger than {} MiB", MAX_BODY >> 20),
    }
}

/// Most bytes of one message: results of tasks may be large.
const MAX_BODY: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All events of a stream that comes in these chunks.
    fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut lines = Lines::default();
        let mut events = Vec::new();
        for chunk in chunks {
            lines.add(chunk);
            while let Some(data) = lines.next_event() {
                events.push(String::from_utf8(data).unwrap());
            }
        }
        events
    }

    const STREAM: &[u8] =
        b"\xef\xbb\xbf: hello\nid: 7\ndata: one\n\ndata:two\r\ndata\r\ndata:  three\r\n\r\n\
        event: x\n\nretry: 5\ndata:\n\ndatum: no\n\ndata: not ended";

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let whole = events([STREAM]);
        assert_eq!(whole, ["one", "two\n\n three", ""]);
        for at in 0..STREAM.len() {
            let (first, second) = STREAM.split_at(at);
            assert_eq!(events([first, second]), whole, "{at}");
        }
        assert_eq!(events(STREAM.chunks(1)), whole);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_bad_and_no_cut_changes_them(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200),
            cut in 1_usize..7,
        ) {
            let read = |size: usize| {
                let mut lines = Lines::default();
                let mut events = Vec::new();
                for chunk in stream.chunks(size) {
                    lines.add(chunk);
                    events.extend(std::iter::from_fn(|| lines.next_event()));
                }
                events
            };
            prop_assert_eq!(read(cut), read(stream.len().max(1)));
        }
    }
}

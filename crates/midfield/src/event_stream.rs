//! A stream of events, as it comes in
//! ([interpretation](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation)).

use std::time::Duration;

use memchr::memchr2;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// What kind it is; empty where nothing is said, which means a message.
    pub(crate) kind: String,
    /// What it says; `None` where it has no data, as one that only names itself.
    pub(crate) data: Option<Vec<u8>>,
}

/// The events of a stream that came so far.
#[derive(Debug)]
pub(crate) struct Events {
    lines: Lines,
    fields: Fields,
    is_first_line: bool,
    limit: usize,
    last_id: Option<String>,
}

/// An event, or a line, that is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Events {
    /// No event yet; each may have at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            lines: Lines::default(),
            fields: Fields::default(),
            is_first_line: true,
            limit,
            last_id: None,
        }
    }

    /// The id of the last whole event that had one: from where a broken stream can be resumed.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the server wants to be left alone before the stream is asked for again.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.fields.retry
    }

    /// The stream goes on in another response: what was not whole comes again.
    pub(crate) fn begin_anew(&mut self) {
        self.lines = Lines::default();
        self.fields = Fields {
            named_id: self.last_id.clone(),
            retry: self.fields.retry,
            ..Fields::default()
        };
        self.is_first_line = true;
    }

    /// Adds what came.
    pub(crate) fn add(&mut self, chunk: &[u8]) {
        self.lines.add(chunk);
    }

    /// The next event that is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        while let Some(mut line) = self.lines.next() {
            if std::mem::take(&mut self.is_first_line) {
                line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
            }
            if !line.is_empty() {
                self.fields.add(line);
            } else if let Some(event) = self.fields.end() {
                self.last_id.clone_from(&self.fields.named_id);
                return Ok(Some(event));
            }
            if self.fields.size() > self.limit {
                return Err(TooLarge);
            }
        }
        if self.lines.size() > self.limit {
            return Err(TooLarge);
        }
        Ok(None)
    }
}

/// The lines of a stream.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where the first line begins that was not handed out.
    begin: usize,
    /// Up to where there is no end of a line.
    searched: usize,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_return: bool,
}

impl Lines {
    fn add(&mut self, chunk: &[u8]) {
        self.bytes.drain(..self.begin);
        self.searched = self.searched.saturating_sub(self.begin);
        self.begin = 0;
        self.bytes.extend_from_slice(chunk);
    }

    /// The next line that is whole, without its end.
    fn next(&mut self) -> Option<&[u8]> {
        if let Some(first) = self.bytes.get(self.begin)
            && std::mem::take(&mut self.after_return)
            && *first == b'\n'
        {
            self.begin += 1;
        }
        let from = self.searched.max(self.begin);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let Some(length) = memchr2(b'\n', b'\r', rest) else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = from + length;
        self.after_return = self.bytes.get(end) == Some(&b'\r');
        let line = self.begin..end;
        self.begin = end + 1;
        self.bytes.get(line)
    }

    /// How many bytes wait for the end of their line.
    fn size(&self) -> usize {
        self.bytes.len() - self.begin
    }
}

/// What the lines of an event said so far.
#[derive(Debug, Default)]
struct Fields {
    event: Event,
    has_any: bool,
    /// The id that was named last, which counts when its event is whole.
    named_id: Option<String>,
    retry: Option<Duration>,
}

impl Fields {
    /// The event that is whole now, unless nothing was said.
    fn end(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_any).then_some(event)
    }

    fn size(&self) -> usize {
        self.event.data.as_ref().map_or(0, Vec::len)
    }

    fn add(&mut self, line: &[u8]) {
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
                self.has_any = true;
                match &mut self.event.data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => self.event.data = Some(value.to_vec()),
                }
            }
            b"event" => {
                self.has_any = true;
                self.event.kind = String::from_utf8_lossy(value).into_owned();
            }
            b"id" if !value.contains(&0) => {
                self.has_any = true;
                let id = String::from_utf8_lossy(value).into_owned();
                self.named_id = Some(id).filter(|id| !id.is_empty() && id.len() <= MAX_ID);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The events that come out when `chunks` come in one after the other.
    fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Events) {
        let mut stream = Events::new(1 << 20);
        let mut events = Vec::new();
        for chunk in chunks {
            stream.add(chunk);
            while let Some(event) = stream.next().expect("nothing is too large") {
                events.push(event);
            }
        }
        (events, stream)
    }

    fn event(kind: &str, data: Option<&str>) -> Event {
        Event {
            kind: kind.into(),
            data: data.map(|data| data.as_bytes().to_vec()),
        }
    }

    fn data(data: &str) -> Event {
        event("", Some(data))
    }

    #[test]
    fn the_standards_examples_are_read_as_it_says() {
        let cases: [(&str, Vec<Event>); 13] = [
            ("data: a\n\ndata: b\n\n", vec![data("a"), data("b")]),
            (
                "data: YHOO\ndata: +2\ndata: 10\n\n",
                vec![data("YHOO\n+2\n10")],
            ),
            (": comment\n\ndata:a\n\n", vec![data("a")]),
            ("data\n\ndata\ndata\n\ndata:", vec![data(""), data("\n")]),
            (
                "data:test\n\ndata: test\n\ndata:  test\n\n",
                vec![data("test"), data("test"), data(" test")],
            ),
            (
                "event: x\ndata: 1\n\ndata: 2\n\n",
                vec![event("x", Some("1")), data("2")],
            ),
            (
                "data: a\r\rdata: b\r\n\r\ndata: c\n\n",
                vec![data("a"), data("b"), data("c")],
            ),
            ("\u{feff}data: a\n\n\u{feff}data: b\n\n", vec![data("a")]),
            ("moon: x\nDATA: x\n data: x\ndata: a\n\n", vec![data("a")]),
            ("\n\r\n\r\r\n\n", vec![]),
            ("event: x\n\n", vec![event("x", None)]),
            ("data: never whole\n", vec![]),
            ("database: x\ndata: a\n\n", vec![data("a")]),
        ];
        for (text, expected) in cases {
            assert_eq!(events([text.as_bytes()]).0, expected, "{text:?}");
        }
    }

    #[test]
    fn ids_are_kept_until_another_comes_and_those_with_a_nul_or_too_long_are_none() {
        let id = |text: &str| events([text.as_bytes()]).1.last_id().map(str::to_owned);
        assert_eq!(id("id: 1\ndata: a\n\ndata: b\n\n").as_deref(), Some("1"));
        assert_eq!(id("id: 1\n\nid: 2\u{0}\ndata: b\n\n").as_deref(), Some("1"));
        assert_eq!(id("id: 1\n\nid\n\n"), None);
        assert_eq!(id(&format!("id: 1\n\nid: {}\n\n", "x".repeat(5_000))), None);
    }

    #[test]
    fn a_retry_is_digits_and_nothing_else() {
        let retry = |text: &str| events([text.as_bytes()]).1.retry();
        assert_eq!(retry("retry: 250\n"), Some(Duration::from_millis(250)));
        for text in [
            "retry: -1\n",
            "retry: 1.5\n",
            "retry: 1e3\n",
            "retry:\n",
            "retry: ٣\n",
            "retry: 99999999999999999999999\n",
        ] {
            assert_eq!(retry(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_stream_that_goes_on_elsewhere_begins_with_a_whole_event() {
        let mut stream = Events::new(100);
        stream.add(b"id: 1\ndata: a\n\nid: 2\nevent: x\ndata: hal");
        assert_eq!(stream.next(), Ok(Some(data("a"))));
        assert_eq!(stream.next(), Ok(None));
        stream.begin_anew();
        stream.add(b"data: half\n\n");
        assert_eq!(stream.next(), Ok(Some(data("half"))));
        assert_eq!(stream.last_id(), Some("1"));
    }

    #[test]
    fn neither_a_line_nor_the_lines_of_an_event_grow_beyond_the_limit() {
        for chunk in [
            "x",
            "data: ",
            "data: x\n",
            "data\n",
            ": comment without end ",
        ] {
            let mut stream = Events::new(1_000);
            let mut count = 0;
            while stream.next().is_ok() {
                stream.add(chunk.as_bytes());
                count += 1;
                assert!(count < 3_000, "{chunk:?}");
            }
        }
        let mut stream = Events::new(1_000);
        for _ in 0..10_000 {
            stream.add(b": comment\ndata: x\n\n");
            assert_eq!(stream.next(), Ok(Some(data("x"))));
        }
    }

    /// What streams are made of.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "data: a\n",
            "data:b\r\n",
            "data\r",
            "\n",
            "\r",
            "\r\n",
            ":c\n",
            "event: x\n",
            "id: 1\n",
            "id\n",
            "retry: 5\n",
            "\u{feff}",
            "ä€",
        ];
        prop_oneof![
            4 => prop::sample::select(known.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_its_events_are_the_same(
            pieces in prop::collection::vec(piece(), 0..40),
            sizes in prop::collection::vec(1_usize..7, 1..40),
        ) {
            let whole = pieces.concat();
            let mut chunks = Vec::new();
            let mut rest = whole.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            let (expected, at_once) = events([whole.as_slice()]);
            let (found, in_pieces) = events(chunks);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(in_pieces.last_id(), at_once.last_id());
            prop_assert_eq!(in_pieces.retry(), at_once.retry());
        }
    }
}

//! The data of a stream of events, however it is cut
//! ([event streams](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation)).

use memchr::memchr2;

use super::super::failure::Failure;

/// What came of a stream and is no whole event yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    /// Whether the last line ended with a carriage return, to which a line feed may belong.
    is_after_return: bool,
    /// Whether a line has ended; the first one may begin with a byte order mark.
    has_begun: bool,
}

impl Events {
    /// Takes the next bytes, and hands the data of each event that they make whole to `each`.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.is_after_return) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = memchr2(b'\n', b'\r', bytes);
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.line.extend_from_slice(part);
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > MAX_EVENT {
                return Err(Failure::unusable(format!(
                    "an event of its stream is larger than {} MiB",
                    MAX_EVENT >> 20
                )));
            }
            let Some((ended_by, rest)) = rest.split_first() else {
                break;
            };
            self.is_after_return = *ended_by == b'\r';
            bytes = rest;
            if let Some(data) = self.end_line() {
                each(&data)?;
            }
        }
        Ok(())
    }

    /// The data of the event that ends with this line.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let mut line = self.line.as_slice();
        if !std::mem::replace(&mut self.has_begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            self.line.clear();
            return self.data.take();
        }
        let value = match line.strip_prefix(b"data") {
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => Some(value),
            Some([]) => Some([].as_slice()),
            _ => None,
        };
        if let Some(value) = value {
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                none => *none = Some(value.to_vec()),
            }
        }
        self.line.clear();
        None
    }
}

/// Most bytes of one event.
const MAX_EVENT: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let (mut events, mut all) = (Events::default(), Vec::new());
        for chunk in chunks {
            let fed = events.feed(chunk, |data| {
                all.push(data.to_vec());
                Ok(())
            });
            fed.expect("small events");
        }
        all
    }

    #[test]
    fn only_data_counts_and_only_whole_events() {
        let stream = b"\xef\xbb\xbfdata: one\r\n\r\n: a comment\nid: 7\nevent: x\ndata:two\ndata\ndata:  three\r\r\
            database: no\n\nretry: 5\n\ndata: cut";
        assert_eq!(read([&stream[..]]), [&b"one"[..], b"two\n\n three"]);
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut events = Events::default();
        let chunk = vec![b'x'; 1 << 20];
        let fed = (0..6).try_for_each(|_| events.feed(&chunk, |_| Ok(())));
        assert!(fed.expect_err("too large").to_string().contains("4 MiB"));
    }

    proptest! {
        #[test]
        fn no_cut_changes_the_events(
            stream in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), any::<u8>()].prop_map(|it| vec![it])
                    .boxed().prop_union(Just(b"data:".to_vec()).boxed()), 0..80),
            size in 1_usize..9,
        ) {
            let stream = stream.concat();
            prop_assert_eq!(read(stream.chunks(size)), read([&stream[..]]));
        }
    }
}

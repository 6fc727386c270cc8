//! Lines out of a stream of bytes, each within a limit.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes that have been read and not yet been taken as lines.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    limit: usize,
    /// The line that is being read is too long: what comes of it is dropped.
    skipping: bool,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// One line, without its end.
    Text(Bytes),
    /// A line that was longer than the limit, and is gone.
    TooLong,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::with_capacity(READ_SIZE),
            searched: 0,
            limit,
            skipping: false,
        }
    }

    /// Where to read to.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.buffer.reserve(READ_SIZE);
        &mut self.buffer
    }

    /// The next whole line, skipping empty ones; `None` until more is read.
    pub(crate) fn next(&mut self) -> Option<Line> {
        loop {
            let fresh = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(offset) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                self.drop_if_too_long();
                return None;
            };
            let end = self.searched + offset;
            self.searched = 0;
            let line = self.buffer.split_to(end);
            self.buffer.advance(1);
            if std::mem::take(&mut self.skipping) || line.len() > self.limit {
                return Some(Line::TooLong);
            }
            let line = line.freeze();
            if !line.trim_ascii().is_empty() {
                return Some(Line::Text(line));
            }
        }
    }

    /// Whether the line that is being read is longer than the limit already.
    #[cfg(feature = "client")]
    pub(crate) fn is_too_long(&self) -> bool {
        self.skipping
    }

    /// The last line, which may lack its end.
    pub(crate) fn last(&mut self) -> Option<Line> {
        if self.buffer.is_empty() && !self.skipping {
            return None;
        }
        self.buffer.extend_from_slice(b"\n");
        self.next()
    }

    fn drop_if_too_long(&mut self) {
        if self.buffer.len() > self.limit {
            self.skipping = true;
        }
        if self.skipping {
            self.buffer.clear();
            self.searched = 0;
        }
    }
}

const READ_SIZE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that come out when `chunks` are read one after the other.
    fn lines(limit: usize, chunks: &[&str]) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        let mut taken = Vec::new();
        for chunk in chunks {
            lines.buffer().extend_from_slice(chunk.as_bytes());
            taken.extend(std::iter::from_fn(|| lines.next()));
        }
        taken.extend(lines.last());
        taken
    }

    fn text(text: &'static str) -> Line {
        Line::Text(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let expected = [text("one"), text("two\r"), text("three")];
        assert_eq!(lines(10, &["one\ntwo\r\n\n  \nthree"]), expected);
        assert_eq!(
            lines(10, &["o", "ne", "\n", "two\r\n", "\n  \nthr", "ee\n"]),
            expected
        );
    }

    #[test]
    fn a_line_beyond_the_limit_is_told_once_and_does_not_take_the_next_with_it() {
        let expected = [Line::TooLong, text("ok")];
        assert_eq!(lines(4, &["12345\nok\n"]), expected);
        assert_eq!(lines(4, &["12345", "6789", "0\nok"]), expected);
        assert_eq!(lines(4, &["1234\n"]), [text("1234")]);
        assert_eq!(lines(4, &["123456"]), [Line::TooLong]);
    }
}

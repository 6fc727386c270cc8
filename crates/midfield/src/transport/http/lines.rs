//! Line feeds that stand alone, which no head of a request may hold.
//!
//! A recipient may read a line feed alone as the end of a line ([RFC 9112, section 2.2]), and hyper does; a
//! proxy in front that does not sees another head than we. So each becomes a carriage return before hyper
//! sees it: a head that holds a carriage return alone is refused with 400, and JSON, the only body there is,
//! means the same with either.
//!
//! [RFC 9112, section 2.2]: https://www.rfc-editor.org/rfc/rfc9112#section-2.2

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use memchr::memchr_iter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose lines end in a carriage return and a line feed, or in a carriage return alone.
pub(super) struct WholeLineEnds<S> {
    stream: S,
    /// Whether the last byte that was read is a carriage return.
    after_return: bool,
}

impl<S> WholeLineEnds<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            after_return: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WholeLineEnds<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if let Some(read) = buf.filled_mut().get_mut(before..) {
            self.after_return = without_lone_line_feeds(read, self.after_return);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WholeLineEnds<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Makes carriage returns of the line feeds in `read` that follow none, and says whether its last byte was one.
fn without_lone_line_feeds(read: &mut [u8], after_return: bool) -> bool {
    let Some(&last) = read.last() else {
        return after_return;
    };
    let follows_return = |read: &[u8], at: usize| match at.checked_sub(1) {
        Some(before) => read[before] == b'\r',
        None => after_return,
    };
    let first = memchr_iter(b'\n', read).find(|&at| !follows_return(read, at));
    if let Some(first) = first {
        // From the end to the beginning, so that what stands before a line feed is still what was read.
        for at in (first..read.len()).rev() {
            if read[at] == b'\n' && !follows_return(read, at) {
                read[at] = b'\r';
            }
        }
    }
    last == b'\r'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::without_lone_line_feeds;

    /// What any byte becomes, said one byte at a time.
    fn expected(bytes: &[u8]) -> Vec<u8> {
        let mut before = 0;
        let each = bytes.iter().map(|&byte| {
            let lone = byte == b'\n' && before != b'\r';
            before = byte;
            if lone { b'\r' } else { byte }
        });
        each.collect()
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(
            parts in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\r\na".to_vec()), 0..6), 0..8),
        ) {
            let mut after_return = false;
            let mut read = Vec::new();
            for part in &parts {
                let mut part = part.clone();
                after_return = without_lone_line_feeds(&mut part, after_return);
                read.extend(part);
            }
            prop_assert_eq!(read, expected(&parts.concat()));
        }
    }
}

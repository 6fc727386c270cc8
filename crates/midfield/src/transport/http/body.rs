//! Reading a body under limits of size and time.

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;

/// A body that was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    /// The client went away or broke the framing.
    Broken,
}

/// Reads `body`, at most `limit` bytes and for at most `timeout`.
pub(super) async fn read<B>(body: B, limit: usize, timeout: Duration) -> Result<Bytes, Unread>
where
    B: Body,
    B::Data: Buf,
{
    // What is announced as too large is refused before anything of it is read.
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(Unread::TooLarge);
    }
    match tokio::time::timeout(timeout, collect(body, limit)).await {
        Ok(read) => read,
        Err(_) => Err(Unread::TooSlow),
    }
}

/// A body that comes in one piece, as most do, is not copied.
async fn collect<B>(body: B, limit: usize) -> Result<Bytes, Unread>
where
    B: Body,
    B::Data: Buf,
{
    let mut body = pin!(body);
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unread::Broken)?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let length = data.remaining();
        if length > limit - all.len() - first.as_ref().map_or(0, Bytes::len) {
            return Err(Unread::TooLarge);
        }
        let data = data.copy_to_bytes(length);
        if first.is_none() && all.is_empty() {
            if body.is_end_stream() {
                return Ok(data);
            }
            first = Some(data);
        } else {
            all.extend_from_slice(&first.take().unwrap_or_default());
            all.extend_from_slice(&data);
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

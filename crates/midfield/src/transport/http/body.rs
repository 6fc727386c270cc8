//! Reading a body under limits of size and time.

use std::pin::{Pin, pin};
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
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let most = limit.saturating_mul(DISCARDED);
    if announced > most {
        return Err(Unread::TooLarge);
    }
    let mut body = pin!(body);
    let read = tokio::time::timeout(timeout, async {
        let read = if announced > limit {
            Err(Unread::TooLarge)
        } else {
            collect(body.as_mut(), limit).await
        };
        if read == Err(Unread::TooLarge) {
            discard(body, most).await;
        }
        read
    });
    read.await.unwrap_or(Err(Unread::TooSlow))
}

/// Reads on for a while and keeps nothing: a client that is still sending when the connection closes would
/// not see why.
async fn discard<B>(mut body: Pin<&mut B>, mut most: usize)
where
    B: Body,
    B::Data: Buf,
{
    while let Some(Ok(frame)) = body.frame().await {
        let read = frame.into_data().map_or(0, |data| data.remaining());
        match most.checked_sub(read) {
            Some(left) => most = left,
            None => return,
        }
    }
}

/// A body that comes in one piece, as most do, is not copied.
async fn collect<B>(mut body: Pin<&mut B>, limit: usize) -> Result<Bytes, Unread>
where
    B: Body,
    B::Data: Buf,
{
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

/// How many times the largest body is read and thrown away at the most.
const DISCARDED: usize = 8;

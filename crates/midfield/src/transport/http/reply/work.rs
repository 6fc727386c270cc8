//! Handlers at work for a client that waits, and what becomes of them when it goes away.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::body::{Content, KEEP_ALIVE, ReplyBody, sse};
use crate::server::{Piece, SessionKey};
use crate::transport::http::left_behind::LeftBehind;
use crate::transport::http::sessions::{AtWork, Sessions};
use crate::transport::http::stream::{Priming, Source};
use crate::transport::work::Work;

/// What becomes of work whose client goes away before it is done.
#[derive(Debug)]
pub(in crate::transport::http) enum AfterDrop {
    /// It is stopped.
    Stop,
    /// It goes on until it is done, and can be cancelled meanwhile.
    GoOn {
        left_behind: LeftBehind,
        guards: Vec<AtWork>,
        /// Where the client finds it when it comes back.
        resumable: Option<Resumable>,
    },
}

/// Where the stream of a reply is kept.
#[derive(Debug)]
pub(in crate::transport::http) struct Resumable {
    pub(in crate::transport::http) sessions: Arc<Sessions>,
    pub(in crate::transport::http) session: SessionKey,
    pub(in crate::transport::http) priming: Priming,
}

/// Work whose end is seen to when the client goes away.
#[derive(Debug)]
pub(super) struct Guarded {
    /// Empty once the last piece is out.
    pub(super) work: Option<Work>,
    pub(super) guard: AfterDrop,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Guarded {
    pub(super) fn is_unfinished(&self) -> bool {
        self.work.is_some()
    }

    pub(super) async fn next(&mut self) -> Piece {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    pub(super) fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Piece> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(Piece::Cancelled);
        };
        let piece = work.poll_next(task);
        if matches!(piece, Poll::Ready(Piece::Response(_) | Piece::Cancelled)) {
            self.work = None;
        }
        piece
    }

    /// How long it may be silent before its answer becomes a stream: one that can be resumed tells the
    /// client early by what name.
    pub(super) fn stream_after(&self) -> Duration {
        match &self.guard {
            AfterDrop::GoOn {
                resumable: Some(_), ..
            } => RESUMABLE_AFTER,
            _ => STREAM_AFTER,
        }
    }

    /// The stream of the work, of which `first` came already.
    pub(super) fn into_stream(mut self, first: Option<Piece>) -> ReplyBody {
        let resumable = match &mut self.guard {
            AfterDrop::GoOn {
                left_behind,
                guards,
                resumable,
            } => resumable
                .take()
                .map(|kept| (kept, left_behind.clone(), std::mem::take(guards))),
            AfterDrop::Stop => None,
        };
        let (Some((kept, left_behind, guards)), true) = (resumable, self.work.is_some()) else {
            let bytes = match first {
                Some(Piece::Event(event)) => sse(&event),
                _ => KEEP_ALIVE.to_vec(),
            };
            return ReplyBody::stream(bytes, self);
        };
        let Some(work) = self.work.take() else {
            return ReplyBody(Content::Empty);
        };
        let source = Source::Requests {
            work: work.preceded_by(first),
            _guards: guards,
            _permit: self.permit.take(),
        };
        match kept
            .sessions
            .open_stream(kept.session, source, kept.priming)
        {
            Ok(opened) => ReplyBody::reader(opened.reader(None, left_behind), None, None),
            Err(_) => ReplyBody(Content::Empty),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let (
            Some(work),
            AfterDrop::GoOn {
                left_behind,
                guards,
                ..
            },
        ) = (self.work.take(), &mut self.guard)
        else {
            return;
        };
        let guards = std::mem::take(guards);
        let permit = self.permit.take();
        left_behind.spawn(async move {
            let mut work = work;
            while let Piece::Event(_) | Piece::LetGo = work.next().await {}
            drop((guards, permit));
        });
    }
}

/// How long a request may be silent before its answer becomes a stream.
const STREAM_AFTER: Duration = Duration::from_secs(10);

/// The same for a stream that can be resumed.
const RESUMABLE_AFTER: Duration = Duration::from_secs(1);

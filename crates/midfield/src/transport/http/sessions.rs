//! What changes in legacy sessions, and what is at work in them. Only sessions that use it are here: the
//! rest is in their ids, see [`Session`].

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::AbortHandle;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::LogLevel;
use midfield_protocol::wire::Codec;

use super::ended::Ended;
use super::own::Owned;
use super::session::Session;
use super::stream::{EventId, MAX_KEPT_BYTES, Name, Priming, Source, Stream, Together};
use crate::seal::{NoRandomness, random};
use crate::server::{Service, SessionKey};

/// What changes in sessions, and what is at work in them.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ended: Ended,
    owned: Owned,
    at_work: HashMap<(SessionKey, RequestId), AbortHandle>,
    streams: HashMap<Name, Kept>,
    /// The streams in the order in which they were opened.
    opened: VecDeque<Name>,
    /// How many were opened since it was looked how much they are.
    unswept: usize,
    /// How many bytes all of them keep, and those by which sessions hear of changes.
    together: Together,
}

/// A stream that a client may come back to.
#[derive(Debug)]
struct Kept {
    stream: Arc<Stream>,
    session: SessionKey,
}

/// No more sessions can have a state of their own now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A request at work; dropping it says that it is no longer.
#[derive(Debug)]
pub(super) struct AtWork {
    sessions: Arc<Sessions>,
    key: (SessionKey, RequestId),
}

impl Sessions {
    /// The session as it has become since its id was sealed; `None` when it has ended.
    pub(super) fn current(&self, mut session: Session) -> Option<Session> {
        let mut state = self.state();
        if state.ended.contains(&session) {
            return None;
        }
        if let Some(own) = state.owned.find(&session.id) {
            session.caller.log_level = own.log_level;
        }
        Some(session)
    }

    /// Remembers which log messages the client of a session wants to hear.
    pub(super) fn set_log_level(
        &self,
        session: &Session,
        level: LogLevel,
        now: u64,
    ) -> Result<(), Full> {
        self.state().owned.entry(session, now)?.log_level = Some(level);
        Ok(())
    }

    /// Ends a session, with everything that is at work in it.
    pub(super) fn end(&self, session: &Session, now: u64) {
        let mut ended = Vec::new();
        {
            let mut state = self.state();
            state.ended.add(session, now);
            ended.extend(state.owned.remove(&session.id).and_then(|own| own.stream));
            for ((id, _), handle) in &state.at_work {
                if *id == session.id {
                    handle.abort();
                }
            }
            state.streams.retain(|_, kept| {
                let is_its = kept.session == session.id;
                if is_its {
                    ended.push(kept.stream.clone());
                }
                !is_its
            });
        }
        // What ends with them takes the lock too.
        for stream in ended {
            stream.end();
        }
    }

    /// Opens a stream that the session's client can come back to.
    pub(super) fn open_stream(
        &self,
        session: SessionKey,
        source: Source,
        priming: Priming,
    ) -> Result<Arc<Stream>, NoRandomness> {
        let mut state = self.state();
        state.forget_streams();
        // When there is no room it works all the same; its client just cannot come back, and is not told
        // by what name.
        let has_room = state.streams.len() < MAX_STREAMS;
        let priming = if has_room { priming } else { Priming::Unprimed };
        let stream = Arc::new(Stream::new(
            random()?,
            source,
            priming,
            state.together.clone(),
        ));
        if has_room {
            let kept = Kept {
                stream: stream.clone(),
                session,
            };
            state.streams.insert(stream.name(), kept);
            state.opened.push_back(stream.name());
        }
        Ok(stream)
    }

    /// The stream of this session that the event belongs to.
    pub(super) fn find_stream(&self, session: &Session, event: EventId) -> Option<Arc<Stream>> {
        let mut state = self.state();
        if let Some(kept) = state.streams.get(&event.stream) {
            return (kept.session == session.id).then(|| kept.stream.clone());
        }
        let own_stream = state.owned.find(&session.id)?.stream.as_ref()?;
        (own_stream.name() == event.stream).then(|| own_stream.clone())
    }

    /// The stream by which a session hears of changes, where it has one.
    pub(super) fn find_own_stream(&self, session: &Session) -> Option<Arc<Stream>> {
        self.state().owned.find(&session.id)?.stream.clone()
    }

    /// The stream by which a session hears of changes; it is opened at its first use.
    pub(super) fn own_stream(
        &self,
        session: &Session,
        service: &Service,
        now: u64,
    ) -> Result<Arc<Stream>, Full> {
        let mut state = self.state();
        let together = state.together.clone();
        let own = state.owned.entry(session, now)?;
        if let Some(own_stream) = &own.stream {
            return Ok(own_stream.clone());
        }
        let midfield_protocol::Caller {
            principal,
            capabilities,
            ..
        } = &session.caller;
        let codec = Codec::new(session.revision);
        let listener = service.listen_for_session(session.id, codec, principal, capabilities);
        let name = random().map_err(|_| Full)?;
        let priming = session.priming();
        let own_stream = Arc::new(Stream::new(
            name,
            Source::Changes(listener.map_err(|_| Full)?),
            priming,
            together,
        ));
        own.stream = Some(own_stream.clone());
        Ok(own_stream)
    }

    /// Ends the streams by which sessions hear of changes: the server stops.
    pub(super) fn end_own_streams(&self) {
        let own = self.state().owned.take_streams();
        for own_stream in own {
            own_stream.end();
        }
    }

    /// Remembers how the request `id` of a session can be cancelled; `None` when a request with this id
    /// is at work already.
    pub(super) fn begin(
        self: &Arc<Self>,
        session: &Session,
        id: &RequestId,
        cancel: AbortHandle,
    ) -> Option<AtWork> {
        let key = (session.id, id.clone());
        match self.state().at_work.entry(key.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => {
                entry.insert(cancel);
                Some(AtWork {
                    sessions: self.clone(),
                    key,
                })
            }
        }
    }

    /// Cancels the request `id` of a session, if it is at work.
    pub(super) fn cancel(&self, session: &Session, id: RequestId) {
        if let Some(handle) = self.state().at_work.get(&(session.id, id)) {
            handle.abort();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets streams that have ended a while ago, and, when what is kept has become much, others that have
    /// ended. Looks only now and then.
    fn forget_streams(&mut self) {
        self.unswept += 1;
        if self.unswept < SWEEP_EVERY {
            return;
        }
        self.unswept = 0;
        let mut bytes = self.together.bytes();
        // Room for as many as come before it is looked again.
        let is_full = self.streams.len() + SWEEP_EVERY >= MAX_STREAMS;
        self.opened.retain(|name| {
            let Some(kept) = self.streams.get(name) else {
                return false;
            };
            let ended = kept.stream.ended_for();
            let is_old = ended.is_some_and(|ended| ended >= KEPT_FOR);
            if is_old || (is_full || bytes > MAX_KEPT_BYTES) && ended.is_some() {
                bytes = bytes.saturating_sub(kept.stream.bytes());
                self.streams.remove(name);
                return false;
            }
            true
        });
        if bytes > MAX_KEPT_BYTES {
            self.streams.values().for_each(|kept| kept.stream.shrink());
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.sessions.state().at_work.remove(&self.key);
    }
}

/// Most streams that are kept, for how long they are once they have ended, and at every how many new ones it is
/// looked how much they are. Meanwhile a stream that says more keeps little, where all keep too much.
const MAX_STREAMS: usize = 4_096;
const KEPT_FOR: Duration = Duration::from_mins(5);
const SWEEP_EVERY: usize = 64;

//! Legacy sessions. The id is a sealed token that holds what later requests need, so an idle session
//! costs no memory; only what truly changes is kept, for those sessions that use it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::AbortHandle;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::session::Initialize;
use midfield_protocol::types::{ClientCapabilities, LogLevel};
use midfield_protocol::{Caller, Revision};

use crate::seal::{NoRandomness, Purpose, Sealer, random};

type Id = [u8; 16];

/// What a request of a session needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Session {
    id: Id,
    pub(super) revision: Revision,
    pub(super) caller: Caller,
    /// When it ends, in seconds since 1970.
    expires: u64,
}

/// What changes in sessions, and what is at work in them.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    changed: HashMap<Id, Changed>,
    at_work: HashMap<(Id, RequestId), AbortHandle>,
}

#[derive(Debug)]
struct Changed {
    log_level: Option<LogLevel>,
    ended: bool,
    expires: u64,
}

/// No more sessions can have a state of their own now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A request at work; dropping it says that it is no longer.
#[derive(Debug)]
pub(super) struct AtWork {
    sessions: Arc<Sessions>,
    key: (Id, RequestId),
}

impl Session {
    /// The session that `initialize` opens, and its id.
    pub(super) fn open(
        initialize: Initialize,
        lifetime: Duration,
        now: u64,
        sealer: &Sealer,
    ) -> Result<(Self, String), NoRandomness> {
        let session = Self {
            id: random()?,
            revision: initialize.negotiated(),
            caller: Caller::new(initialize.capabilities),
            expires: now.saturating_add(lifetime.as_secs()),
        };
        let id = session.seal(sealer)?;
        Ok((session, id))
    }

    /// Seals the session into an id of less than 512 characters. What a client says beyond the
    /// capabilities of the specification is left out where there is no room for it.
    fn seal(&self, sealer: &Sealer) -> Result<String, NoRandomness> {
        let mut capabilities = self.caller.capabilities.clone();
        let mut content = self.content(&capabilities);
        if content.len() > MAX_CONTENT {
            capabilities.experimental.clear();
            content = self.content(&capabilities);
        }
        if content.len() > MAX_CONTENT {
            capabilities.extensions.clear();
            capabilities.tasks = None;
            content = self.content(&capabilities);
        }
        if content.len() > MAX_CONTENT {
            content = self.content(&ClientCapabilities::default());
        }
        sealer.seal(Purpose::Session, &content)
    }

    /// The content of the id: the session's number, its revision, its end, and the capabilities' JSON.
    fn content(&self, capabilities: &ClientCapabilities) -> Vec<u8> {
        let revision = u8::try_from(self.revision.index()).unwrap_or(u8::MAX);
        let mut content = [&self.id[..], &[revision], &self.expires.to_be_bytes()].concat();
        if *capabilities != ClientCapabilities::default() {
            content.extend(serde_json::to_vec(capabilities).unwrap_or_default());
        }
        content
    }

    fn from_content(content: &[u8]) -> Option<Self> {
        let (id, rest) = content.split_first_chunk::<16>()?;
        let (revision, rest) = rest.split_first()?;
        let (expires, capabilities) = rest.split_first_chunk::<8>()?;
        let capabilities = match capabilities {
            [] => ClientCapabilities::default(),
            json => serde_json::from_slice(json).ok()?,
        };
        Some(Self {
            id: *id,
            revision: *Revision::ALL.get(usize::from(*revision))?,
            caller: Caller::new(capabilities),
            expires: u64::from_be_bytes(*expires),
        })
    }

    /// The session with this id; `None` for one that is not ours or has ended.
    pub(super) fn find(id: &str, now: u64, sealer: &Sealer, sessions: &Sessions) -> Option<Self> {
        let content = sealer.open(Purpose::Session, id)?;
        let mut session = Self::from_content(&content)?;
        if session.expires <= now {
            return None;
        }
        if let Some(changed) = sessions.state().changed.get(&session.id) {
            if changed.ended {
                return None;
            }
            session.caller.log_level = changed.log_level;
        }
        Some(session)
    }
}

impl Sessions {
    /// Remembers which log messages the client of a session wants to hear.
    pub(super) fn set_log_level(
        &self,
        session: &Session,
        level: LogLevel,
        now: u64,
    ) -> Result<(), Full> {
        self.state().changed(session, now)?.log_level = Some(level);
        Ok(())
    }

    /// Ends a session, with everything that is at work in it.
    pub(super) fn end(&self, session: &Session, now: u64) -> Result<(), Full> {
        let mut state = self.state();
        state.changed(session, now)?.ended = true;
        for ((id, _), handle) in &state.at_work {
            if *id == session.id {
                handle.abort();
            }
        }
        Ok(())
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
    fn changed(&mut self, session: &Session, now: u64) -> Result<&mut Changed, Full> {
        if self.changed.len() >= MAX_CHANGED && !self.changed.contains_key(&session.id) {
            self.changed.retain(|_, changed| changed.expires > now);
            if self.changed.len() >= MAX_CHANGED {
                return Err(Full);
            }
        }
        Ok(self.changed.entry(session.id).or_insert(Changed {
            log_level: None,
            ended: false,
            expires: session.expires,
        }))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.sessions.state().at_work.remove(&self.key);
    }
}

/// Most bytes that are sealed into an id, so that it stays under 512 characters.
const MAX_CONTENT: usize = 340;

/// Most sessions that have a state of their own: 10 MiB of memory or so.
const MAX_CHANGED: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use midfield_protocol::jsonrpc::{Incoming, Message};
    use midfield_protocol::wire::legacy;

    fn opened(capabilities: &str, sealer: &Sealer) -> (Session, String) {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-06-18",
               "capabilities":{capabilities},"clientInfo":{{"name":"test","version":"1"}}}}}}"#
        );
        let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(body.as_bytes())
        else {
            panic!("no request: {body}");
        };
        let initialize = legacy::decode_initialize(&request).expect("initialize");
        Session::open(initialize, Duration::from_mins(1), 1_000, sealer).expect("randomness")
    }

    #[test]
    fn a_session_is_found_by_its_id_until_it_expires() {
        let sealer = Sealer::new().expect("randomness");
        let sessions = Sessions::default();
        let (_, id) = opened(r#"{"sampling":{"tools":{}}}"#, &sealer);
        assert!(id.len() < 512 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
        let found = Session::find(&id, 1_059, &sealer, &sessions).expect("the session");
        assert_eq!(found.revision, Revision::V2025_06_18);
        assert!(
            found
                .caller
                .capabilities
                .sampling
                .is_some_and(|sampling| sampling.tools.is_some())
        );
        assert!(Session::find(&id, 1_060, &sealer, &sessions).is_none());
        assert!(Session::find("forged", 1_000, &sealer, &sessions).is_none());
    }

    #[test]
    fn an_id_stays_short_whatever_the_client_says_of_itself() {
        let sealer = Sealer::new().expect("randomness");
        let long = "x".repeat(2_000);
        let capabilities = format!(
            r#"{{"experimental":{{"{long}":{{}}}},"extensions":{{"a/{long}":{{}}}},"roots":{{}}}}"#
        );
        let (_, id) = opened(&capabilities, &sealer);
        assert!(id.len() < 512, "{}", id.len());
        let found = Session::find(&id, 1_000, &sealer, &Sessions::default()).expect("the session");
        assert!(found.caller.capabilities.roots.is_some());
    }

    #[test]
    fn an_ended_session_is_not_found_and_its_work_is_cancelled() {
        let sealer = Sealer::new().expect("randomness");
        let sessions = Arc::new(Sessions::default());
        let (session, id) = opened("{}", &sealer);
        let (handle, _registration) = AbortHandle::new_pair();
        let request = RequestId::from(7);
        let work = sessions
            .begin(&session, &request, handle.clone())
            .expect("a first request");
        assert!(sessions.begin(&session, &request, handle.clone()).is_none());
        sessions.end(&session, 1_000).expect("room");
        assert!(handle.is_aborted());
        assert!(Session::find(&id, 1_000, &sealer, &sessions).is_none());
        drop(work);
        assert!(sessions.begin(&session, &request, handle).is_some());
    }
}

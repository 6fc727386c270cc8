//! Legacy sessions. The id is a sealed token that holds what later requests need, so an idle session
//! costs no memory; what truly changes is kept by [`Sessions`], for those sessions that use it.

use std::time::Duration;

use midfield_protocol::session::Initialize;
use midfield_protocol::types::ClientCapabilities;
use midfield_protocol::{Caller, Principal, Revision};

use super::sessions::Sessions;
use super::stream::Priming;
use crate::seal::{NoRandomness, OVERHEAD, Purpose, Sealer, random};
use crate::server::SessionKey;

/// What a request of a session needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: SessionKey,
    pub(super) revision: Revision,
    pub(super) caller: Caller,
    /// When it ends, in seconds since 1970.
    pub(super) expires: u64,
}

impl Session {
    /// The session that `initialize` opens, and its id.
    pub(super) fn open(
        initialize: Initialize,
        principal: Principal,
        lifetime: Duration,
        now: u64,
        sealer: &Sealer,
    ) -> Result<(Self, String), NoRandomness> {
        let revision = initialize.negotiated();
        let mut caller = Caller::new(initialize.capabilities);
        caller.principal = principal;
        let session = Self {
            id: random()?,
            revision,
            caller,
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
        sealer.seal(Purpose::Session, &self.caller.principal, &content)
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

    fn from_content(content: &[u8], principal: Principal) -> Option<Self> {
        let (id, rest) = content.split_first_chunk::<16>()?;
        let (revision, rest) = rest.split_first()?;
        let (expires, capabilities) = rest.split_first_chunk::<8>()?;
        let capabilities = match capabilities {
            [] => ClientCapabilities::default(),
            json => serde_json::from_slice(json).ok()?,
        };
        let mut caller = Caller::new(capabilities);
        caller.principal = principal;
        Some(Self {
            id: *id,
            revision: *Revision::ALL.get(usize::from(*revision))?,
            caller,
            expires: u64::from_be_bytes(*expires),
        })
    }

    /// The session with this id; `None` for one that is not `principal`'s or has ended.
    pub(super) fn find(
        id: &str,
        principal: &Principal,
        now: u64,
        sealer: &Sealer,
        sessions: &Sessions,
    ) -> Option<Self> {
        let content = sealer.open(Purpose::Session, principal, id)?;
        let session = Self::from_content(&content, principal.clone())?;
        if session.expires <= now {
            return None;
        }
        sessions.current(session)
    }

    /// A session out of nothing.
    #[cfg(test)]
    pub(super) fn made(id: SessionKey, principal: Principal, expires: u64) -> Self {
        let mut caller = Caller::default();
        caller.principal = principal;
        Self {
            id,
            revision: Revision::NEWEST_LEGACY,
            caller,
            expires,
        }
    }

    /// How long it still lasts.
    pub(super) fn remaining(&self, now: u64) -> Duration {
        Duration::from_secs(self.expires.saturating_sub(now))
    }

    /// Whether the session's streams begin with an empty event.
    pub(super) fn priming(&self) -> Priming {
        if self.revision.rules().primed_streams {
            Priming::Primed
        } else {
            Priming::Unprimed
        }
    }
}

/// Most bytes that are sealed into an id, so that it stays under 512 characters.
const MAX_CONTENT: usize = 380 - OVERHEAD;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::AbortHandle;
    use midfield_protocol::jsonrpc::{Incoming, Message, RequestId};
    use midfield_protocol::wire::legacy;

    use super::*;

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
        Session::open(
            initialize,
            Principal::Anonymous,
            Duration::from_mins(1),
            1_000,
            sealer,
        )
        .expect("randomness")
    }

    #[test]
    fn a_session_is_found_by_its_id_until_it_expires() {
        let sealer = Sealer::new(crate::seal::KeyRing::new([1; 32]));
        let sessions = Sessions::default();
        let (_, id) = opened(r#"{"sampling":{"tools":{}}}"#, &sealer);
        assert!(id.len() < 512 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
        let found = Session::find(&id, &Principal::Anonymous, 1_059, &sealer, &sessions)
            .expect("the session");
        assert_eq!(found.revision, Revision::V2025_06_18);
        assert!(
            found
                .caller
                .capabilities
                .sampling
                .is_some_and(|sampling| sampling.tools.is_some())
        );
        assert!(Session::find(&id, &Principal::Anonymous, 1_060, &sealer, &sessions).is_none());
        assert!(
            Session::find("forged", &Principal::Anonymous, 1_000, &sealer, &sessions).is_none()
        );
    }

    #[test]
    fn an_id_stays_short_whatever_the_client_says_of_itself() {
        let sealer = Sealer::new(crate::seal::KeyRing::new([1; 32]));
        let long = "x".repeat(2_000);
        let capabilities = format!(
            r#"{{"experimental":{{"{long}":{{}}}},"extensions":{{"a/{long}":{{}}}},"roots":{{}}}}"#
        );
        let (_, id) = opened(&capabilities, &sealer);
        assert!(id.len() < 512, "{}", id.len());
        let found = Session::find(
            &id,
            &Principal::Anonymous,
            1_000,
            &sealer,
            &Sessions::default(),
        )
        .expect("the session");
        assert!(found.caller.capabilities.roots.is_some());
    }

    #[test]
    fn an_ended_session_is_not_found_and_its_work_is_cancelled() {
        let sealer = Sealer::new(crate::seal::KeyRing::new([1; 32]));
        let sessions = Arc::new(Sessions::default());
        let (session, id) = opened("{}", &sealer);
        let (handle, _registration) = AbortHandle::new_pair();
        let request = RequestId::from(7);
        let work = sessions
            .begin(&session, &request, handle.clone())
            .expect("a first request");
        assert!(sessions.begin(&session, &request, handle.clone()).is_none());
        sessions.end(&session, 1_000);
        assert!(handle.is_aborted());
        assert!(Session::find(&id, &Principal::Anonymous, 1_000, &sealer, &sessions).is_none());
        drop(work);
        assert!(sessions.begin(&session, &request, handle).is_some());
    }
}

//! The lifecycle of a legacy session on one connection, as a value
//! ([2025-11-25, lifecycle](https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle)).
//!
//! It decides; whoever owns the connection acts. On HTTP the session travels in its id instead, see the
//! transport.

use crate::types::{ClientCapabilities, Implementation, LogLevel};
use crate::{Caller, Error, Revision};

/// How a client opens a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Initialize {
    /// The revision that the client would like to speak, as it wrote it.
    pub requested: String,
    /// What the client offers.
    pub capabilities: ClientCapabilities,
    /// What the client says it is.
    pub client: Implementation,
}

impl Initialize {
    pub(crate) fn new(
        requested: String,
        capabilities: ClientCapabilities,
        client: Implementation,
    ) -> Self {
        Self {
            requested,
            capabilities,
            client,
        }
    }

    /// The revision of the session: what was asked for if it has sessions and we speak it, the newest
    /// such revision otherwise.
    pub fn negotiated(&self) -> Revision {
        match self.requested.parse::<Revision>() {
            Ok(revision) if revision <= Revision::NEWEST_LEGACY => revision,
            _ => Revision::NEWEST_LEGACY,
        }
    }
}

/// The session of one connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Session {
    /// Nobody has said anything yet.
    #[default]
    Fresh,
    /// The client has introduced itself.
    Open {
        /// The revision that both speak.
        revision: Revision,
        /// Who asks.
        caller: Box<Caller>,
    },
}

impl Session {
    /// Opens the session.
    ///
    /// # Errors
    /// When it is open already: a session has one beginning.
    pub fn open(self, initialize: Initialize) -> Result<Self, Error> {
        match self {
            Self::Fresh => Ok(Self::Open {
                revision: initialize.negotiated(),
                caller: Box::new(Caller {
                    client: Some(initialize.client),
                    ..Caller::new(initialize.capabilities)
                }),
            }),
            Self::Open { .. } => Err(Error::InvalidRequest {
                detail: "the session is initialized already".into(),
            }),
        }
    }

    /// The revision and the caller of a request with `method`.
    ///
    /// # Errors
    /// Before `initialize` nothing but `ping` is answered.
    pub fn admit(&self, method: &str) -> Result<(Revision, Caller), Error> {
        match self {
            Self::Open { revision, caller } => Ok((*revision, Caller::clone(caller))),
            Self::Fresh if method == "ping" => Ok((Revision::NEWEST_LEGACY, Caller::default())),
            Self::Fresh => Err(Error::InvalidRequest {
                detail: format!(
                    "`{method}` before `initialize`, and without the `_meta` that would make it a request of 2026-07-28"
                ),
            }),
        }
    }

    /// The revision that is spoken; before `initialize`, the newest that begins with it.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Fresh => Revision::NEWEST_LEGACY,
            Self::Open { revision, .. } => *revision,
        }
    }

    /// Remembers which log messages the client wants to hear from now on.
    pub fn listen_from(&mut self, level: LogLevel) {
        if let Self::Open { caller, .. } = self {
            caller.log_level = Some(level);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initialize(requested: &str) -> Initialize {
        Initialize::new(
            requested.into(),
            ClientCapabilities::default(),
            Implementation::default(),
        )
    }

    #[test]
    fn the_client_gets_the_revision_it_asked_for_or_the_newest_with_sessions() {
        let cases = [
            ("2024-11-05", Revision::V2024_11_05),
            ("2025-11-25", Revision::V2025_11_25),
            ("2026-07-28", Revision::V2025_11_25),
            ("1.0", Revision::V2025_11_25),
        ];
        for (requested, negotiated) in cases {
            assert_eq!(
                initialize(requested).negotiated(),
                negotiated,
                "{requested}"
            );
        }
    }

    #[test]
    fn only_ping_is_answered_before_initialize() {
        let fresh = Session::Fresh;
        assert!(fresh.admit("ping").is_ok());
        assert!(matches!(
            fresh.admit("tools/list"),
            Err(Error::InvalidRequest { .. })
        ));
        let open = fresh
            .open(initialize("2025-06-18"))
            .expect("a fresh session opens");
        let (revision, _) = open.admit("tools/list").expect("an open session admits");
        assert_eq!(revision, Revision::V2025_06_18);
    }

    #[test]
    fn a_session_opens_once() {
        let open = Session::Fresh
            .open(initialize("2025-06-18"))
            .expect("a fresh session opens");
        assert!(open.open(initialize("2025-06-18")).is_err());
    }
}

//! The session that a message names, by its id in a header.

use http::{HeaderMap, HeaderName, StatusCode};
use midfield_protocol::{Era, Revision};

use super::Legacy;
use crate::transport::http::guard::{Header, PROTOCOL_VERSION, single};
use crate::transport::http::reply::Reply;
use crate::transport::http::session::Session;

/// The session of a message, or what stands for one.
pub(super) enum Place {
    Session(Box<Session>),
    /// The server keeps no sessions: every message stands for itself.
    None {
        revision: Revision,
    },
}

impl Legacy<'_> {
    /// The session that a message names, checked.
    pub(super) fn place(self, headers: &HeaderMap) -> Result<Place, Reply> {
        let named = version(headers)?;
        if !self.endpoint.options.sessions {
            return Ok(Place::None {
                revision: named.unwrap_or(Revision::ASSUMED),
            });
        }
        let id = match single(headers, &SESSION_ID) {
            Header::Single(id) => id,
            Header::Absent | Header::Invalid => {
                return Err(Reply::refuse(
                    StatusCode::BAD_REQUEST,
                    "invalid request: exactly one Mcp-Session-Id header is needed; begin with `initialize`",
                ));
            }
        };
        let found = Session::find(
            id,
            self.principal,
            self.now,
            self.endpoint.service.sealer(),
            &self.endpoint.sessions,
        );
        match found {
            Some(session) => Ok(Place::Session(Box::new(session))),
            None => Err(Reply::refuse(
                StatusCode::NOT_FOUND,
                "the session is unknown or has ended; begin a new one with `initialize`",
            )),
        }
    }
}

impl Place {
    pub(super) fn revision(&self) -> Revision {
        match self {
            Self::Session(session) => session.revision,
            Self::None { revision } => *revision,
        }
    }
}

/// The revision that the version header names, if there is one. A session keeps its own revision, so
/// any that the server knows will do.
pub(super) fn version(headers: &HeaderMap) -> Result<Option<Revision>, Reply> {
    let named = match single(headers, &PROTOCOL_VERSION) {
        Header::Absent => return Ok(None),
        Header::Single(version) => version.parse::<Revision>().ok(),
        Header::Invalid => None,
    };
    match named {
        Some(revision) if revision.era() == Era::Legacy => Ok(Some(revision)),
        _ => Err(Reply::refuse(
            StatusCode::BAD_REQUEST,
            "invalid request: the MCP-Protocol-Version header names no version that fits the message; \
             supported are 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, and 2026-07-28 with `_meta`",
        )),
    }
}

/// The header that names a session.
pub(in crate::transport::http) static SESSION_ID: HeaderName =
    HeaderName::from_static("mcp-session-id");

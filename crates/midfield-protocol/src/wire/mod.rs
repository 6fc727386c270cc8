//! Bytes to meaning and back, for one revision at a time.
//!
//! The transport decides once, by [`RequestMeta`] and by its session, which revision an exchange speaks;
//! from then on the [`Codec`] is passed on and nobody asks it. What a revision lacks is absent from its
//! table of methods.

mod encode;
mod error;
mod meta;
mod notify;
mod params;
mod question;
mod reply;
mod tasks;

pub mod client;
pub mod legacy;
pub mod modern;

pub use crate::types::{CacheScope, Freshness};
pub use encode::{Encoder, List, ServerDescription};
pub use meta::RequestMeta;
pub use notify::{
    Changed, acknowledged, cancelled, custom, elicitation_complete, list_changed, log, progress,
    resource_updated, task_log, task_progress, task_status,
};
pub use question::{question, task_question};
pub use reply::read_reply;
pub use tasks::RunAs;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use encode::{COMPLETE, ResultMeta};
use error::{NotFound, application};

use crate::jsonrpc::{Request, RequestId};
use crate::{Call, Era, Error, Other, Revision};

/// How one exchange is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    revision: Revision,
}

impl Codec {
    /// How `revision` writes.
    pub const fn new(revision: Revision) -> Self {
        Self { revision }
    }

    /// The revision that is spoken, for logs.
    pub const fn revision(self) -> Revision {
        self.revision
    }

    /// Whether it is spoken in sessions: they begin with a handshake, and in them a server sends requests of its own and a client
    /// responses, which it must not in later revisions
    /// ([2026-07-28, sending messages](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio#sending-messages)).
    pub const fn has_sessions(self) -> bool {
        matches!(self.revision.era(), Era::Legacy)
    }

    /// Decodes a request: the method by name, the parameters straight into the call. A method that the
    /// protocol does not know at all is [`Call::Other`]: an extension may know it.
    ///
    /// # Errors
    /// [`Error::MethodNotFound`] for what the protocol has and the revision does not,
    /// [`Error::InvalidParams`] for parameters that do not fit.
    pub fn decode<'a>(self, request: &Request<'a>) -> Result<Call<'a>, Error> {
        let call = match self.revision.era() {
            Era::Legacy => legacy::decode(request, self.revision.rules())?,
            Era::Modern => modern::decode(request)?,
        };
        let method = request.method.as_ref();
        match call {
            Some(call) => Ok(call),
            None if ELSEWHERE.contains(&method) => Err(Error::MethodNotFound {
                method: method.to_owned(),
            }),
            None => Ok(Call::Other(Other {
                method: request.method.clone(),
                params: request.params.map(Cow::Borrowed),
            })),
        }
    }
}

/// Kept as the date of its revision, for who speaks to the same client later.
impl Serialize for Codec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.revision)
    }
}

impl<'de> Deserialize<'de> for Codec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let revision = String::deserialize(deserializer)?.parse();
        revision.map(Self::new).map_err(D::Error::custom)
    }
}

/// Whether the protocol itself has `method` as a request, in any revision and direction. Tasks are among them: in
/// 2026-07-28 they are an extension, to which their prefix is reserved.
pub fn is_own(method: &str) -> bool {
    let request = Request {
        id: RequestId::Integer(0),
        method: method.into(),
        params: None,
    };
    let decoded = Codec::new(Revision::NEWEST_LEGACY).decode(&request);
    !matches!(decoded, Ok(Call::Other(_)))
}

/// The key under which a modern result says who wrote it.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// The key under which a modern message says to which subscription it belongs.
const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What the protocol has, though not in every revision: where a revision does not decode it, the method is not
/// found. What no client asks is among it: it belongs to a transport, or to servers.
const ELSEWHERE: [&str; 15] = [
    legacy::INITIALIZE,
    "elicitation/create",
    "logging/setLevel",
    "ping",
    "resources/subscribe",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "server/discover",
    "subscriptions/listen",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_kept_as_its_revision_and_no_other_text_is_one() {
        for revision in Revision::ALL {
            let kept = serde_json::to_string(&Codec::new(revision)).expect("JSON");
            assert_eq!(kept, format!("\"{revision}\""));
            let read: Codec = serde_json::from_str(&kept).expect("a codec");
            assert_eq!(read, Codec::new(revision));
        }
        assert!(serde_json::from_str::<Codec>("\"2099-01-01\"").is_err());
    }

    #[test]
    fn the_protocols_own_methods_are_those_of_every_revision_and_direction() {
        for method in [
            "completion/complete",
            "elicitation/create",
            "initialize",
            "logging/setLevel",
            "ping",
            "prompts/get",
            "prompts/list",
            "resources/list",
            "resources/read",
            "resources/subscribe",
            "resources/templates/list",
            "resources/unsubscribe",
            "roots/list",
            "sampling/createMessage",
            "server/discover",
            "subscriptions/listen",
            "tasks/cancel",
            "tasks/get",
            "tasks/list",
            "tasks/result",
            "tasks/update",
            "tools/call",
            "tools/list",
        ] {
            assert!(is_own(method), "{method}");
        }
        for method in ["tasks", "tools", "tools/calls", "clock/now", ""] {
            assert!(!is_own(method), "{method}");
        }
    }
}

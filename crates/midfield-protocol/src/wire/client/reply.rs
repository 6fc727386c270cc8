//! What a client answers to questions.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::jsonrpc::{self, ErrorObject, RequestId};
use crate::types::{InputReply, SampleResult, SamplingContent};
use crate::wire::{Codec, legacy};
use crate::{Era, Raw};

/// Whether a client sends responses at all: in 2026-07-28 it must not
/// ([sending messages](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio#sending-messages)).
pub fn answers(codec: Codec) -> bool {
    codec.revision().era() == Era::Legacy
}

/// The response to a request of the server.
///
/// # Errors
/// When the answer cannot be written as JSON.
pub fn reply(
    codec: Codec,
    id: &RequestId,
    reply: Result<&InputReply, &ErrorObject>,
) -> Result<Vec<u8>, serde_json::Error> {
    match reply {
        Ok(reply) => jsonrpc::result(id, &known(codec, reply).as_ref()),
        Err(error) => Ok(jsonrpc::error(Some(id), error)),
    }
}

/// The answers to the questions of a result that asked for input, by their keys: an object.
///
/// # Errors
/// When one of them cannot be written as JSON.
pub fn responses(replies: &[(String, InputReply)]) -> Result<Raw, serde_json::Error> {
    struct Responses<'a>(&'a [(String, InputReply)]);

    impl Serialize for Responses<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (key, reply) in self.0 {
                map.serialize_entry(key, reply)?;
            }
            map.end()
        }
    }

    Raw::of(&Responses(replies))
}

/// `reply` as the revision knows replies: before models had tools, a message was one piece.
fn known(codec: Codec, reply: &InputReply) -> Cow<'_, InputReply> {
    match reply {
        InputReply::Sample(result)
            if !codec.revision().rules().sampling_tools && result.content.len() != 1 =>
        {
            let texts = result.content.iter().filter_map(|content| match content {
                SamplingContent::Text(text) => Some(text.text.as_str()),
                _ => None,
            });
            let text = texts.collect::<Vec<_>>().join("\n");
            let one = SampleResult {
                content: vec![SamplingContent::text(text)],
                ..SampleResult::clone(result)
            };
            Cow::Owned(InputReply::Sample(Box::new(one)))
        }
        reply => Cow::Borrowed(reply),
    }
}

/// The notification that says that the client's roots have changed. Only legacy revisions have it.
pub fn roots_changed() -> Vec<u8> {
    jsonrpc::bare_notification(legacy::ROOTS_LIST_CHANGED)
}

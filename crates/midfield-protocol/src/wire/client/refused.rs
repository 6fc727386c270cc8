//! Errors that a client can do something about.

use serde::Deserialize;

use crate::jsonrpc::ErrorObject;
use crate::types::Elicitation;
use crate::wire::{Codec, legacy, modern};

/// Whether an error can only come from a server of the modern era
/// ([2026-07-28, backward compatibility](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#backward-compatibility)).
pub fn is_modern(error: &ErrorObject) -> bool {
    modern::is_own(error.code)
}

/// Whether the headers of a request did not say what its body says: the client may know an outdated tool.
pub fn is_header_mismatch(error: &ErrorObject) -> bool {
    error.code == modern::HEADER_MISMATCH
}

/// The revisions that a server says it speaks instead; `None` where `error` is about something else.
pub fn supported(error: &ErrorObject) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Data {
        supported: Vec<String>,
    }
    if error.code != modern::UNSUPPORTED_PROTOCOL_VERSION {
        return None;
    }
    let data: Data = error.data.as_ref()?.read().ok()?;
    Some(data.supported)
}

/// The pages that the user has to open before the request can be served; `None` where `error` is about something else. Only
/// 2025-11-25 has it
/// ([URL elicitation required](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#url-elicitation-required-error)).
pub fn pages(codec: Codec, error: &ErrorObject) -> Option<Vec<Elicitation>> {
    #[derive(Deserialize)]
    struct Data {
        elicitations: Vec<Elicitation>,
    }
    if error.code != legacy::URL_ELICITATION_REQUIRED || !codec.revision().rules().core_tasks {
        return None;
    }
    let data: Data = error.data.as_ref()?.read().ok()?;
    let are_pages = data.elicitations.iter().all(|elicitation| {
        matches!(elicitation, Elicitation::Url { elicitation_id, .. } if !elicitation_id.is_empty())
    });
    (are_pages && !data.elicitations.is_empty()).then_some(data.elicitations)
}

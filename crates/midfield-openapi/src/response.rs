//! From an HTTP answer to a result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::operation::{Operation, essence, is_json, is_text};

/// What a service answered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The status of the answer.
    pub status: u16,
    /// Whether the status is one of success (2xx).
    pub is_success: bool,
    /// What the answer holds.
    pub content: ReplyContent,
}

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ReplyContent {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// Text.
    Text(String),
    /// Anything else, as base64.
    Binary {
        /// The bytes, as base64.
        base64: String,
        /// What they are, as the service says.
        media_type: String,
    },
}

impl Operation {
    /// Reads the answer to one of this operation's requests.
    ///
    /// `content_type` is the header of that name, when there is one. A body that is not what its
    /// header says is kept as the nearest thing that it is: text, else bytes.
    pub fn reply(&self, status: u16, content_type: Option<&str>, body: &[u8]) -> Reply {
        let is_success = (200..300).contains(&status);
        Reply {
            status,
            is_success,
            content: content(content_type, body),
        }
    }
}

fn content(content_type: Option<&str>, body: &[u8]) -> ReplyContent {
    if body.is_empty() {
        return ReplyContent::Empty;
    }
    let declared = content_type.map(essence).unwrap_or_default();
    // A service that names no type, or `text/plain` for all, often sends JSON nonetheless; only
    // the first is taken for it, since text may merely look like JSON.
    if (declared.is_empty() || is_json(&declared))
        && let Ok(value) = serde_json::from_slice(body)
    {
        return ReplyContent::Json(value);
    }
    let is_readable = declared.is_empty() || is_json(&declared) || is_text(&declared);
    if is_readable && let Some(text) = text(content_type, body) {
        return ReplyContent::Text(text);
    }
    let media_type = if declared.is_empty() {
        "application/octet-stream"
    } else {
        &declared
    };
    ReplyContent::Binary {
        base64: STANDARD.encode(body),
        media_type: media_type.to_owned(),
    }
}

/// The text of a body in UTF-8, or in Latin-1 where the header says so.
fn text(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(text) = std::str::from_utf8(body) {
        return Some(text.to_owned());
    }
    let header = content_type.unwrap_or_default().to_ascii_lowercase();
    let is_latin = header.contains("iso-8859-1") || header.contains("windows-1252");
    is_latin.then(|| body.iter().map(|byte| char::from(*byte)).collect())
}

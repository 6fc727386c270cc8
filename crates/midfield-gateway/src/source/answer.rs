//! From the answer of a service to the result of a tool.

use std::fmt::Write as _;

use jsonschema::Validator;
use midfield::Raw;
use midfield::types::{Content, ResourceContents, ToolResult};
use midfield_openapi::{Operation, ReplyContent};
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use super::credentials::Secrets;
use super::text::{clean, cut};

/// What a service answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<String>,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<String>,
    /// Where it came from, without its query.
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
}

/// The result of a call that was answered so.
///
/// `answers` is the check of the operation's output schema, where one was promised.
pub(super) fn to_result(
    operation: &Operation,
    answers: Option<&Validator>,
    answer: &Answer,
    secrets: &Secrets,
) -> ToolResult {
    let status = answer.status.as_u16();
    let reply = operation.reply(status, answer.content_type.as_deref(), &answer.body);
    if !reply.is_success {
        return ToolResult::error(secrets.hide_in(&refusal(answer, &reply.content, secrets)));
    }
    let misfits = match (&reply.content, answers) {
        (_, None) => Vec::new(),
        (ReplyContent::Json(value), Some(validator)) => misfits(validator, value),
        (_, Some(_)) => vec!["it is not JSON".to_owned()],
    };
    if !misfits.is_empty() {
        let text = format!(
            "the service answered {}, but its body is not what its document promises:\n- {}\n\n{}",
            answer.status,
            misfits.join("\n- "),
            quote(&reply.content, secrets)
        );
        return ToolResult::error(secrets.hide_in(&text));
    }
    match reply.content {
        ReplyContent::Json(value) => structured(&value),
        ReplyContent::Text(text) => ToolResult::text(text),
        ReplyContent::Binary { media_type, .. } => {
            ToolResult::new(vec![binary(answer, media_type)])
        }
        _ => ToolResult::text(format!("the service answered {}", answer.status)),
    }
}

/// What a program did not get, in words for the model.
fn refusal(answer: &Answer, content: &ReplyContent, secrets: &Secrets) -> String {
    let mut text = format!("the service answered {}", answer.status);
    if let Some(after) = &answer.retry_after {
        let _ = write!(text, "; try again after: {}", clean(after));
    }
    if let Some(location) = answer
        .location
        .as_ref()
        .filter(|_| answer.status.is_redirection())
    {
        let location = cut(&clean(location), MAX_LOCATION);
        let _ = write!(text, "; it points to {location}, which was not followed");
    }
    let quoted = quote(content, secrets);
    if !quoted.is_empty() {
        text.push_str("\n\n");
        text.push_str(&quoted);
    }
    text
}

/// The beginning of a body, for a message. Secrets go before it is cut, since a part of one is one too.
fn quote(content: &ReplyContent, secrets: &Secrets) -> String {
    let text = match content {
        ReplyContent::Json(value) => value.to_string(),
        ReplyContent::Text(text) => text.clone(),
        ReplyContent::Binary { media_type, base64 } => {
            return format!(
                "(about {} bytes of {})",
                base64.len() / 4 * 3,
                clean(media_type)
            );
        }
        _ => return String::new(),
    };
    cut(&clean(&secrets.hide_in(&text)), MAX_QUOTE)
}

fn misfits(validator: &Validator, value: &Value) -> Vec<String> {
    let told = validator.iter_errors(value).take(MAX_MISFITS).map(|error| {
        let path = error.instance_path().to_string();
        let place = if path.is_empty() {
            "the body".to_owned()
        } else {
            format!("`{path}`")
        };
        cut(&clean(&format!("{place}: {error}")), MAX_MISFIT)
    });
    told.collect()
}

fn structured(value: &Value) -> ToolResult {
    Raw::of(value).map_or_else(
        |error| ToolResult::error(format!("the answer cannot be written as JSON: {error}")),
        |raw| ToolResult::structured(&raw),
    )
}

fn binary(answer: &Answer, media_type: String) -> Content {
    match media_type.split('/').next() {
        Some("image") => Content::image(&answer.body, media_type),
        Some("audio") => Content::audio(&answer.body, media_type),
        _ => {
            let contents = ResourceContents::blob(answer.url.as_str(), &answer.body);
            Content::resource(contents.mime_type(media_type))
        }
    }
}

/// Most bytes of a body that a message quotes.
const MAX_QUOTE: usize = 4 << 10;
const MAX_LOCATION: usize = 500;
const MAX_MISFIT: usize = 300;
const MAX_MISFITS: usize = 5;

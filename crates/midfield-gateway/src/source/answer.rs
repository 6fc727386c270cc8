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
    /// The header `Operation-Location`, which leads to the state of a job.
    pub(super) operation_location: Option<String>,
    /// The header `Azure-AsyncOperation`, which leads to the state of a job.
    pub(super) azure_async_operation: Option<String>,
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
    let telling = Telling { answer, secrets };
    if !reply.is_success {
        return telling.refusal(&reply.content);
    }
    let misfits = match (&reply.content, answers) {
        (_, None) => Vec::new(),
        (ReplyContent::Json(value), Some(validator)) => telling.misfits(validator, value),
        (ReplyContent::Empty, Some(_)) => vec!["it is empty".to_owned()],
        (_, Some(_)) => vec!["it is not JSON".to_owned()],
    };
    if !misfits.is_empty() {
        return telling.broken_promise(&misfits, &reply.content);
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

/// Telling a model what went wrong.
pub(super) struct Telling<'a> {
    pub(super) answer: &'a Answer,
    pub(super) secrets: &'a Secrets,
}

impl Telling<'_> {
    fn refusal(&self, content: &ReplyContent) -> ToolResult {
        let status = self.answer.status;
        let mut text = format!("the service answered {status}");
        if let Some(after) = &self.answer.retry_after {
            let _ = write!(text, "; try again after: {}", self.quote(after, MAX_HEADER));
        }
        if let Some(location) = &self.answer.location
            && status.is_redirection()
        {
            let location = self.quote(location, MAX_HEADER);
            let _ = write!(text, "; it points to {location}, which was not followed");
        }
        self.error(text, content)
    }

    fn broken_promise(&self, misfits: &[String], content: &ReplyContent) -> ToolResult {
        let text = format!(
            "the service answered {}, but its body is not what its document promises:\n- {}",
            self.answer.status,
            misfits.join("\n- ")
        );
        self.error(text, content)
    }

    fn misfits(&self, validator: &Validator, value: &Value) -> Vec<String> {
        let errors = validator.iter_errors(value).take(MAX_MISFITS);
        let told = errors.map(|error| {
            let path = error.instance_path().to_string();
            let place = if path.is_empty() {
                "the body".to_owned()
            } else {
                format!("`{path}`")
            };
            self.quote(&format!("{place}: {error}"), MAX_MISFIT)
        });
        told.collect()
    }

    /// A failure with the beginning of the body behind it.
    pub(super) fn error(&self, mut text: String, content: &ReplyContent) -> ToolResult {
        let body = match content {
            ReplyContent::Json(value) => self.quote(&value.to_string(), MAX_BODY),
            ReplyContent::Text(body) => self.quote(body, MAX_BODY),
            ReplyContent::Binary { media_type, .. } => {
                let media_type = self.quote(media_type, MAX_HEADER);
                format!("({} bytes of {media_type})", self.answer.body.len())
            }
            _ => String::new(),
        };
        if !body.is_empty() {
            text.push_str("\n\n");
            text.push_str(&body);
        }
        ToolResult::error(text)
    }

    /// The beginning of what a service said. Secrets go before it is cut, since a part of one is one too.
    fn quote(&self, text: &str, limit: usize) -> String {
        quote(self.secrets, text, limit)
    }
}

/// The beginning of what a service said, without secrets.
pub(super) fn quote(secrets: &Secrets, text: &str, limit: usize) -> String {
    cut(&clean(&secrets.hide_in(text)), limit)
}

pub(super) fn structured(value: &Value) -> ToolResult {
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
const MAX_BODY: usize = 4 << 10;
/// Most bytes of a header that a message quotes.
pub(super) const MAX_HEADER: usize = 500;
/// Most bytes about one misfit.
const MAX_MISFIT: usize = 300;
/// Most misfits that are told.
const MAX_MISFITS: usize = 5;

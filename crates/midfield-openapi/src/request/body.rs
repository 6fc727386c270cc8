//! Bodies of requests: JSON, forms, text and bytes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::encode::{Reserved, encode};
use super::{Problem, RequestError, multipart, style};
use crate::operation::{BODY, Body, BodyKind, Field, Style, Styled, essence, is_json};

/// The bytes of a body and their `Content-Type`.
pub(super) struct Content {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Turns the argument `value` into the body that the operation takes.
pub(super) fn content(body: &Body, value: &Value) -> Result<Content, RequestError> {
    let media_type = body.media_type.clone();
    let plain = |bytes| {
        Ok(Content {
            media_type: media_type.clone(),
            bytes,
        })
    };
    match &body.kind {
        BodyKind::Json => plain(value.to_string().into_bytes()),
        BodyKind::Text => plain(style::scalar(value).unwrap_or_default().into_bytes()),
        BodyKind::Form(fields) => plain(form(fields, object(value)?).into_bytes()),
        BodyKind::Multipart(fields) => multipart::content(fields, object(value)?),
        BodyKind::Binary => {
            let text = value.as_str().ok_or_else(|| invalid(Problem::NotBase64))?;
            plain(decode(text)?)
        }
        BodyKind::AnyBinary => {
            let file = File::parse(value)?;
            let media_type = file.media_type.map_or(media_type, str::to_owned);
            Ok(Content {
                media_type,
                bytes: file.bytes,
            })
        }
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, RequestError> {
    value
        .as_object()
        .ok_or_else(|| invalid(Problem::NotAnObject))
}

/// A form in `application/x-www-form-urlencoded`. A space is `%20`, which every reader of forms
/// takes for a space, as not every one does with `+`.
fn form(fields: &[Field], members: &Map<String, Value>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in members {
        let field = fields.iter().find(|field| field.name == *name);
        match field.and_then(|field| field.styled) {
            Some(styled) => pairs.extend(style::pairs(styled, name, value)),
            None => pairs.extend(unstyled(name, value, field)),
        }
    }
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

/// A field without a style: text as it is, an object as JSON, a list as one field for each item.
fn unstyled(name: &str, value: &Value, field: Option<&Field>) -> Vec<style::Pair> {
    let wants_json = field
        .and_then(|field| field.media_type.as_deref())
        .is_some_and(|media_type| is_json(&essence(media_type)));
    let simple = Styled {
        style: Style::Form,
        explode: true,
        allow_reserved: false,
    };
    match value {
        Value::Array(_) if !wants_json => style::pairs(simple, name, value),
        Value::Null => Vec::new(),
        Value::String(text) => vec![pair(name, text)],
        other => vec![pair(name, &other.to_string())],
    }
}

fn pair(name: &str, value: &str) -> style::Pair {
    (
        encode(name, Reserved::Encode),
        encode(value, Reserved::Encode),
    )
}

/// A file as it is given in an argument.
pub(super) struct File<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) name: Option<&'a str>,
    pub(super) media_type: Option<&'a str>,
}

impl<'a> File<'a> {
    /// Reads `{data, name, mediaType}`, or just the base64 text.
    pub(super) fn parse(value: &'a Value) -> Result<Self, RequestError> {
        let data = value.as_str().or_else(|| value.get("data")?.as_str());
        let data = data.ok_or_else(|| invalid(Problem::NotAFile))?;
        let media_type = value.get("mediaType").and_then(Value::as_str);
        if media_type.is_some_and(|media_type| !is_media_type(media_type)) {
            return Err(invalid(Problem::NotAMediaType));
        }
        let name = value.get("name").and_then(Value::as_str);
        Ok(Self {
            bytes: decode(data)?,
            name,
            media_type,
        })
    }
}

/// A media type that can stand in a header: visible ASCII with one slash.
fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_pair = essence.split_once('/').is_some_and(|(kind, subtype)| {
        crate::operation::is_token(kind) && crate::operation::is_token(subtype)
    });
    is_pair && text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

fn decode(text: &str) -> Result<Vec<u8>, RequestError> {
    BASE64
        .decode(text.trim())
        .map_err(|_| invalid(Problem::NotBase64))
}

pub(super) fn invalid(problem: Problem) -> RequestError {
    RequestError::InvalidArgument {
        argument: BODY.to_owned(),
        problem,
    }
}

/// Language models forget the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

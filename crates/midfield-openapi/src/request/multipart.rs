//! `multipart/form-data` (RFC 7578).

use serde_json::{Map, Value};

use super::body::{Content, File};
use super::{RequestError, style};
use crate::operation::{Field, essence, is_json};

/// A part before it is written.
struct Part {
    name: String,
    file_name: Option<String>,
    media_type: Option<String>,
    bytes: Vec<u8>,
}

/// Writes a form. Its boundary follows from its content, so that equal arguments give equal
/// bytes.
pub(super) fn content(
    fields: &[Field],
    members: &Map<String, Value>,
) -> Result<Content, RequestError> {
    let mut parts = Vec::new();
    for (name, value) in members {
        let field = fields.iter().find(|field| field.name == *name);
        add(&mut parts, name, value, field)?;
    }
    let boundary = boundary(&parts);
    let mut bytes = Vec::new();
    for part in &parts {
        bytes.extend_from_slice(head(part, &boundary).as_bytes());
        bytes.extend_from_slice(&part.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Content {
        media_type: format!("multipart/form-data; boundary={boundary}"),
        bytes,
    })
}

fn add(
    parts: &mut Vec<Part>,
    name: &str,
    value: &Value,
    field: Option<&Field>,
) -> Result<(), RequestError> {
    let declared = field.and_then(|field| field.media_type.as_deref());
    // A list of media types means that the sender chooses one.
    let declared = declared
        .and_then(|list| list.split(',').next())
        .map(str::trim);
    let declared = declared.filter(|media_type| !media_type.contains('*'));
    if field.is_some_and(|field| field.is_file) {
        let list = std::slice::from_ref(value);
        let files = value.as_array().map_or(list, Vec::as_slice);
        for file in files.iter().filter(|file| !file.is_null()) {
            let file = File::parse(file)?;
            let media_type = file
                .media_type
                .or(declared)
                .unwrap_or("application/octet-stream");
            parts.push(Part {
                name: name.to_owned(),
                file_name: Some(file.name.unwrap_or(name).to_owned()),
                media_type: Some(media_type.to_owned()),
                bytes: file.bytes,
            });
        }
        return Ok(());
    }
    if let Some(styled) = field.and_then(|field| field.styled) {
        // The pairs of a style are made for a URL; a part holds plain text.
        for (name, value) in style::pairs(styled, name, value) {
            parts.push(text(&decoded(&name), &decoded(&value), None));
        }
        return Ok(());
    }
    let wants_json = declared.is_some_and(|media_type| is_json(&essence(media_type)));
    match value {
        Value::Null => {}
        Value::Array(items) if !wants_json => {
            for item in items {
                add(parts, name, item, None)?;
            }
        }
        Value::Array(_) | Value::Object(_) => {
            let media_type = declared.unwrap_or("application/json");
            parts.push(text(name, &value.to_string(), Some(media_type)));
        }
        Value::String(plain) if !wants_json => parts.push(text(name, plain, declared)),
        other => parts.push(text(name, &other.to_string(), declared)),
    }
    Ok(())
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn text(name: &str, value: &str, media_type: Option<&str>) -> Part {
    Part {
        name: name.to_owned(),
        file_name: None,
        media_type: media_type.map(str::to_owned),
        bytes: value.as_bytes().to_vec(),
    }
}

fn head(part: &Part, boundary: &str) -> String {
    let mut head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
        quoted(&part.name)
    );
    if let Some(file_name) = &part.file_name {
        head.push_str("; filename=\"");
        head.push_str(&quoted(file_name));
        head.push('"');
    }
    head.push_str("\r\n");
    if let Some(media_type) = &part.media_type {
        head.push_str("Content-Type: ");
        head.extend(
            media_type
                .chars()
                .filter(|character| !character.is_control()),
        );
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

/// A name in quotes, as browsers write it: nothing in it can end the header.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("%22"),
            '\r' => quoted.push_str("%0D"),
            '\n' => quoted.push_str("%0A"),
            '\0' => quoted.push_str("%00"),
            other => quoted.push(other),
        }
    }
    quoted
}

/// A boundary that no part contains.
fn boundary(parts: &[Part]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts
        .iter()
        .flat_map(|part| part.name.as_bytes().iter().chain(&part.bytes))
    {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    loop {
        let boundary = format!("midfield-{hash:016x}");
        let taken = |part: &Part| {
            part.bytes
                .windows(boundary.len())
                .any(|window| window == boundary.as_bytes())
        };
        if !parts.iter().any(taken) {
            return boundary;
        }
        hash = hash.wrapping_add(1);
    }
}

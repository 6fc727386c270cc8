//! What a tool or a resource gave, for people: text as it is, what is not text by its kind and size.

use std::fmt::Write as _;

use bytesize::ByteSize;
use midfield::types::{Content, ResourceContents, ToolResult};
use serde::Deserialize as _;
use serde_json::Value;

use super::signature::facts;
use super::text::{json, line};
use crate::source::clean;

/// What a tool gave, typed. What is structured is shown where no text says the same.
pub(super) fn result(result: &ToolResult) -> String {
    let blocks: Vec<String> = result.content.iter().map(block).collect();
    let structured = result
        .structured_content
        .as_ref()
        .and_then(|raw| serde_json::from_str(raw.as_str()).ok());
    with_structured(&blocks, structured.as_ref())
}

/// The same, of a result that may have what is not known here.
pub(super) fn result_of_value(result: &Value) -> String {
    let blocks = result.get("content").and_then(Value::as_array);
    let blocks = blocks.into_iter().flatten().map(|told| {
        Content::deserialize(told).map_or_else(|_| unknown(told), |content| block(&content))
    });
    with_structured(&blocks.collect::<Vec<_>>(), result.get("structuredContent"))
}

/// A piece of a kind that is not known here.
fn unknown(told: &Value) -> String {
    let kind = told.get("type").and_then(Value::as_str);
    format!("[{}: `--json` shows it]", line(kind.unwrap_or("content")))
}

fn with_structured(blocks: &[String], structured: Option<&Value>) -> String {
    let mut text = String::new();
    for block in blocks {
        let _ = writeln!(text, "{}", block.trim_end_matches('\n'));
    }
    match structured {
        Some(value) if text.is_empty() => json(value, true),
        _ => text,
    }
}

/// One piece of what was given.
pub(super) fn block(content: &Content) -> String {
    match content {
        Content::Text(text) => clean(&text.text),
        Content::Image(image) => in_words("image", &image.mime_type, &image.data),
        Content::Audio(audio) => in_words("audio", &audio.mime_type, &audio.data),
        Content::ResourceLink(link) => {
            let title = link.title.as_deref().unwrap_or(&link.name);
            let facts = facts(link.mime_type.as_deref(), link.size);
            format!("[{} {}{facts}]", line(title), line(&link.uri))
        }
        Content::Resource(resource) => contents(&resource.resource),
        _ => "[content: `--json` shows it]".to_owned(),
    }
}

/// What a resource holds.
pub(super) fn contents(resource: &ResourceContents) -> String {
    match (&resource.text, &resource.blob) {
        (Some(text), _) => clean(text),
        (None, Some(blob)) => {
            let kind = resource.mime_type.as_deref().unwrap_or_default();
            in_words(&resource.uri, kind, blob)
        }
        (None, None) => format!("[{}]", line(&resource.uri)),
    }
}

fn in_words(what: &str, kind: &str, base64: &str) -> String {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    let bytes = (base64.len() / 4 * 3).saturating_sub(padding);
    let size = ByteSize::b(u64::try_from(bytes).unwrap_or(u64::MAX));
    let kind = line(kind);
    let kind = if kind.is_empty() {
        kind
    } else {
        format!(" {kind}")
    };
    format!("[{}{kind}, {size}: `--json` shows it]", line(what))
}

#[cfg(test)]
mod tests {
    use midfield::types::ResourceLink;
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_shown_and_all_else_is_named_with_its_size() {
        let mut link = ResourceLink::new("file:///a", "a");
        link.mime_type = Some("text/plain".to_owned());
        link.size = Some(2048);
        let blob = ResourceContents::blob("file:///b", [0; 10]).mime_type("image/x");
        let given = ToolResult::new(vec![
            Content::text("one\u{1b}[2J\ntwo\n"),
            Content::image([0; 100], "image/png"),
            Content::audio([0; 1], "audio/wav"),
            Content::ResourceLink(link),
            Content::resource(ResourceContents::text("file:///c", "inside")),
            Content::resource(blob),
        ]);
        assert_eq!(
            result(&given),
            "one[2J\ntwo\n[image image/png, 100 B: `--json` shows it]\n[audio audio/wav, 1 B: `--json` shows it]\n\
             [a file:///a (text/plain, 2.0 KiB)]\ninside\n[file:///b image/x, 10 B: `--json` shows it]\n"
        );
        let told = serde_json::to_value(&given).unwrap();
        assert_eq!(result_of_value(&told), result(&given));
    }

    #[test]
    fn structure_is_shown_where_there_is_no_text_and_the_unknown_is_named() {
        let told = json!({"content": [], "structuredContent": {"a": 1}});
        assert_eq!(result_of_value(&told), "{\n  \"a\": 1\n}\n");
        let told = json!({"content": [{"type": "hologram"}, {"type": "text", "text": "x"}], "structuredContent": 1});
        assert_eq!(result_of_value(&told), "[hologram: `--json` shows it]\nx\n");
    }
}

//! What a tool or a resource gave, for people: text as it is, what is not text by its kind and size.

use std::fmt::Write as _;

use bytesize::ByteSize;
use midfield::types::{Content, ResourceContents, ToolResult};
use serde_json::Value;

use super::signature::facts;
use super::text::{json, line};
use crate::source::clean;

/// What a tool gave. What is structured is shown where no text says the same.
pub(super) fn result(result: &ToolResult) -> String {
    let mut text = String::new();
    for content in &result.content {
        let _ = writeln!(text, "{}", block(content).trim_end_matches('\n'));
    }
    match &result.structured_content {
        Some(raw) if text.is_empty() => {
            serde_json::from_str(raw.as_str()).map_or(text, |value: Value| json(&value, true))
        }
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
    use midfield::Raw;
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
    }

    #[test]
    fn structure_is_shown_where_there_is_no_text() {
        let mut given = ToolResult::new(Vec::new());
        given.structured_content = Raw::of(&json!({"a": 1})).ok();
        assert_eq!(result(&given), "{\n  \"a\": 1\n}\n");
        given.content.push(Content::text("x"));
        assert_eq!(result(&given), "x\n");
    }
}

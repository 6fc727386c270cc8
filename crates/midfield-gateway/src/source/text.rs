//! Text that documents and services give, made safe to show.

use serde_json::Value;

/// `text` without characters that a reader does not see or a terminal obeys: control characters but for
/// line breaks and tabs, marks that change the direction of text, invisible ones.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        let is_color = character == '\u{fe0f}' && cleaned.chars().next_back().is_some_and(is_sign);
        if is_color || is_plain(character) {
            cleaned.push(character);
        }
    }
    cleaned
}

fn is_plain(character: char) -> bool {
    match character {
        '\n' | '\t' => true,
        '\u{00ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        other => !other.is_control(),
    }
}

/// Whether a mark behind a character may say that it is shown in color, as it does of an emoji.
fn is_sign(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{27ff}' | '\u{2900}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// `text`, cut after `limit` bytes with a word about how long it was.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit);
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}… ({} bytes in all)", text.len())
}

/// Cleans what a schema says to its reader; what it demands stays as it is.
pub(super) fn clean_schema(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(clean_schema),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("description" | "title" | "$comment", Value::String(text)) => {
                        *text = cut(&clean(text), MAX_DESCRIPTION);
                    }
                    ("enum" | "const" | "default" | "examples" | "example", _) => {}
                    (_, value) => clean_schema(value),
                }
            }
        }
        _ => {}
    }
}

/// Most bytes of a description that are shown to a model.
pub(super) const MAX_DESCRIPTION: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_does_not_see_is_taken_out() {
        let hidden = "a\u{e0041}b\u{202e}c\u{200b}d\u{1b}[31me\u{7}\nf";
        assert_eq!(clean(hidden), "abcd[31me\nf");
        let blank =
            "a\u{3164}\u{115f}\u{1160}\u{ffa0}\u{34f}\u{180b}\u{180f}\u{fe00}\u{fe0f}\u{2800}b";
        assert_eq!(clean(blank), "ab");
        assert_eq!(clean("\u{2764}\u{fe0f}\u{fe0f}"), "\u{2764}\u{fe0f}");
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("äöü", 3), "ä… (6 bytes in all)");
        assert_eq!(cut("äöü", 6), "äöü");
    }

    #[test]
    fn a_schema_keeps_the_values_that_it_demands() {
        let mut schema = serde_json::json!({
            "description": "a\u{200b}b",
            "properties": {"description": {"enum": ["c\u{200b}d"], "title": "e\u{200b}f"}},
        });
        clean_schema(&mut schema);
        let expected = serde_json::json!({
            "description": "ab",
            "properties": {"description": {"enum": ["c\u{200b}d"], "title": "ef"}},
        });
        assert_eq!(schema, expected);
    }
}

//! The strict first pass over foreign JSON: what the parser behind it would let through.
//!
//! `serde_json` skips over values that nobody asked for (and over those that are kept as text) without
//! a limit of depth and without looking at escapes. This pass bounds the depth and refuses lone
//! surrogates; it does not check the grammar, which the parser does.

use memchr::memchr2;

/// Deepest nesting of arrays and objects in a message. The parser's own limit for a value is the same
/// (it refuses the 128th level), so that no accepted message holds what cannot be read later.
pub const MAX_DEPTH: usize = 127;

/// What the first pass found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("a \\u escape names half of a surrogate pair at byte {at}")]
    LoneSurrogate { at: usize },
}

/// Reads `text` once, without building anything.
pub(super) fn check(text: &str) -> Result<(), Flaw> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Flaw::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = skip_string(bytes, at)?,
            _ => {}
        }
    }
    Ok(())
}

/// Returns the place behind the closing quote of the string whose first character is at `at`; the end
/// of the text where there is none, which the parser will report.
fn skip_string(bytes: &[u8], mut at: usize) -> Result<usize, Flaw> {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(offset) = memchr2(b'"', b'\\', rest) else {
            return Ok(bytes.len());
        };
        at += offset;
        if bytes[at] == b'"' {
            return Ok(at + 1);
        }
        at = skip_escape(bytes, at)?;
    }
}

/// Returns the place behind the escape whose backslash is at `at`.
fn skip_escape(bytes: &[u8], at: usize) -> Result<usize, Flaw> {
    let Some(unit) = code_unit(bytes, at) else {
        return Ok(at + 2);
    };
    match unit {
        0xD800..=0xDBFF => match code_unit(bytes, at + 6) {
            Some(0xDC00..=0xDFFF) => Ok(at + 12),
            _ => Err(Flaw::LoneSurrogate { at }),
        },
        0xDC00..=0xDFFF => Err(Flaw::LoneSurrogate { at }),
        _ => Ok(at + 6),
    }
}

/// The UTF-16 code unit that a `\uXXXX` at `at` stands for; `None` where there is no such escape.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let hex = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let hex = std::str::from_utf8(hex).ok()?;
    u16::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_bounded_at_the_limit_exactly() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(Flaw::TooDeep));
        assert_eq!(check(&"{\"a\":".repeat(100_000)), Err(Flaw::TooDeep));
    }

    #[test]
    fn brackets_inside_strings_do_not_nest() {
        let text = format!(r#"{{"a":"{}\"{}"}}"#, "[".repeat(500), "{".repeat(500));
        assert_eq!(check(&text), Ok(()));
    }

    #[test]
    fn only_whole_surrogate_pairs_pass() {
        assert_eq!(check(r#""\ud83d\ude00""#), Ok(()));
        assert_eq!(check(r#""\\ud83d""#), Ok(()));
        for lone in [
            r#""\ud800""#,
            r#""\udfff""#,
            r#""\ud800\u0041""#,
            r#"{"\udc00":1}"#,
        ] {
            assert!(
                matches!(check(lone), Err(Flaw::LoneSurrogate { .. })),
                "{lone}"
            );
        }
    }

    #[test]
    fn an_unfinished_text_is_left_to_the_parser() {
        for text in ["\"", "\"\\", "\"\\u", "\"\\u12", "{\"a\":\"\\ud83"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}

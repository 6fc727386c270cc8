//! Text of servers as errors may show it: a terminal or a log that prints it is not to be commanded by it.

use std::fmt;

/// A text in one line of at most so many characters, without what would move a cursor, color, ring, or turn around what follows.
pub(super) struct Shown<'a>(pub(super) &'a str, pub(super) usize);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        let Self(text, limit) = self;
        let mut left = *limit;
        for character in text.chars() {
            if left == 0 {
                return f.write_char('…');
            }
            left -= 1;
            f.write_char(match character {
                '\n' | '\r' | '\t' => ' ',
                other if is_harmful(other) => char::REPLACEMENT_CHARACTER,
                other => other,
            })?;
        }
        Ok(())
    }
}

/// The same as a text of its own.
pub(super) fn shown(text: &str, limit: usize) -> String {
    Shown(text, limit).to_string()
}

/// Controls, and the characters that change in which direction others are read.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_not_shown() {
        let text = "\u{1b}]0;title\u{7}one\r\ntwo \u{9b}2J\u{202e}evil";
        let shown = shown(text, 100);
        assert_eq!(
            shown,
            "\u{fffd}]0;title\u{fffd}one  two \u{fffd}2J\u{fffd}evil"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shown("äöü", 3), "äöü");
        assert_eq!(shown("äöü", 2), "äö…");
    }
}

//! Texts of servers and files, made safe to show.

use std::fmt::Write as _;

use midfield::client::config::Process;
use serde_json::Value;

use super::entry;
use crate::source::clean;

/// A text of a server on one line, without what a terminal obeys.
pub(in crate::cli) fn line(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(clean).collect();
    words.join(" ")
}

/// A text of a server as a word of a command that somebody may copy into a shell.
pub(in crate::cli) fn word(text: &str) -> String {
    entry::command_line(&Process::new(text, [""; 0]))
}

/// JSON in which nothing is left that a terminal obeys: within strings, it is escaped.
pub(in crate::cli) fn json(value: &Value, is_pretty: bool) -> String {
    let text = if is_pretty {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    // A value that was JSON is JSON.
    let text = text.unwrap_or_default();
    let mut safe = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        let mut buffer = [0; 4];
        let is_plain =
            character.is_ascii() || !clean(character.encode_utf8(&mut buffer)).is_empty();
        if is_plain && character != '\u{7f}' {
            safe.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe.push('\n');
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn json_for_a_terminal_says_the_same_and_obeys_nothing() {
        let told = value!({"a\u{9b}": "\u{1b}[2J\u{202e}\u{7f}\u{e0041}ü\n"});
        let text = json(&told, false);
        assert_eq!(
            text,
            "{\"a\\u009b\":\"\\u001b[2J\\u202e\\u007f\\udb40\\udc41ü\\n\"}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), told);
    }

    #[test]
    fn a_word_of_a_command_is_one_word_of_a_shell() {
        assert_eq!(word("019a-e1"), "019a-e1");
        assert_eq!(word("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(word("it's $(id)"), r"'it'\''s $(id)'");
        assert_eq!(word("a\u{1b}[2J\n"), r"$'a\U0000001b[2J\U0000000a'");
    }

    #[test]
    fn a_text_of_a_server_is_one_line_without_commands() {
        assert_eq!(line(" a\u{1b}[31m\n\tb\u{9b}c\r"), "a[31m bc");
    }
}

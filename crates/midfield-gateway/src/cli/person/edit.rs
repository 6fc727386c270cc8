//! A line of text that a person edits.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Left;
use super::terminal::{Key, Terminal, width};
use crate::cli::text::line;
use crate::source::clean;

/// A text with a place in it.
#[derive(Debug, Default)]
struct Edited {
    before: Vec<char>,
    /// From the end backwards.
    after: Vec<char>,
}

impl Edited {
    /// Begins with a text that may be a server's: what is not seen of it is taken out, so that nothing is sent unseen.
    fn new(text: &str) -> Self {
        let mut edited = Self::default();
        edited.insert(&clean(text).replace(['\n', '\t'], " "));
        edited
    }

    fn insert(&mut self, text: &str) {
        let room = MAX_TEXT.saturating_sub(self.before.len() + self.after.len());
        let plain = text.chars().filter(|character| !character.is_control());
        self.before.extend(plain.take(room));
    }

    fn press(&mut self, key: &Key) {
        match key {
            Key::Text(text) => self.insert(text),
            Key::Left => self.after.extend(self.before.pop()),
            Key::Right => self.before.extend(self.after.pop()),
            Key::Home => {
                while let Some(character) = self.before.pop() {
                    self.after.push(character);
                }
            }
            Key::End => {
                while let Some(character) = self.after.pop() {
                    self.before.push(character);
                }
            }
            Key::Backspace => {
                self.before.pop();
            }
            Key::Delete => {
                self.after.pop();
            }
            Key::Clear => self.before.clear(),
            Key::Enter | Key::Up | Key::Down => {}
        }
    }

    fn text(&self) -> String {
        self.before.iter().chain(self.after.iter().rev()).collect()
    }

    /// What of it is seen in `width` columns, and the column of the place in it.
    fn seen(&self, width: usize) -> (String, usize) {
        let mut left = width.saturating_sub(1);
        let fits = |character: &&char| {
            let taken = character.width().unwrap_or(0);
            let fits = taken <= left;
            left = left.saturating_sub(taken);
            fits
        };
        let mut before: Vec<char> = self.before.iter().rev().take_while(fits).copied().collect();
        before.reverse();
        let before: String = before.into_iter().collect();
        let column = before.width();
        let after: String = self.after.iter().rev().collect();
        (before + &after, column)
    }
}

/// Lets a person edit a text until `accept` takes it.
///
/// # Errors
/// When the terminal is gone.
pub(super) async fn edit<T>(
    terminal: &mut Terminal,
    text: &str,
    mut accept: impl FnMut(&str) -> Result<T, String>,
) -> std::io::Result<Result<T, Left>> {
    let mut edited = Edited::new(text);
    let mut told = String::new();
    loop {
        let (seen, column) = edited.seen(width().saturating_sub(PROMPT.len()));
        let mut lines = vec![format!("{PROMPT}{seen}"), KEYS.to_owned()];
        if !told.is_empty() {
            lines.insert(1, format!("  ! {told}"));
        }
        let column = u16::try_from(column + PROMPT.len()).unwrap_or(u16::MAX);
        terminal.paint(&lines, (0, column))?;
        match terminal.key().await? {
            Err(left) => return Ok(Err(left)),
            Ok(Key::Enter) => match accept(&edited.text()) {
                Ok(value) => return Ok(Ok(value)),
                Err(wrong) => told = line(&wrong),
            },
            Ok(key) => {
                told.clear();
                edited.press(&key);
            }
        }
    }
}

const PROMPT: &str = "  > ";

const KEYS: &str = "  Enter: next · Ctrl-D: decline · Esc: cancel";

/// Most characters of a text: more than any form takes.
const MAX_TEXT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_edited_at_its_place() {
        let mut edited = Edited::new("日本");
        for key in [
            Key::Left,
            Key::Text("ä\u{1b}\n".to_owned()),
            Key::End,
            Key::Text("!".to_owned()),
            Key::Home,
            Key::Delete,
            Key::Right,
        ] {
            edited.press(&key);
        }
        assert_eq!(edited.text(), "ä本!");
        assert_eq!(edited.seen(10), ("ä本!".to_owned(), 1));
        edited.press(&Key::Backspace);
        assert_eq!(edited.text(), "本!");
        edited.press(&Key::End);
        edited.press(&Key::Clear);
        assert_eq!(edited.text(), "");
    }

    #[test]
    fn nothing_stands_unseen_in_a_text_to_begin_with() {
        let edited = Edited::new("a\u{202e}b\u{e0041}c\u{1b}d\ne\tf");
        assert_eq!(edited.text(), "abcd e f");
    }

    #[test]
    fn of_a_long_text_the_place_is_seen() {
        let edited = Edited::new("abcdefgh");
        assert_eq!(edited.seen(5), ("efgh".to_owned(), 4));
    }
}

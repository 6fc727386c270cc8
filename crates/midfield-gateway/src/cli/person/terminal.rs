//! A terminal whose keys are read one by one, and whose last lines are painted again and again.

use std::io::{self, Stderr, Write as _};
use std::time::Duration;

use crossterm::cursor::{MoveToColumn, MoveUp, Show};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, EventStream, KeyCode, KeyEvent,
    KeyEventKind, KeyModifiers,
};
use crossterm::terminal::{self, Clear, ClearType};
use crossterm::{execute, queue};
use futures_util::StreamExt as _;
use midfield::client::Asker;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Left, words};
use crate::cli::stop;

/// The terminal while a question is asked. It is as it was before when this is dropped.
#[derive(Debug)]
pub(super) struct Terminal {
    keys: EventStream,
    screen: Stderr,
    /// In which of the painted lines the cursor stands.
    painted: u16,
    is_closed: bool,
    /// Ctrl-C was pressed, which stops the command once the terminal is given back.
    is_interrupted: bool,
}

/// A key, as far as questions know keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Text(String),
    Enter,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    Backspace,
    Delete,
    /// Ctrl-U: everything before the cursor goes.
    Clear,
}

impl Terminal {
    /// Takes the terminal for a question of `asker`, and is deaf for a moment: keys that were typed before anybody could know what is
    /// asked answer nothing.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) async fn open(asker: &Asker) -> io::Result<Self> {
        let mut terminal = Self::take()?;
        terminal.print(&words::asker(asker))?;
        terminal.pass_over().await?;
        Ok(terminal)
    }

    fn take() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        // From here on it is given back, whatever fails.
        let mut terminal = Self {
            keys: EventStream::new(),
            screen: io::stderr(),
            painted: 0,
            is_closed: false,
            is_interrupted: false,
        };
        execute!(terminal.screen, EnableBracketedPaste)?;
        Ok(terminal)
    }

    /// Gives the terminal back with a last word.
    pub(super) fn close(&mut self, told: &str) {
        self.is_closed = true;
        // Whoever is not there any more need not be told.
        let _ = self.print(told);
    }

    /// Prints lines that stay, below all others.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        self.erase()?;
        // In raw mode a line feed does not go back to the first column.
        self.screen
            .write_all(text.replace('\n', "\r\n").as_bytes())?;
        self.screen.flush()
    }

    /// Paints lines in the place of those that were painted last, each cut to the width of the screen, with the cursor at a
    /// line and a column.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn paint(&mut self, lines: &[String], cursor: (u16, u16)) -> io::Result<()> {
        self.erase()?;
        let width = width();
        let lines: Vec<String> = lines.iter().map(|line| cut(line, width)).collect();
        self.screen.write_all(lines.join("\r\n").as_bytes())?;
        let last = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let (line, column) = (cursor.0.min(last), cursor.1);
        if last > line {
            queue!(self.screen, MoveUp(last - line))?;
        }
        queue!(self.screen, MoveToColumn(column))?;
        self.painted = line;
        self.screen.flush()
    }

    /// Takes away what was painted last.
    fn erase(&mut self) -> io::Result<()> {
        if self.painted > 0 {
            queue!(self.screen, MoveUp(self.painted))?;
        }
        self.painted = 0;
        queue!(
            self.screen,
            MoveToColumn(0),
            Clear(ClearType::FromCursorDown)
        )
    }

    /// Passes over what is typed until nothing was for a moment. Ctrl-C is heard all the same.
    async fn pass_over(&mut self) -> io::Result<()> {
        while let Ok(Some(event)) = tokio::time::timeout(MOMENT, self.keys.next()).await {
            if let Event::Key(event) = event?
                && event.kind != KeyEventKind::Release
                && key(event) == Some(Err(Left::Interrupted))
            {
                self.is_interrupted = true;
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next key.
    ///
    /// # Errors
    /// When the terminal is gone. How the person leaves the question is no error, and comes in the inner result.
    ///
    /// # Cancel safety
    /// No key is lost when the future is dropped.
    pub(super) async fn key(&mut self) -> io::Result<Result<Key, Left>> {
        loop {
            if self.is_interrupted {
                return Ok(Err(Left::Interrupted));
            }
            let Some(event) = self.keys.next().await else {
                return Ok(Err(Left::Interrupted));
            };
            match event? {
                Event::Key(event) if event.kind != KeyEventKind::Release => {
                    if let Some(key) = key(event) {
                        self.is_interrupted = key == Err(Left::Interrupted);
                        return Ok(key);
                    }
                }
                // Pasted line feeds send nothing off.
                Event::Paste(text) => return Ok(Ok(Key::Text(text.replace(['\r', '\n'], " ")))),
                _ => {}
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.is_closed {
            // The future that asked is gone, and its server with it, or its patience.
            let _ = self.print("the question was withdrawn: nobody waits for an answer any more\n");
        }
        let _ = execute!(self.screen, DisableBracketedPaste, Show);
        let _ = terminal::disable_raw_mode();
        if self.is_interrupted {
            stop::press();
        }
    }
}

fn key(event: KeyEvent) -> Option<Result<Key, Left>> {
    let is_control = event.modifiers.contains(KeyModifiers::CONTROL);
    let key = match (event.code, is_control) {
        (KeyCode::Esc, _) => return Some(Err(Left::Escape)),
        (KeyCode::Char('c'), true) => return Some(Err(Left::Interrupted)),
        (KeyCode::Char('d'), true) => return Some(Err(Left::Declined)),
        (KeyCode::Char('u'), true) => Key::Clear,
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => Key::Home,
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => Key::End,
        // A line feed, which some terminals send for Enter.
        (KeyCode::Char('j'), true) | (KeyCode::Enter, _) => Key::Enter,
        (KeyCode::Char(character), false) => Key::Text(character.into()),
        (KeyCode::Up | KeyCode::BackTab, _) => Key::Up,
        (KeyCode::Down | KeyCode::Tab, _) => Key::Down,
        (KeyCode::Left, _) => Key::Left,
        (KeyCode::Right, _) => Key::Right,
        (KeyCode::Backspace, _) => Key::Backspace,
        (KeyCode::Delete, _) => Key::Delete,
        _ => return None,
    };
    Some(Ok(key))
}

/// How many columns a line has that does not reach the edge.
pub(in crate::cli) fn width() -> usize {
    let columns = terminal::size().map_or(80, |(columns, _)| usize::from(columns));
    columns.saturating_sub(1).max(MIN_WIDTH)
}

/// How many lines can be painted.
pub(super) fn height() -> usize {
    let lines = terminal::size().map_or(24, |(_, lines)| usize::from(lines));
    lines.max(MIN_HEIGHT)
}

/// As much of a line as `width` columns hold.
pub(in crate::cli) fn cut(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fitting = line.chars().take_while(|character| {
        let taken = character.width().unwrap_or(0);
        let fits = taken <= left;
        left = left.saturating_sub(taken);
        fits
    });
    let mut cut: String = fitting.collect();
    cut.push('…');
    cut
}

/// How long nothing must have been typed until keys count.
const MOMENT: Duration = Duration::from_millis(300);

/// Fewest columns and lines that are painted, however small the terminal says it is.
const MIN_WIDTH: usize = 19;
const MIN_HEIGHT: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
    }

    #[test]
    fn to_cancel_and_to_decline_are_keys_of_their_own() {
        let pressed = |code, modifiers| key(KeyEvent::new(code, modifiers));
        assert_eq!(
            pressed(KeyCode::Esc, KeyModifiers::NONE),
            Some(Err(Left::Escape))
        );
        assert_eq!(
            pressed(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Err(Left::Interrupted))
        );
        assert_eq!(
            pressed(KeyCode::Char('d'), KeyModifiers::CONTROL),
            Some(Err(Left::Declined))
        );
        assert_eq!(
            pressed(KeyCode::Char('ß'), KeyModifiers::NONE),
            Some(Ok(Key::Text("ß".to_owned())))
        );
    }
}

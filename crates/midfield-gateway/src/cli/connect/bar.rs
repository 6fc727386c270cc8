//! How far a call has come: at a terminal one line that changes in place, elsewhere a line for each step.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use midfield::types::Progress;

use crate::cli::floor::{self, Taken};
use crate::cli::person::{cut, width};
use crate::cli::text::line;

/// Shows on stderr how far a call has come.
#[derive(Debug)]
pub(in crate::cli) struct Bar {
    is_live: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shown: String,
    /// A line stands there that may be written over.
    is_open: bool,
}

impl Bar {
    pub(in crate::cli) fn new() -> Self {
        Self {
            is_live: std::io::stderr().is_terminal(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a step.
    pub(in crate::cli) fn show(&self, progress: &Progress) {
        let text = if self.is_live {
            cut(&picture(progress), width())
        } else {
            words(progress)
        };
        let mut state = self.state();
        if floor::is_taken() || text == state.shown {
            return;
        }
        if self.is_live {
            floor::tell(&format!("\r\u{1b}[2K{text}"));
            state.is_open = true;
        } else {
            floor::tell(&format!("{text}\n"));
        }
        state.shown = text;
    }

    /// Writes a line beside it.
    pub(in crate::cli) fn aside(&self, text: &str) {
        self.clear();
        floor::tell(&format!("{text}\n"));
    }

    /// Takes the line away.
    pub(in crate::cli) fn clear(&self) {
        let mut state = self.state();
        state.shown.clear();
        if std::mem::take(&mut state.is_open) {
            floor::tell("\r\u{1b}[2K");
        }
    }

    /// Takes the line away, and the terminal for a question: nothing else is shown until what this gives is dropped.
    pub(in crate::cli) fn pause(&self) -> Taken {
        self.clear();
        floor::take()
    }
}

/// A step in words: `3 of 10: step three`.
fn words(progress: &Progress) -> String {
    let mut text = format!("progress: {}", progress.progress);
    if let Some(total) = progress.total {
        let _ = write!(text, " of {total}");
    }
    match progress.message.as_deref().map(line) {
        Some(message) if !message.is_empty() => format!("{text}: {message}"),
        _ => text,
    }
}

/// A step as a bar: `[######--------------]  30% step three`.
fn picture(progress: &Progress) -> String {
    let part = progress
        .total
        .filter(|total| *total > 0.0)
        .map(|total| (progress.progress / total).clamp(0.0, 1.0));
    let Some(part) = part.filter(|part| part.is_finite()) else {
        return words(progress);
    };
    let filled: String = (1..=CELLS)
        .map(|cell| {
            if part * f64::from(CELLS) + 0.5 >= f64::from(cell) {
                '#'
            } else {
                '-'
            }
        })
        .collect();
    let text = format!("[{filled}] {:>3.0}%", part * 100.0);
    match progress.message.as_deref().map(line) {
        Some(message) if !message.is_empty() => format!("{text} {message}"),
        _ => text,
    }
}

/// How wide a bar is.
const CELLS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_in_words_and_as_a_bar() {
        let mut step = Progress::new(3.0);
        assert_eq!(words(&step), "progress: 3");
        assert_eq!(picture(&step), "progress: 3");
        step.total = Some(10.0);
        step.message = Some("three\u{1b}[2J".to_owned());
        assert_eq!(words(&step), "progress: 3 of 10: three[2J");
        assert_eq!(picture(&step), "[######--------------]  30% three[2J");
        step.progress = 99.0;
        step.message = None;
        assert_eq!(picture(&step), "[####################] 100%");
        step.total = Some(f64::NAN);
        assert_eq!(picture(&step), "progress: 99 of NaN");
    }
}

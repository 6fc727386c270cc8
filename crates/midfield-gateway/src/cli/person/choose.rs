//! Choices that a person makes by the arrow keys.

use super::Left;
use super::terminal::{Key, Terminal, height};
use crate::cli::text::line;

/// Lets a person choose one of `options`, none of which is longer than a line; `at` is where the mark stands first.
///
/// # Errors
/// When the terminal is gone.
pub(super) async fn one(
    terminal: &mut Terminal,
    options: &[String],
    at: usize,
) -> std::io::Result<Result<usize, Left>> {
    let mut at = at.min(options.len().saturating_sub(1));
    loop {
        let rows = rows(options, at, |_| "");
        terminal.paint(&with_keys(rows, ONE, ""), (0, 0))?;
        match terminal.key().await? {
            Err(left) => return Ok(Err(left)),
            Ok(Key::Enter) => return Ok(Ok(at)),
            Ok(key) => at = moved(at, options.len(), &key),
        }
    }
}

/// Lets a person choose some of `options`, until `accept` takes them; `chosen` has those that are chosen first.
///
/// # Errors
/// When the terminal is gone.
pub(super) async fn many<T>(
    terminal: &mut Terminal,
    options: &[String],
    mut chosen: Vec<bool>,
    mut accept: impl FnMut(&[bool]) -> Result<T, String>,
) -> std::io::Result<Result<T, Left>> {
    chosen.resize(options.len(), false);
    let mut at = 0;
    let mut told = String::new();
    loop {
        let is_chosen = |at: usize| chosen.get(at).copied().unwrap_or_default();
        let rows = rows(
            options,
            at,
            |at| {
                if is_chosen(at) { "[x] " } else { "[ ] " }
            },
        );
        terminal.paint(&with_keys(rows, MANY, &told), (0, 0))?;
        match terminal.key().await? {
            Err(left) => return Ok(Err(left)),
            Ok(Key::Enter) => match accept(&chosen) {
                Ok(value) => return Ok(Ok(value)),
                Err(wrong) => told = line(&wrong),
            },
            Ok(Key::Text(text)) if text == " " => {
                told.clear();
                if let Some(chosen) = chosen.get_mut(at) {
                    *chosen = !*chosen;
                }
            }
            Ok(key) => at = moved(at, options.len(), &key),
        }
    }
}

/// The options that fit on the screen, the marked one among them.
fn rows(options: &[String], at: usize, sign: impl Fn(usize) -> &'static str) -> Vec<String> {
    let most = height().saturating_sub(4).max(1);
    let first = at.saturating_sub(most / 2);
    let first = first.min(options.len().saturating_sub(most));
    let shown = options.iter().enumerate().skip(first).take(most);
    let rows = shown.map(|(row, option)| {
        let mark = if row == at { ">" } else { " " };
        format!("  {mark} {}{option}", sign(row))
    });
    rows.collect()
}

fn with_keys(mut rows: Vec<String>, keys: &str, told: &str) -> Vec<String> {
    if !told.is_empty() {
        rows.push(format!("  ! {told}"));
    }
    rows.push(keys.to_owned());
    rows
}

fn moved(at: usize, count: usize, key: &Key) -> usize {
    let last = count.saturating_sub(1);
    match key {
        Key::Up => at.checked_sub(1).unwrap_or(last),
        Key::Down if at >= last => 0,
        Key::Down => at + 1,
        Key::Home => 0,
        Key::End => last,
        _ => at,
    }
}

const ONE: &str = "  ↑↓ Enter: choose · Ctrl-D: decline · Esc: cancel";

const MANY: &str = "  ↑↓ Space · Enter: next · Ctrl-D: decline · Esc: cancel";

//! Where the lines of a shell come from: a terminal with history and completion, or stdin.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::complete::Known;
use crate::cli::target::Around;

/// Where lines come from.
pub(super) enum Input {
    Terminal(Box<Editor<Known, FileHistory>>, Option<PathBuf>),
    Stdin,
}

/// What was read.
pub(super) enum Read {
    Line(String),
    /// Ctrl-C: the line is given up.
    Interrupted,
    End,
}

impl Input {
    /// The terminal, where there is one.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) fn open(known: Known) -> anyhow::Result<Self> {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            return Ok(Self::Stdin);
        }
        let config = Config::builder()
            .max_history_size(HISTORY)?
            .history_ignore_space(true)
            .auto_add_history(true)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(known));
        let places = Around::of_process()?.places;
        let history = places.map(|places| places.state.join("midfield/history"));
        if let Some(history) = &history {
            // The first time there is none.
            let _ = editor.load_history(history);
        }
        Ok(Self::Terminal(Box::new(editor), history))
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(..))
    }

    /// The next line. It waits for it.
    ///
    /// # Errors
    /// When there can be no more, but for the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Read> {
        match self {
            Self::Terminal(editor, _) => match editor.readline("midfield> ") {
                Ok(line) => Ok(Read::Line(line)),
                Err(ReadlineError::Interrupted) => Ok(Read::Interrupted),
                Err(ReadlineError::Eof) => Ok(Read::End),
                Err(error) => Err(error.into()),
            },
            Self::Stdin => {
                let mut line = String::new();
                let mut stdin = std::io::stdin().lock().take(MAX_LINE);
                let count = stdin.read_line(&mut line)?;
                if count == 0 {
                    return Ok(Read::End);
                }
                anyhow::ensure!(stdin.limit() > 0, "a line has more than {MAX_LINE} bytes");
                Ok(Read::Line(line))
            }
        }
    }

    /// Keeps the history for the next time.
    pub(super) fn keep(&mut self) {
        let Self::Terminal(editor, Some(history)) = self else {
            return;
        };
        let kept = history
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .map_err(ReadlineError::from)
            .and_then(|()| editor.save_history(history));
        if let Err(error) = kept {
            tracing::warn!(
                "the history could not be kept in {}: {error}",
                history.display()
            );
        }
    }
}

/// Most lines of history.
const HISTORY: usize = 1_000;

/// Most bytes of a line.
const MAX_LINE: u64 = 16 << 20;

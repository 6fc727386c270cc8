//! How a task that goes on is shown: at a terminal one line that changes in place, elsewhere a line for each change.

use std::io::IsTerminal as _;

use midfield::client::TaskState;
use midfield::types::TaskStatus;

use super::{Format, words};
use crate::cli::person::{cut, width};
use crate::cli::print_on;
use crate::cli::text::json;

/// What shows how a task goes on.
#[derive(Debug)]
pub(super) struct Screen {
    format: Format,
    is_live: bool,
    /// A line stands there that may be written over.
    is_open: bool,
    shown: String,
}

impl Screen {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            is_live: format == Format::People && std::io::stdout().is_terminal(),
            is_open: false,
            shown: String::new(),
        }
    }

    /// Shows how the task is, if that is new.
    pub(super) fn show(&mut self, state: &TaskState) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Json => json(&serde_json::to_value(state)?, false),
            Format::People => words::standing(state),
        };
        if text == self.shown {
            return Ok(());
        }
        self.shown.clone_from(&text);
        if self.format == Format::Json {
            return print_on(&text);
        }
        if !self.is_live {
            return print_on(&format!("{text}\n"));
        }
        self.is_open = true;
        print_on(&format!("\r\u{1b}[2K{}", cut(&text, width())))?;
        if state.task.status == TaskStatus::InputRequired {
            // What it asks stands below.
            self.close()?;
        }
        Ok(())
    }

    /// Lets the line stand, so that others can write below it.
    pub(super) fn close(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.is_open) {
            print_on("\n")?;
        }
        Ok(())
    }
}

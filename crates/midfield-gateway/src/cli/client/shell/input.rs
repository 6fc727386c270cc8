//! Where the lines of a shell come from: a terminal with history and completion, or stdin.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

use reedline::{
    ColumnarMenu, DefaultPrompt, DefaultPromptSegment, Emacs, FileBackedHistory, KeyCode,
    KeyModifiers, MenuBuilder as _, Reedline, ReedlineEvent, ReedlineMenu, Signal,
    default_emacs_keybindings,
};

use super::complete::Known;
use crate::cli::target::Around;

/// Where lines come from.
pub(super) enum Input {
    Terminal(Box<Reedline>),
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
        let mut keys = default_emacs_keybindings();
        let complete = ReedlineEvent::UntilFound(vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ]);
        keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
        let menu = ColumnarMenu::default().with_name(MENU);
        let mut editor = Reedline::create()
            .with_ansi_colors(false)
            .use_bracketed_paste(true)
            .with_completer(Box::new(known))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_edit_mode(Box::new(Emacs::new(keys)))
            // As in other shells: what begins with a space is not kept.
            .with_history_exclusion_prefix(Some(" ".to_owned()));
        if let Some(places) = Around::of_process()?.places {
            let path = places.state.join("midfield/history");
            let history = private(&path).map_err(anyhow::Error::from);
            let history =
                history.and_then(|()| Ok(FileBackedHistory::with_file(HISTORY, path.clone())?));
            match history {
                Ok(history) => editor = editor.with_history(Box::new(history)),
                Err(error) => tracing::warn!("no history is kept in {}: {error}", path.display()),
            }
        }
        Ok(Self::Terminal(Box::new(editor)))
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// The next line. It waits for it.
    ///
    /// # Errors
    /// When there can be no more, but for the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Read> {
        match self {
            Self::Terminal(editor) => {
                let name = DefaultPromptSegment::Basic("midfield".to_owned());
                let prompt = DefaultPrompt::new(name, DefaultPromptSegment::Empty);
                Ok(match editor.read_line(&prompt)? {
                    Signal::Success(line) => Read::Line(line),
                    Signal::CtrlD => Read::End,
                    _ => Read::Interrupted,
                })
            }
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
}

/// Makes a file that only the user reads, if there is none.
fn private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// What the Tab key opens.
const MENU: &str = "completion";

/// Most lines of history.
const HISTORY: usize = 1_000;

/// Most bytes of a line.
const MAX_LINE: u64 = 16 << 20;

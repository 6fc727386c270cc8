//! Who may write to the terminal: while a question stands there, nobody else. What others have to say is kept until it is answered.

use std::io::{IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The terminal belongs to a question until this is dropped.
#[derive(Debug)]
pub(super) struct Taken(());

#[derive(Debug, Default)]
struct Floor {
    /// How many have taken it.
    taken: usize,
    kept: Vec<(Stream, String)>,
    /// How many lines were too many to be kept.
    lost: usize,
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Stdout,
    Stderr,
}

/// There is one terminal, whoever writes to it: commands, the log, what a server tells.
static FLOOR: Mutex<Floor> = Mutex::new(Floor {
    taken: 0,
    kept: Vec::new(),
    lost: 0,
});

fn floor() -> MutexGuard<'static, Floor> {
    FLOOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the terminal for a question.
pub(super) fn take() -> Taken {
    floor().taken += 1;
    Taken(())
}

/// Whether a question stands at the terminal.
pub(super) fn is_taken() -> bool {
    floor().taken > 0
}

/// Writes to stderr, now or when no question stands there any more.
pub(super) fn tell(text: &str) {
    if !floor().keep(Stream::Stderr, text) {
        // Without stderr there is nobody to tell.
        let _ = write(Stream::Stderr, text);
    }
}

/// Writes to stdout; where that is the terminal, now or when no question stands there any more.
///
/// # Errors
/// When stdout cannot be written to.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    if std::io::stdout().is_terminal() && floor().keep(Stream::Stdout, text) {
        return Ok(());
    }
    write(Stream::Stdout, text)
}

impl Floor {
    /// Keeps a text, if it may not be written now.
    fn keep(&mut self, stream: Stream, text: &str) -> bool {
        let is_taken = self.taken > 0;
        if is_taken && self.kept.len() < MAX_KEPT {
            self.kept.push((stream, text.to_owned()));
        } else if is_taken {
            self.lost += 1;
        }
        is_taken
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut floor = floor();
        floor.taken = floor.taken.saturating_sub(1);
        if floor.taken > 0 {
            return;
        }
        for (stream, text) in std::mem::take(&mut floor.kept) {
            // Whoever closes it while a question stands has no use for what was kept.
            let _ = write(stream, &text);
        }
        let lost = std::mem::take(&mut floor.lost);
        if lost > 0 {
            let told = format!("{lost} more lines came while the question stood here\n");
            let _ = write(Stream::Stderr, &told);
        }
    }
}

fn write(stream: Stream, text: &str) -> std::io::Result<()> {
    let write = |to: &mut dyn Write| {
        to.write_all(text.as_bytes())?;
        to.flush()
    };
    match stream {
        Stream::Stdout => write(&mut std::io::stdout()),
        Stream::Stderr => write(&mut std::io::stderr()),
    }
}

/// How many texts are kept: a server that writes without end costs no memory.
const MAX_KEPT: usize = 1_000;

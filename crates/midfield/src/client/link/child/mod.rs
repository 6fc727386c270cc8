//! A server that this process starts, and ends
//! ([2026-07-28, shutdown](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio#shutdown)).

mod command;
mod process;

pub use command::Command;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio_util::sync::CancellationToken;

use self::process::Process;
use super::super::Error;
use super::super::hear::Hearing;
use super::super::shown::shown;
use super::pipe::Pipe;

/// A server that runs as long as its client.
#[derive(Debug)]
pub(in crate::client) struct Child {
    pipe: Pipe,
    /// It has ended, and all that it had started with it.
    ended: CancellationToken,
}

impl Child {
    /// Starts a server.
    pub(in crate::client) fn start(
        command: &Command,
        server: &Arc<str>,
        max_message: usize,
        hearing: &Arc<Hearing>,
    ) -> Result<Self, Error> {
        let unreachable = |detail: String| Error::Unreachable {
            server: server.clone(),
            detail,
        };
        let mut process = command.start().map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "; install it, or give the whole path of the program"
                }
                _ => "",
            };
            unreachable(format!(
                "could not start `{}`: {error}{hint}",
                command.program.to_string_lossy()
            ))
        })?;
        let (Some(input), Some(output), Some(errors)) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        ) else {
            return Err(unreachable("its pipes could not be made".into()));
        };
        let pipe = Pipe::new(server.clone(), max_message);
        let mut process = Process::new(process);
        let words = LastWords::default();
        let ended = CancellationToken::new();
        let driving = pipe.drive(output, input, hearing.clone());
        let closing = pipe.closing();
        let done = ended.clone().drop_guard();
        let server = server.clone();
        let fail = pipe.failing();
        hearing.tasks().spawn(async move {
            let said = CancellationToken::new();
            let listening = async {
                listen(errors, words.clone(), server).await;
                said.cancel();
                std::future::pending::<()>().await;
            };
            let ending = async {
                // The driver owns both pipes: when it ends, the server reads the end of its input.
                let end = process.drive(driving).await;
                let end_of_process = process.finish().await;
                // Its last words may still be under way.
                let _ = tokio::time::timeout(LAST_WAIT, said.cancelled()).await;
                let is_ours = closing.is_cancelled();
                fail(&if is_ours {
                    end.to_string()
                } else {
                    format!("{end}; {end_of_process}{}", words.told())
                });
            };
            // What keeps its standard error open after the server has ended keeps nobody waiting.
            tokio::select! {
                biased;
                () = ending => {}
                () = listening => {}
            }
            drop(done);
        });
        Ok(Self { pipe, ended })
    }

    pub(super) fn pipe(&self) -> &Pipe {
        &self.pipe
    }

    /// Closes its input and waits until it has ended.
    pub(super) async fn close(&self) {
        self.pipe.close();
        self.ended.cancelled().await;
    }
}

/// The end of what a server wrote to its standard error.
#[derive(Clone, Default)]
struct LastWords(Arc<Mutex<VecDeque<u8>>>);

impl LastWords {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }

    fn told(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = text
            .get(text.len().saturating_sub(LAST_LINES)..)
            .unwrap_or_default();
        match last {
            [] => String::new(),
            lines => format!("; its last words: {}", shown(&lines.join(" | "), LONGEST)),
        }
    }
}

/// Reads what a server says to people: it goes to our log, and its end into errors.
async fn listen(mut errors: ChildStderr, words: LastWords, server: Arc<str>) {
    let mut buffer = [0; 4096];
    while let Ok(read) = errors.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        words.add(bytes);
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            tracing::debug!(target: "midfield::server", server = %server, "{}", line.escape_debug());
        }
    }
}

/// How long its last words may take after its end.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// How much of what it wrote to its standard error is kept, in bytes.
const LAST_WORDS: usize = 4096;

/// How many lines of it are told, and how many characters of them.
const LAST_LINES: usize = 3;
const LONGEST: usize = 500;

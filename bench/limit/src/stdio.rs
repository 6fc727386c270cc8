//! The stdio side: a line in, a line out, written when no further line is waiting.

use std::io::{self, BufRead, BufReader, Write};

use crate::answer::{Answer, answer};

/// Serves until its input ends.
pub(crate) fn serve() -> io::Result<()> {
    let mut input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let mut output = io::stdout().lock();
    let mut line = Vec::with_capacity(4 * 1024);
    let mut waiting = Vec::with_capacity(64 * 1024);
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match answer(&line) {
            Ok(Answer::One(message) | Answer::Initialized(message)) => push(&mut waiting, &message),
            Ok(Answer::Progress(progress)) => progress
                .messages()
                .for_each(|message| push(&mut waiting, &message)),
            Ok(Answer::Nothing) | Err(_) => {}
        }
        if input.buffer().is_empty() && !waiting.is_empty() {
            output.write_all(&waiting)?;
            output.flush()?;
            waiting.clear();
        }
    }
}

fn push(waiting: &mut Vec<u8>, message: &[u8]) {
    waiting.extend_from_slice(message);
    waiting.push(b'\n');
}

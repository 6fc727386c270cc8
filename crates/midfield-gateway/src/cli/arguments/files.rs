//! The files, and stdin, that words name: read before anything else, and so that Ctrl-C and `--timeout` can end it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use crate::cli::text::line;

/// What was read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Reads what `words` (`name=@FILE`, `name:=@-`) and an option such as `--args` (`@FILE`, `-`) name.
    ///
    /// # Errors
    /// With the first that cannot be read.
    ///
    /// # Cancel safety
    /// When the future is dropped, a thread may go on to wait for stdin or a pipe. Nobody waits for it.
    pub(in crate::cli) async fn of(words: &[String], option: Option<&str>) -> Result<Self, String> {
        let texts = words.iter().filter_map(|word| word.split_once('='));
        let texts = texts.filter_map(|(_, text)| text.strip_prefix('@'));
        // Each once: stdin has nothing more when it is read again.
        let names: BTreeSet<String> = texts
            .chain(option.and_then(named))
            .map(str::to_owned)
            .collect();
        let read = move || {
            let files = names.into_iter().map(|name| {
                let bytes = read_file(&name)?;
                Ok((name, bytes))
            });
            files.collect::<Result<_, _>>().map(Self)
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|error| format!("could not read what is named: {error}"))?
    }

    /// Gives what a name stands for, of those that were read.
    pub(in crate::cli) fn reader(&self) -> impl FnMut(&str) -> Result<Vec<u8>, String> {
        |name| {
            let bytes = self.0.get(name).cloned();
            bytes.ok_or_else(|| format!("{} was not read", line(name)))
        }
    }
}

/// The file that an option such as `--args` names.
pub(super) fn named(text: &str) -> Option<&str> {
    text.strip_prefix('@')
        .or_else(|| (text == "-").then_some("-"))
}

/// Reads a file of this machine, or stdin for `-`. It may wait for ever, which nothing ends where it is not in a thread of its own.
fn read_file(name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = match name {
        "-" => std::io::stdin()
            .lock()
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes),
        name => std::fs::File::open(name)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("could not read {}: {error}", line(name)))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
        return Err(format!("{} has more than {MAX_FILE} bytes", line(name)));
    }
    Ok(bytes)
}

/// Most bytes of a file.
const MAX_FILE: u64 = 64 << 20;

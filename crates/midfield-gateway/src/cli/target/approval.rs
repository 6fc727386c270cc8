//! Consent to a command that a file names: it is shown whole, and asked for once
//! ([SEP-1024](https://modelcontextprotocol.io/seps/1024-mcp-client-security-requirements-for-local-server-)).
//!
//! What was approved is kept as a digest of the command, its arguments, its variables and its folder. Whatever changes in the file
//! is asked anew.

use std::fmt::Write as _;
use std::io::{BufRead, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use midfield::client::config::{Entry, Process};
use sha2::{Digest as _, Sha256};

use super::{Around, Origin, Resolved};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;
use crate::cli::{entry, note};

/// Whether somebody agreed to start a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    /// Nobody needs to: no file starts anything, or the file is the user's own.
    NotNeeded,
    /// Given before.
    Known,
    /// Given now, and remembered.
    Given,
}

impl Resolved {
    /// Gets the consent to start what a file names, before it is started. `is_agreed` says that it was given on the command line;
    /// else whoever is there is asked.
    ///
    /// # Errors
    /// When it is not given, or nobody is there to give it.
    pub(in crate::cli) fn consent(
        &self,
        around: &Around,
        is_agreed: bool,
    ) -> anyhow::Result<Consent> {
        let (Entry::Command(command), Origin::Foreign(path)) = (&self.entry, &self.origin) else {
            return Ok(Consent::NotNeeded);
        };
        let digest = digest(command, &around.folder);
        let kept = around
            .places
            .as_ref()
            .map(|places| places.state.join("midfield/approved"));
        if let Some(kept) = &kept
            && holds(kept, &digest)?
        {
            note(&format!(
                "starts {} (of {})",
                entry::command_line(command),
                path.display()
            ));
            return Ok(Consent::Known);
        }
        let mut out = std::io::stderr();
        out.write_all(
            self.question(path, command.folder.as_deref().unwrap_or(&around.folder))
                .as_bytes(),
        )?;
        if !is_agreed {
            ask(&mut out)?;
        }
        match &kept {
            Some(kept) => remember(kept, &digest)?,
            None => {
                note("this cannot be remembered: the user has no folder (`HOME`)");
            }
        }
        Ok(Consent::Given)
    }

    fn question(&self, path: &Path, folder: &Path) -> String {
        let mut text = format!(
            "`{}`, of {}, starts a command on this machine:\n\n",
            line(&self.name),
            path.display()
        );
        text.push_str(&entry::lines(
            &self.entry,
            &entry::unusual(&self.entry),
            "  ",
        ));
        let _ = write!(
            text,
            "\nIt runs with all your rights, in {}, and may do harm: agree only if you know where it comes from.\n",
            folder.display()
        );
        text
    }
}

/// Asks whoever is there.
fn ask(out: &mut impl Write) -> anyhow::Result<()> {
    if !crate::cli::person::is_there() {
        let told = "nobody is there to agree to start it: `midfield approve SERVER` asks you at a terminal, `--yes` agrees";
        return Err(Ended::new(Exit::NeedsAnswer, told).into());
    }
    out.write_all(b"Start it, now and later? [y/N]: ")?;
    out.flush()?;
    let mut said = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_ANSWER)
        .read_line(&mut said)?;
    match said.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Ended::new(Exit::Failed, "it was not started: you did not agree").into()),
    }
}

/// All that decides what a command does, in one number.
fn digest(process: &Process, folder: &Path) -> String {
    let mut variables: Vec<(&str, &str)> = process.environment.iter().collect();
    variables.sort_unstable();
    let folder = process.folder.clone().unwrap_or_else(|| folder.to_owned());
    let mut hash = Sha256::new();
    let mut put = |part: &[u8]| {
        // With its length, so that nothing can move from one part to the next.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    };
    put(b"midfield approval 1");
    put(folder.as_os_str().as_encoded_bytes());
    put(process.program.as_bytes());
    put(&process.arguments.len().to_be_bytes());
    for argument in &process.arguments {
        put(argument.as_bytes());
    }
    for (name, value) in variables {
        put(name.as_bytes());
        put(value.as_bytes());
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn holds(kept: &Path, digest: &str) -> anyhow::Result<bool> {
    let file = match std::fs::File::open(kept) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.with_context(|| format!("could not open {}", kept.display()))?,
    };
    let mut text = String::new();
    file.take(MAX_KEPT)
        .read_to_string(&mut text)
        .with_context(|| format!("could not read {}", kept.display()))?;
    Ok(text.lines().any(|line| line == digest))
}

fn remember(kept: &PathBuf, digest: &str) -> anyhow::Result<()> {
    let write = || {
        if let Some(folder) = kept.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        // In one write, so that two commands at once do not mix their lines.
        options
            .open(kept)?
            .write_all(format!("{digest}\n").as_bytes())
    };
    write().with_context(|| format!("could not remember the approval in {}", kept.display()))
}

/// Most bytes of an answer.
const MAX_ANSWER: u64 = 1 << 10;
/// Most bytes that are read of what is remembered: some 16,000 approvals.
const MAX_KEPT: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_what_runs_changes_the_digest() {
        let of = |words: &[&str], variable: &str, folder: &str| {
            let mut process = Process::new(words[0], words[1..].to_vec());
            process.environment.set("A", variable);
            digest(&process, Path::new(folder))
        };
        let first = of(&["x", "a", "b"], "v", "/p");
        assert_eq!(first, of(&["x", "a", "b"], "v", "/p"));
        for other in [
            of(&["x", "ab"], "v", "/p"),
            of(&["x", "a", "b", "c"], "v", "/p"),
            of(&["y", "a", "b"], "v", "/p"),
            of(&["x", "a", "b"], "w", "/p"),
            of(&["x", "a", "b"], "v", "/q"),
        ] {
            assert_ne!(first, other);
        }
    }
}

//! Consent to what a file wants: it is shown whole, and asked for once
//! ([SEP-1024](https://modelcontextprotocol.io/seps/1024-mcp-client-security-requirements-for-local-server-)).
//!
//! What was approved is kept as a digest. Whatever changes in the file is asked anew.

use std::io::{BufRead, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::wish::Act;
use super::{Around, Resolved};
use crate::cli::exit::{Ended, Exit};
use crate::cli::{entry, note};

/// Whether somebody agreed to what a file wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    /// Nobody needs to: no file starts anything or gets what is the user's, or the file is the user's own.
    NotNeeded,
    /// Given before.
    Known,
    /// Given now, and remembered.
    Given,
}

impl Resolved {
    /// Gets the consent to what a file wants, before it is done. `given` is what the command line sends to the server, in words;
    /// `is_agreed` says that the consent was given on the command line; else whoever is there is asked.
    ///
    /// # Errors
    /// When it is not given, or nobody is there to give it.
    pub(in crate::cli) fn consent(
        &self,
        around: &Around,
        given: &[String],
        is_agreed: bool,
    ) -> anyhow::Result<Consent> {
        let Some(wish) = self.wish(around, given) else {
            return Ok(Consent::NotNeeded);
        };
        let kept = around
            .places
            .as_ref()
            .map(|places| places.state.join("midfield/approved"));
        if let Some(kept) = &kept
            && holds(kept, &wish.digest)?
        {
            note(&wish.known);
            return Ok(Consent::Known);
        }
        let mut out = std::io::stderr();
        out.write_all(wish.shown.as_bytes())?;
        if !is_agreed {
            ask(&mut out, wish.act)?;
        }
        match &kept {
            Some(kept) => remember(kept, &wish.digest)?,
            None => {
                note("this cannot be remembered: the user has no folder (`HOME`)");
            }
        }
        Ok(Consent::Given)
    }
}

impl Act {
    const fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Send => "send",
        }
    }

    const fn question(self) -> &'static str {
        match self {
            Self::Start => "Start it, now and later? [y/N]: ",
            Self::Send => "Send it, now and later? [y/N]: ",
        }
    }

    const fn refused(self) -> &'static str {
        match self {
            Self::Start => "it was not started: you did not agree",
            Self::Send => "nothing was sent: you did not agree",
        }
    }
}

/// Asks whoever is there.
fn ask(out: &mut impl Write, act: Act) -> anyhow::Result<()> {
    if !crate::cli::person::is_there() {
        let told = format!(
            "nobody is there to agree to {} it: at a terminal you are asked, `midfield approve SERVER` asks beforehand, `--yes` agrees",
            act.verb()
        );
        return Err(Ended::new(Exit::NeedsAnswer, told).into());
    }
    out.write_all(act.question().as_bytes())?;
    out.flush()?;
    let mut said = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_ANSWER)
        .read_line(&mut said)?;
    match said.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Ended::new(Exit::Failed, act.refused()).into()),
    }
}

fn holds(kept: &Path, digest: &str) -> anyhow::Result<bool> {
    let file = match std::fs::File::open(kept) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.with_context(|| format!("could not open {}", entry::path(kept)))?,
    };
    let mut text = String::new();
    file.take(MAX_KEPT)
        .read_to_string(&mut text)
        .with_context(|| format!("could not read {}", entry::path(kept)))?;
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
    write().with_context(|| format!("could not remember the approval in {}", entry::path(kept)))
}

/// Most bytes of an answer.
const MAX_ANSWER: u64 = 1 << 10;
/// Most bytes that are read of what is remembered: some 16,000 approvals.
const MAX_KEPT: u64 = 1 << 20;

//! `midfield keys`: the keys that seal what clients carry for the server.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use midfield::KeyRing;

use super::{Verdict, print};

/// The arguments of `midfield keys`.
#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Put a new key before the others. Servers take it at their next start; what was sealed with the keys
    /// that are kept still opens.
    Rotate {
        /// The file that `keys` in the configuration names.
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// How many of the former keys are kept. 0 ends all sessions.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        keep: usize,
    },
}

impl Keys {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let Action::Rotate { file, keep } = &self.action;
        let ring = KeyRing::rotate_file(file, *keep)
            .with_context(|| format!("could not rotate the keys in {}", file.display()))?;
        print(&format!(
            "{}: {} keys, the first one is new; restart the servers that use it\n",
            file.display(),
            ring.len()
        ))?;
        Ok(Verdict::Fine)
    }
}

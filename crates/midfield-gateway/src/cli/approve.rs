//! `midfield approve`: consent to what a file wants, before it is needed.

use clap::Args;

use super::exit::Exit;
use super::target::{Around, Consent, Target};
use super::{Verdict, print};

/// The arguments of `midfield approve`.
#[derive(Debug, Args)]
#[command(after_help = Exit::help())]
pub(super) struct Approve {
    #[command(flatten)]
    target: Target,
}

impl Approve {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let around = Around::of_process()?;
        let resolved = self.target.resolve(&around)?;
        let told = match resolved.consent(&around, &[], self.target.is_agreed())? {
            Consent::NotNeeded => "no approval is needed",
            Consent::Known => "approved before",
            Consent::Given => "approved",
        };
        print(&format!("{told}\n"))?;
        Ok(Verdict::Fine)
    }
}

//! `midfield tools`: the tools, as signatures or as JSON.

use std::fmt::Write as _;

use clap::Args;
use midfield::types;
use serde::Serialize;

use super::signature::signature;
use super::{Subject, Verdict, block_on, print};
use crate::config::Config;
use crate::gateway::Gateway;

/// The arguments of `midfield tools`.
#[derive(Debug, Args)]
pub(super) struct Tools {
    #[command(flatten)]
    subject: Subject,

    /// Print an array with everything that clients learn, for programs.
    #[arg(long)]
    json: bool,
}

/// A tool for programs.
#[derive(Serialize)]
struct Listed<'a> {
    /// The source that gives it.
    source: &'a str,
    /// The operation behind it: method and path.
    operation: String,
    signature: String,
    /// As clients see it.
    tool: &'a types::Tool,
}

impl Tools {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let config = self.subject.config()?;
        let gateway = block_on(Gateway::open(&config))?;
        let listed: Vec<Listed<'_>> = gateway
            .opened()
            .flat_map(|opened| {
                opened.offers.iter().map(|offer| Listed {
                    source: &opened.name,
                    operation: offer.label(),
                    signature: signature(&offer.description),
                    tool: &offer.description,
                })
            })
            .collect();
        let text = if self.json {
            serde_json::to_string_pretty(&listed)? + "\n"
        } else {
            listing(&listed)
        };
        print(&text)?;
        self.verdict(&config, &gateway)
    }

    fn verdict(&self, config: &Config, gateway: &Gateway) -> anyhow::Result<Verdict> {
        let wrong = gateway.wrong();
        let wrong: Vec<String> = wrong.iter().map(|finding| finding.text(config)).collect();
        anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        let left_out: usize = gateway.opened().map(|opened| opened.left_out.len()).sum();
        if left_out > 0 {
            let told = format!(
                "{left_out} {} left out: `midfield check {}` says why\n",
                if left_out == 1 {
                    "operation is"
                } else {
                    "operations are"
                },
                self.subject.words()
            );
            // Without stderr there is nobody to tell.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
        }
        Ok(Verdict::Fine)
    }
}

fn listing(listed: &[Listed<'_>]) -> String {
    let mut text = String::new();
    for Listed {
        signature, tool, ..
    } in listed
    {
        let _ = writeln!(text, "{signature}");
        if let Some(line) = tool
            .description
            .as_deref()
            .and_then(|text| text.lines().next())
        {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

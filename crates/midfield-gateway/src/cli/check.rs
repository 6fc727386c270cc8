//! `midfield check`: what is wrong, and what is left out.

use std::fmt::Write as _;

use clap::Args;

use super::{Subject, Verdict, block_on, count, print};
use crate::config::{Config, Finding};
use crate::gateway::Gateway;
use crate::source::{self, Opened, clean};

/// The arguments of `midfield check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    subject: Subject,
}

impl Check {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let config = self.subject.config()?;
        let gateway = block_on(Gateway::open(&config))?;
        let mut report = Report::default();
        for opened in gateway.opened() {
            report.source(&config, opened);
        }
        report.wrong(&config, gateway.wrong());
        for source in &config.sources {
            if let Err(findings) = source::fetch_credentials(source) {
                report.wrong(&config, &findings);
            }
        }
        report.end();
        print(&report.text)?;
        Ok(if report.wrong == 0 {
            Verdict::Fine
        } else {
            Verdict::Wrong
        })
    }
}

/// What is printed, and how much of it is wrong.
#[derive(Default)]
struct Report {
    text: String,
    wrong: usize,
}

impl Report {
    fn source(&mut self, config: &Config, opened: &Opened) {
        let Opened { name, left_out, .. } = opened;
        let mut head = format!("{name}: {}", count(opened.offers.len(), "tool"));
        if !left_out.is_empty() {
            let _ = write!(head, ", {} left out", left_out.len());
        }
        if opened.unwanted > 0 {
            let _ = write!(head, ", {} not selected", opened.unwanted);
        }
        self.line(&head);
        for left_out in left_out {
            self.line(&format!(
                "  left out: {}: {}",
                left_out.operation, left_out.reason
            ));
        }
        for note in &opened.notes {
            self.line(&format!("  note: {note}"));
        }
        self.wrong(config, &opened.problems);
    }

    fn wrong<'a>(&mut self, config: &Config, findings: impl IntoIterator<Item = &'a Finding>) {
        for finding in findings {
            let told = clean(&finding.text(config));
            self.line(&format!("wrong: {told}"));
            self.wrong += 1;
        }
    }

    fn end(&mut self) {
        match self.wrong {
            0 => self.line("nothing is wrong"),
            1 => self.line("1 thing is wrong"),
            count => self.line(&format!("{count} things are wrong")),
        }
    }

    /// One line, whatever the text holds.
    fn line(&mut self, text: &str) {
        let indent: String = text
            .chars()
            .take_while(|character| *character == ' ')
            .collect();
        let words: Vec<&str> = text.split_whitespace().collect();
        let _ = writeln!(self.text, "{indent}{}", words.join(" "));
    }
}

//! `midfield check`: what is wrong, and what is left out.

use std::fmt::Write as _;

use clap::Args;

use midfield::server::Synchronous;
use midfield::types::TaskSupport;

use super::{Subject, Verdict, block_on, count, print};
use crate::config::{Config, Finding, TaskStore};
use crate::gateway::Gateway;
use crate::source::{self, Offer, Opened, clean};

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
        report.tasks(&config, &gateway);
        report.wrong(&config, gateway.wrong());
        report.wrong(&config, &gateway.unknown);
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

    /// Where tasks are kept, and how many tools run as such.
    fn tasks(&mut self, config: &Config, gateway: &Gateway) {
        let Some(tasks) = &config.tasks else { return };
        let store = match &tasks.store {
            TaskStore::Memory => "kept in memory, they end with the process".to_owned(),
            TaskStore::File(path, Synchronous::Normal) => format!(
                "kept in {}; a loss of power may take back the last moments",
                path.display()
            ),
            TaskStore::File(path, _) => format!("kept in {}", path.display()),
        };
        self.line(&format!("tasks: {}", clean(&store)));
        for support in [TaskSupport::Optional, TaskSupport::Required] {
            let offers = gateway.opened().flat_map(|opened| &opened.offers);
            let tools = offers.filter(|offer| offer.description.task_support() == support);
            let names: Vec<&str> = tools.map(Offer::name).collect();
            let word = match support {
                TaskSupport::Required => "required",
                _ => "optional",
            };
            if !names.is_empty() {
                self.line(&format!("  {word}: {}", names.join(", ")));
            }
        }
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

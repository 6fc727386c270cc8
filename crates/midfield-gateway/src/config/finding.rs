//! Something wrong in a configuration that shows only when it is put to use.

use super::{Config, Place};

/// Something wrong in a configuration that shows only when it is put to use: a name that the document
/// does not have, a secret that is not there.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Where it is written; `None` when the command line said it.
    pub(crate) place: Option<Place>,
    /// What is wrong, and what to do about it.
    pub(crate) told: String,
}

impl Finding {
    /// What is told, with its place in the file of `config`.
    pub(crate) fn text(&self, config: &Config) -> String {
        match (&config.file, self.place) {
            (Some(file), Some(place)) => format!("{}:{place}: {}", file.display(), self.told),
            _ => self.told.clone(),
        }
    }
}

/// All findings, a line each.
pub(crate) fn texts(findings: &[Finding], config: &Config) -> String {
    let texts: Vec<String> = findings
        .iter()
        .map(|finding| finding.text(config))
        .collect();
    texts.join("\n")
}

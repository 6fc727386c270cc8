//! The path of an operation as a template: fixed text and parameters.

use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::Reason;
use crate::request::{LITERAL, LITERAL_QUERY};

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that is sent as it is, already percent-encoded.
    Literal(String),
    /// The path parameter of this name.
    Parameter(String),
}

/// A path template, split before its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) path: Vec<Part>,
    /// What some documents write behind a `?` in a path.
    pub(crate) query: Vec<Part>,
}

impl Template {
    /// Reads a path. What follows a `#` is dropped: it only tells operations apart.
    pub(super) fn parse(text: &str) -> Result<Self, Reason> {
        let text = text.split('#').next().unwrap_or_default();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = parts(&format!("{slash}{path}"), LITERAL)?;
        let template = Self {
            path,
            query: parts(query, LITERAL_QUERY)?,
        };
        if template.parameters().count() > MAX_PARAMETERS {
            return Err(Reason::InvalidPath("it has too many parameters".to_owned()));
        }
        let fixed: String = template.path.iter().map(Part::or_placeholder).collect();
        if fixed.split('/').any(is_dots) {
            return Err(Reason::InvalidPath(
                "it has `.` or `..` as a segment".to_owned(),
            ));
        }
        Ok(template)
    }

    /// The names of all parameters, in order.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.path
            .iter()
            .chain(&self.query)
            .filter_map(|part| match part {
                Part::Parameter(name) => Some(name.as_str()),
                Part::Literal(_) => None,
            })
    }
}

impl Part {
    fn or_placeholder(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Parameter(_) => "x",
        }
    }
}

fn parts(text: &str, set: &'static AsciiSet) -> Result<Vec<Part>, Reason> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Reason::InvalidPath("a `{` is never closed".to_owned()));
        };
        if !before.is_empty() {
            parts.push(Part::Literal(literal(before, set)));
        }
        parts.push(Part::Parameter(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(literal(rest, set)));
    }
    Ok(parts)
}

/// Fixed text, with what a URL cannot hold percent-encoded; `%` and reserved characters stay.
fn literal(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

/// Whether a URL parser would take this segment out of the path.
pub(crate) fn is_dots(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    decoded == "." || decoded == ".."
}

/// Parameters that a path may have.
const MAX_PARAMETERS: usize = 100;

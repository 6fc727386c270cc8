//! Sources: services that are described by a document, and whose operations become tools.
//!
//! Opening a source reads its document and decides which operations become tools; nothing is called and
//! no secret is looked up. [`into_tool`] then puts the code behind each of them.

mod address;
mod answer;
mod call;
mod client;
mod credentials;
mod document;
mod job;
mod offer;
mod process;
mod record;
mod text;

use std::collections::BTreeMap;

use midfield_openapi::{Entry, Options, Requirement};

use crate::config::{self, Fact, Finding, Place, Selection, nearest};

pub(crate) use self::call::into_tool;
pub(crate) use self::client::Clients;
pub(crate) use self::credentials::fetch as fetch_credentials;
pub(crate) use self::offer::Offer;
pub(crate) use self::process::Process;
pub(crate) use self::text::clean;

/// A source whose document was read.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The name of the source.
    pub(crate) name: String,
    /// Where the configuration describes it.
    pub(crate) place: Option<Place>,
    /// What becomes a tool, in the order of the document.
    pub(crate) offers: Vec<Offer>,
    /// What cannot become one.
    pub(crate) left_out: Vec<LeftOut>,
    /// How many operations the configuration does not want.
    pub(crate) unwanted: usize,
    /// What is wrong in the configuration of the source.
    pub(crate) problems: Vec<Finding>,
    /// What a person may want to know of the document.
    pub(crate) notes: Vec<String>,
}

/// An operation that has no tool.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// Which one: its method and path.
    pub(crate) operation: String,
    /// Why, and what to do about it.
    pub(crate) reason: String,
}

impl Opened {
    /// Reads the document of `source` and decides what becomes a tool.
    pub(crate) async fn read(source: &config::Source, clients: &Clients) -> anyhow::Result<Self> {
        let document = document::read(source, clients).await?;
        let entries = document.entries();
        let mut opened = Self {
            name: source.name.clone(),
            place: source.place,
            offers: Vec::new(),
            left_out: Vec::new(),
            unwanted: 0,
            problems: findings(source, &entries),
            notes: document
                .warnings()
                .iter()
                .map(|warning| clean(warning))
                .collect(),
        };
        let mut options = Options::default();
        options.base_url.clone_from(&source.base_url);
        options
            .server_variables
            .clone_from(&source.server_variables);
        for entry in &entries {
            opened.add(source, entry, &options);
        }
        opened.note_missing_secrets(source);
        Ok(opened)
    }

    fn add(&mut self, source: &config::Source, entry: &Entry<'_>, options: &Options) {
        if !is_wanted(source, &fact(entry)) {
            self.unwanted += 1;
            return;
        }
        let offer = entry
            .operation(options)
            .map_err(|skipped| skipped.reason.to_string())
            .and_then(|operation| Offer::new(source, operation).map_err(|error| error.to_string()));
        match offer {
            Ok(offer) => {
                let notes = offer.operation.notes.iter();
                self.notes
                    .extend(notes.map(|note| format!("{}: {}", offer.name(), clean(note))));
                self.offers.push(offer);
            }
            Err(reason) => self.left_out.push(LeftOut {
                operation: clean(&format!("{} {}", entry.method, entry.path)),
                reason: clean(&reason),
            }),
        }
    }

    /// A call may do without, and the service then answers what it thinks of that.
    fn note_missing_secrets(&mut self, source: &config::Source) {
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for offer in &self.offers {
            let alternatives = &offer.operation.security;
            let is_met = |requirement: &Requirement| {
                let mut schemes = requirement.schemes.iter();
                schemes.all(|required| source.secrets.contains_key(&required.name))
            };
            if !alternatives.is_empty() && !alternatives.iter().any(is_met) {
                *missing.entry(in_words(alternatives)).or_default() += 1;
            }
        }
        self.notes.extend(missing.into_iter().map(|(words, count)| {
            let tools = if count == 1 {
                "1 tool asks"
            } else {
                &format!("{count} tools ask")
            };
            let table = format!("[sources.{}.secrets]", self.name);
            format!("{tools} for a secret that is not set: write {words} under {table}")
        }));
    }
}

/// The secrets that each alternative asks for.
fn in_words(alternatives: &[Requirement]) -> String {
    let words = alternatives.iter().map(|requirement| {
        let names = requirement
            .schemes
            .iter()
            .map(|required| format!("`{}`", clean(&required.name)));
        names.collect::<Vec<_>>().join(" and ")
    });
    words.collect::<Vec<_>>().join(", or ")
}

fn fact<'a>(entry: &'a Entry<'_>) -> Fact<'a> {
    Fact {
        tags: &entry.tags,
        method: entry.method.as_str(),
        path: entry.path,
        id: entry.operation_id,
        name: &entry.name,
    }
}

fn is_wanted(source: &config::Source, fact: &Fact<'_>) -> bool {
    let included = source.include.is_empty() || source.include.iter().any(|part| part.fits(fact));
    included && !source.exclude.iter().any(|part| part.fits(fact))
}

/// What the configuration names and the document does not have.
fn findings(source: &config::Source, entries: &[Entry<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for selection in source.include.iter().chain(&source.exclude) {
        check_selection(selection, entries, &mut findings);
    }
    for (operation, name) in &source.rename {
        if !entries.iter().any(|entry| fact(entry).is_called(operation)) {
            let what = format!("`rename` names the operation `{operation}`");
            findings.push(unknown(
                name.place,
                &what,
                operation,
                operation_names(entries),
            ));
        }
    }
    for (operation, jobs) in &source.operation_jobs {
        if !entries.iter().any(|entry| fact(entry).is_called(operation)) {
            let what = format!("`jobs.operations` names the operation `{operation}`");
            let known = operation_names(entries);
            findings.push(unknown(jobs.place, &what, operation, known));
        }
    }
    findings
}

fn check_selection(selection: &Selection, entries: &[Entry<'_>], findings: &mut Vec<Finding>) {
    for tag in selection.tags.iter().flatten() {
        let mut tags = entries.iter().flat_map(|entry| entry.tags.iter().copied());
        if !tags.any(|known| known == tag.value) {
            let known = entries.iter().flat_map(|entry| entry.tags.iter().copied());
            let what = format!("a selection names the tag `{}`", tag.value);
            findings.push(unknown(tag.place, &what, &tag.value, known));
        }
    }
    for word in selection.operations.iter().flatten() {
        if !entries
            .iter()
            .any(|entry| fact(entry).is_called(&word.value))
        {
            let what = format!("a selection names the operation `{}`", word.value);
            findings.push(unknown(
                word.place,
                &what,
                &word.value,
                operation_names(entries),
            ));
        }
    }
    for path in selection.paths.iter().flatten() {
        if !entries.iter().any(|entry| path.value.matches(entry.path)) {
            let what = format!("a selection names the path `{}`", path.value);
            let known = entries.iter().map(|entry| entry.path);
            findings.push(unknown(path.place, &what, &path.value.to_string(), known));
        }
    }
}

fn operation_names<'a>(entries: &'a [Entry<'_>]) -> impl Iterator<Item = &'a str> {
    let names = entries
        .iter()
        .map(|entry| entry.operation_id.unwrap_or(&entry.name));
    names.collect::<Vec<_>>().into_iter()
}

fn unknown<'a>(
    place: Place,
    what: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Finding {
    let hint = nearest(word, known)
        .map(|nearest| format!("; did you mean `{}`?", clean(nearest)))
        .unwrap_or_default();
    Finding {
        place: Some(place),
        told: format!("{what}, which the document does not have{hint}"),
    }
}

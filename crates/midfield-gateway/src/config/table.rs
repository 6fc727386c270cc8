//! A table of the file, read key by key.
//!
//! Every read key is one that the table may have, so that what is left over at the end is unknown, and
//! the nearest of the known ones can be named.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::{Place, Placed, Reader};

/// A table whose keys are taken out one by one.
pub(super) struct Table<'r, 'i> {
    reader: &'r Reader<'i>,
    /// The dotted name of the table, empty for the root.
    name: String,
    span: Range<usize>,
    entries: BTreeMap<String, Entry<'i>>,
    known: Vec<String>,
    failed: Vec<String>,
}

struct Entry<'i> {
    key: Range<usize>,
    value: Spanned<DeValue<'i>>,
}

/// Why a value does not fit its key: a text that goes on after the key's name, and never quotes a value
/// that may be secret.
pub(super) struct Misfit(String);

impl Misfit {
    pub(super) fn new(told: impl Into<String>) -> Self {
        Self(told.into())
    }
}

impl<'r, 'i> Table<'r, 'i> {
    pub(super) fn new(reader: &'r Reader<'i>, name: String, table: Spanned<DeTable<'i>>) -> Self {
        let span = table.span();
        let entries = table.into_inner().into_iter().map(|(key, value)| {
            let span = key.span();
            (key.into_inner().into_owned(), Entry { key: span, value })
        });
        Self {
            reader,
            name,
            span,
            entries: entries.collect(),
            known: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn reader(&self) -> &'r Reader<'i> {
        self.reader
    }

    pub(super) fn place(&self) -> Place {
        self.reader.place(&self.span)
    }

    /// The keys that are left, in the order of the file.
    pub(super) fn keys_in_order(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.entries.iter().collect();
        keys.sort_by_key(|(_, entry)| entry.key.start);
        keys.into_iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether the value of `key` was there and did not fit.
    pub(super) fn has_failed(&self, key: &str) -> bool {
        self.failed.iter().any(|failed| failed == key)
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.parsed(key, |text| Ok(text.to_owned()))
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Misfit>,
    ) -> Option<T> {
        Some(self.placed(key, parse)?.value)
    }

    /// A text that `parse` understands, with its place.
    pub(super) fn placed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Misfit>,
    ) -> Option<Placed<T>> {
        let value = self.take(key)?.value;
        let parsed = match value.get_ref() {
            DeValue::String(text) => parse(text),
            _ => Err(Misfit::new("takes a text in quotes")),
        };
        self.keep(key, &value.span(), parsed)
    }

    /// A whole number, at least 1.
    pub(super) fn number(&mut self, key: &str) -> Option<NonZeroUsize> {
        Some(self.placed_number(key)?.value)
    }

    /// A whole number, at least 1, with its place.
    pub(super) fn placed_number(&mut self, key: &str) -> Option<Placed<NonZeroUsize>> {
        let value = self.take(key)?.value;
        let number = match value.get_ref() {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number
            .and_then(NonZeroUsize::new)
            .ok_or_else(|| Misfit::new("takes a whole number without quotes, at least 1"));
        self.keep(key, &value.span(), number)
    }

    /// A list of texts that `parse` understands each. One text stands for a list of it.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Misfit>,
    ) -> Option<Vec<T>> {
        let list = self.placed_list(key, parse)?;
        Some(list.into_iter().map(|placed| placed.value).collect())
    }

    /// A list of texts that `parse` understands each, with their places.
    pub(super) fn placed_list<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Misfit>,
    ) -> Option<Vec<Placed<T>>> {
        let value = self.take(key)?.value;
        let span = value.span();
        let items = match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            text @ DeValue::String(_) => vec![Spanned::new(span, text)],
            _ => {
                let misfit = Misfit::new("takes a list of texts, such as [\"a\", \"b\"]");
                self.keep::<()>(key, &span, Err(misfit));
                return None;
            }
        };
        let mut list = Vec::new();
        for item in items {
            let parsed = match item.get_ref() {
                DeValue::String(text) => parse(text),
                _ => Err(Misfit::new("takes a list of texts, such as [\"a\", \"b\"]")),
            };
            list.extend(self.keep(key, &item.span(), parsed));
        }
        Some(list)
    }

    /// A program and its arguments: a list of texts whose first is not empty.
    pub(super) fn command(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.take(key)?.value;
        let span = value.span();
        let words = value.get_ref().as_array().and_then(|items| {
            let words = items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned));
            words.collect::<Option<Vec<String>>>()
        });
        let words = words
            .filter(|words| words.first().is_some_and(|program| !program.is_empty()))
            .ok_or_else(|| {
                let told =
                    "runs without a shell: write a list, such as [\"python3\", \"service.py\"]";
                Misfit::new(told)
            });
        Some(self.keep(key, &span, words)?.value)
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &str) -> Option<Self> {
        let value = self.take(key)?.value;
        self.as_table(key, value, "takes a table: { key = value }")
    }

    /// A table below this one, or several in a list.
    pub(super) fn tables(&mut self, key: &str) -> Vec<Self> {
        let Some(Entry { value, .. }) = self.take(key) else {
            return Vec::new();
        };
        let span = value.span();
        let items: Vec<_> = match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            other => vec![Spanned::new(span, other)],
        };
        let told = "takes a table or a list of tables: { key = [\"value\"] }";
        items
            .into_iter()
            .filter_map(|item| self.as_table(key, item, told))
            .collect()
    }

    fn as_table(&mut self, key: &str, value: Spanned<DeValue<'i>>, told: &str) -> Option<Self> {
        let span = value.span();
        if let DeValue::Table(table) = value.into_inner() {
            return Some(self.below(key, Spanned::new(span, table)));
        }
        self.report_value(key, &span, told);
        None
    }

    /// Takes any value, with the place of the value. For values that may be secret: nothing is told of
    /// them here.
    pub(super) fn value(&mut self, key: &str) -> Option<Spanned<DeValue<'i>>> {
        Some(self.take(key)?.value)
    }

    /// The table that `value` is, under the name of `key`.
    pub(super) fn below(&self, key: &str, value: Spanned<DeTable<'i>>) -> Self {
        Table::new(self.reader, self.path_of(key), value)
    }

    /// Says what is wrong with the table as a whole.
    pub(super) fn report(&self, told: &str) {
        let text = if self.name.is_empty() {
            told.to_owned()
        } else {
            format!("`{}` {told}", self.name)
        };
        self.reader.report(self.span.clone(), text);
    }

    /// Says what is wrong with the key itself, which is still there.
    pub(super) fn report_key(&self, key: &str, told: &str) {
        if let Some(entry) = self.entries.get(key) {
            let text = format!("`{key}` {told}");
            self.reader.report(entry.key.clone(), text);
        }
    }

    /// Says what is wrong with the value at `span` of `key`.
    pub(super) fn report_value(&mut self, key: &str, span: &Range<usize>, told: &str) {
        self.keep::<()>(key, span, Err(Misfit::new(told)));
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, entry) in &self.entries {
            let nearest = nearest(key, self.known.iter().map(String::as_str));
            let hint = nearest.map_or_else(
                || format!("; there are {}", quoted(&self.known)),
                |nearest| format!("; did you mean `{nearest}`?"),
            );
            let place = if self.name.is_empty() {
                String::new()
            } else {
                format!(" in `{}`", self.name)
            };
            let text = format!("unknown key `{key}`{place}{hint}");
            self.reader.report(entry.key.clone(), text);
        }
    }

    fn take(&mut self, key: &str) -> Option<Entry<'i>> {
        self.known.push(key.to_owned());
        self.entries.remove(key)
    }

    fn keep<T>(
        &mut self,
        key: &str,
        span: &Range<usize>,
        parsed: Result<T, Misfit>,
    ) -> Option<Placed<T>> {
        let place = self.reader.place(span);
        match parsed {
            Ok(value) => Some(Placed { place, value }),
            Err(Misfit(told)) => {
                self.failed.push(key.to_owned());
                self.reader.report(span.clone(), format!("`{key}` {told}"));
                None
            }
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }
}

/// The one of `known` that was probably meant by `word`.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = known.into_iter().map(|candidate| {
        let score = strsim::jaro_winkler(&word, &candidate.to_lowercase());
        (candidate, score)
    });
    scored
        .filter(|(_, score)| *score > NEAR)
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .map(|(candidate, _)| candidate)
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// How alike two words are before one is proposed for the other; 1 is equal.
const NEAR: f64 = 0.8;

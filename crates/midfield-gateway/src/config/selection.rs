//! Which operations of a document become tools.

use wildmatch::WildMatch;

use super::place::Placed;
use super::table::{Misfit, Table};

/// A description of operations. An operation fits when it fits every key that is given; a key fits by
/// any of its values.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) tags: Option<Vec<Placed<String>>>,
    pub(crate) methods: Option<Vec<Placed<String>>>,
    pub(crate) paths: Option<Vec<Placed<WildMatch>>>,
    pub(crate) operations: Option<Vec<Placed<String>>>,
}

/// What is known of an operation before it is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact<'a> {
    pub(crate) tags: &'a [&'a str],
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The `operationId`, when there is one.
    pub(crate) id: Option<&'a str>,
    /// The name that its tool has before prefix and renaming, which stands for a missing id.
    pub(crate) name: &'a str,
}

impl Fact<'_> {
    /// Whether the configuration means this operation by `word`.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.id == Some(word) || self.name == word
    }
}

impl Selection {
    /// Whether the operation is one of those described.
    pub(crate) fn fits(&self, fact: &Fact<'_>) -> bool {
        any(self.tags.as_ref(), |tag| fact.tags.contains(&tag.as_str()))
            && any(self.methods.as_ref(), |method| method == fact.method)
            && any(self.paths.as_ref(), |path| path.matches(fact.path))
            && any(self.operations.as_ref(), |word| fact.is_called(word))
    }
}

/// Whether any of the values fits; also when the key is not given.
fn any<T>(values: Option<&Vec<Placed<T>>>, fits: impl Fn(&T) -> bool) -> bool {
    values.is_none_or(|values| values.iter().any(|placed| fits(&placed.value)))
}

/// Reads one selection.
pub(super) fn read(mut table: Table<'_, '_>) -> Selection {
    let text = |text: &str| Ok(text.to_owned());
    let selection = Selection {
        tags: table.placed_list("tags", text),
        methods: table.placed_list("methods", parse_method),
        paths: table.placed_list("paths", parse_path),
        operations: table.placed_list("operations", text),
    };
    let is_empty = selection.tags.is_none()
        && selection.methods.is_none()
        && selection.paths.is_none()
        && selection.operations.is_none();
    let failed = ["tags", "methods", "paths", "operations"];
    if is_empty && !failed.iter().any(|key| table.has_failed(key)) {
        table.report("describes nothing: give it `tags`, `methods`, `paths` or `operations`");
    }
    table.finish();
    selection
}

fn parse_method(text: &str) -> Result<String, Misfit> {
    let method = text.to_ascii_uppercase();
    if midfield_openapi::Method::ALL
        .iter()
        .any(|known| known.as_str() == method)
    {
        Ok(method)
    } else {
        Err(Misfit::new(
            "takes HTTP methods, such as [\"GET\", \"POST\"]",
        ))
    }
}

fn parse_path(text: &str) -> Result<WildMatch, Misfit> {
    if text.starts_with(['/', '*']) {
        Ok(WildMatch::new(text))
    } else {
        Err(Misfit::new(
            "takes paths as the document writes them, with `*` for any part: [\"/samples/*\"]",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Place;
    use super::*;

    fn placed<T>(value: T) -> Vec<Placed<T>> {
        let place = Place { line: 1, column: 1 };
        vec![Placed { place, value }]
    }

    #[test]
    fn every_key_must_fit_and_any_value_does() {
        let fact = Fact {
            tags: &["samples"],
            method: "GET",
            path: "/samples/{sampleId}",
            id: Some("getSample"),
            name: "getSample",
        };
        let by_tag = Selection {
            tags: Some(placed("samples".to_owned())),
            ..Selection::default()
        };
        let by_path = Selection {
            paths: Some(placed(WildMatch::new("/samples/*"))),
            ..Selection::default()
        };
        let by_both = Selection {
            methods: Some(placed("POST".to_owned())),
            tags: Some(placed("samples".to_owned())),
            ..Selection::default()
        };
        assert!(by_tag.fits(&fact));
        assert!(by_path.fits(&fact));
        assert!(!by_both.fits(&fact));
    }
}

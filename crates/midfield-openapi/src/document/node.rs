//! A place in the files of a document, and the way along `$ref`s.

use serde_json::Value;

use super::files::{Files, Location};

/// A value together with the file that it stands in, which its references are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'d> {
    files: &'d Files,
    file: usize,
    value: &'d Value,
}

/// Why a `$ref` leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenReference {
    /// Nothing is there.
    #[error("`{0}` leads to nothing in the document")]
    Missing(String),
    /// It leads to a file that was not loaded; the document's warnings say why.
    #[error("`{0}` leads to a file that was not loaded")]
    NotLoaded(String),
    /// It leads back to itself.
    #[error("`{0}` leads back to itself")]
    Endless(String),
}

impl<'d> Node<'d> {
    pub(super) fn root(files: &'d Files) -> Self {
        Self {
            files,
            file: 0,
            value: files.root(),
        }
    }

    /// The value as it is written, references and all.
    pub(crate) fn value(self) -> &'d Value {
        self.value
    }

    /// The same place with another value in the same file.
    pub(crate) fn with(self, value: &'d Value) -> Self {
        Self { value, ..self }
    }

    /// What tells this place from all others in the document.
    pub(crate) fn identity(self) -> usize {
        std::ptr::from_ref(self.value).addr()
    }

    /// The member `key` of an object, references followed; `None` also for a broken reference.
    pub(crate) fn member(self, key: &str) -> Option<Self> {
        self.raw_member(key)?.resolve().ok()
    }

    /// The member `key` of an object, as it is written.
    pub(crate) fn raw_member(self, key: &str) -> Option<Self> {
        self.get(key).map(|value| self.with(value))
    }

    /// The value of the member `key`, as it is written.
    pub(crate) fn get(self, key: &str) -> Option<&'d Value> {
        let members = self.value.as_object()?;
        // Schemas are asked for many keywords and have few members: looking is quicker than hashing.
        if members.len() <= FEW_MEMBERS {
            return members
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value);
        }
        members.get(key)
    }

    /// The text of the member `key`.
    pub(crate) fn text(self, key: &str) -> Option<&'d str> {
        self.get(key)?.as_str()
    }

    /// The claim `key`, when it is a boolean.
    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// The items of an array; none of anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> + use<'d> {
        self.value
            .as_array()
            .into_iter()
            .flatten()
            .map(move |value| self.with(value))
    }

    /// The members of an object; none of anything else.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'d str, Self)> + use<'d> {
        let members = self.value.as_object().into_iter().flatten();
        members.map(move |(key, value)| (key.as_str(), self.with(value)))
    }

    /// The `$ref` of an object, when it is one.
    pub(crate) fn reference(self) -> Option<&'d str> {
        self.text("$ref")
    }

    /// The place that the chain of `$ref`s from here ends at; this place when there is none.
    pub(crate) fn resolve(self) -> Result<Self, BrokenReference> {
        self.resolve_within(&mut MAX_STEPS.clone())
    }

    /// Like [`Self::resolve`], but stops at a reference that has other members beside it.
    pub(crate) fn resolve_plain(self) -> Result<Self, BrokenReference> {
        let mut steps = MAX_STEPS;
        let mut node = self;
        while let Some(reference) = node.reference() {
            let has_siblings = node
                .value
                .as_object()
                .is_some_and(|members| members.len() > 1);
            if has_siblings && steps < MAX_STEPS {
                break;
            }
            node = node.follow(reference, &mut steps)?;
        }
        Ok(node)
    }

    fn resolve_within(self, steps: &mut usize) -> Result<Self, BrokenReference> {
        let mut node = self;
        while let Some(reference) = node.reference() {
            node = node.follow(reference, steps)?;
        }
        Ok(node)
    }

    /// Follows one reference; `steps` bounds all that are followed on the way.
    fn follow(self, reference: &str, steps: &mut usize) -> Result<Self, BrokenReference> {
        let missing = || BrokenReference::Missing(reference.to_owned());
        *steps = steps
            .checked_sub(1)
            .ok_or_else(|| BrokenReference::Endless(reference.to_owned()))?;
        let (location, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let mut node = if location.is_empty() {
            self.with(self.files.file(self.file))
        } else {
            let target = self
                .files
                .location(self.file)
                .join(location)
                .ok_or_else(missing)?;
            let file = self.files.find(&target);
            let file = file.ok_or_else(|| BrokenReference::NotLoaded(reference.to_owned()))?;
            Self {
                files: self.files,
                file,
                value: self.files.file(file),
            }
        };
        if fragment.is_empty() {
            return Ok(node);
        }
        let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
        let pointer = fragment.strip_prefix('/').ok_or_else(missing)?;
        for token in pointer.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match node.step(&token) {
                Some(next) => next,
                // The way may lead through a place that is itself a reference.
                None => node
                    .resolve_within(steps)?
                    .step(&token)
                    .ok_or_else(missing)?,
            };
        }
        Ok(node)
    }

    fn step(self, token: &str) -> Option<Self> {
        let value = match self.value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            Value::Object(members) => members.get(token),
            _ => None,
        };
        value.map(|value| self.with(value))
    }

    /// Where the file of this node is.
    pub(crate) fn location(self) -> &'d Location {
        self.files.location(self.file)
    }
}

/// Members up to which an object is searched and not hashed.
const FEW_MEMBERS: usize = 12;

/// References that one look-up may follow, nested ones included.
const MAX_STEPS: usize = 64;

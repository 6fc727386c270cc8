//! The files of a document: the one that was given and those that its references lead to.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use url::Url;

use super::Limits;
use super::loader::{LoadError, Loader};
use super::tree::{self, ReadError};

/// All files of a document. The first one is the document itself.
#[derive(Debug)]
pub(crate) struct Files {
    files: Vec<(Location, Value)>,
    index: HashMap<Location, usize>,
}

/// Where a file is, seen from the document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Location {
    /// A path relative to the document's folder; empty for the document itself.
    Beside(String),
    /// An absolute URL.
    Remote(Url),
}

impl Location {
    /// Where `reference` (without fragment) leads from here; `None` when it is not a location.
    pub(crate) fn join(&self, reference: &str) -> Option<Self> {
        if let Ok(url) = Url::parse(reference)
            && url.scheme().len() > 1
        {
            return Some(Self::Remote(url));
        }
        match self {
            Self::Remote(base) => base.join(reference).ok().map(Self::Remote),
            Self::Beside(_) if reference.starts_with(['/', '\\']) => None,
            Self::Beside(base) => {
                let reference = percent_encoding::percent_decode_str(reference);
                let reference = reference.decode_utf8().ok()?.replace('\\', "/");
                Some(Self::Beside(join_paths(base, &reference)))
            }
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Beside(path) => formatter.write_str(path),
            Self::Remote(url) => formatter.write_str(url.as_str()),
        }
    }
}

/// A file that a reference leads to and that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("a reference leads to {location}, which was not loaded")]
    Load {
        location: Location,
        source: LoadError,
    },
    #[error("a reference leads to {location}, which was not understood")]
    Read {
        location: Location,
        source: ReadError,
    },
    #[error("references lead to more than {limit} files; {location} was not loaded")]
    TooMany { location: Location, limit: usize },
}

impl Files {
    /// Loads what the references of `root` lead to, and what the references there lead to.
    pub(super) fn load(
        root: Value,
        loader: &dyn Loader,
        mut limits: Limits,
    ) -> (Self, Vec<FileError>) {
        let here = Location::Beside(String::new());
        let mut files = Self {
            files: vec![(here.clone(), root)],
            index: HashMap::new(),
        };
        files.index.insert(here, 0);
        let mut failures = Vec::new();
        let mut tried = HashSet::new();
        let mut next = 0;
        while let Some((location, value)) = files.files.get(next) {
            let mut wanted = Vec::new();
            collect_targets(location, value, &mut wanted);
            for target in wanted {
                if !tried.insert(target.clone()) {
                    continue;
                }
                match files.load_one(&target, loader, &limits) {
                    Ok((value, bytes, nodes)) => {
                        limits = limits.after(bytes, nodes);
                        files.index.insert(target.clone(), files.files.len());
                        files.files.push((target, value));
                    }
                    Err(failure) => failures.push(failure),
                }
            }
            next += 1;
        }
        (files, failures)
    }

    fn load_one(
        &self,
        location: &Location,
        loader: &dyn Loader,
        limits: &Limits,
    ) -> Result<(Value, usize, usize), FileError> {
        if self.files.len() > limits.files {
            return Err(FileError::TooMany {
                location: location.clone(),
                limit: limits.files,
            });
        }
        let bytes = match location {
            Location::Beside(path) => loader.beside(path),
            Location::Remote(url) => loader.remote(url),
        };
        let bytes = bytes.map_err(|source| FileError::Load {
            location: location.clone(),
            source,
        })?;
        let (value, nodes) =
            tree::read(&bytes, None, limits).map_err(|source| FileError::Read {
                location: location.clone(),
                source,
            })?;
        Ok((value, bytes.len(), nodes))
    }

    pub(super) fn root(&self) -> &Value {
        self.file(0)
    }

    /// The value of a file; `null` for a number that no file has.
    pub(super) fn file(&self, file: usize) -> &Value {
        self.files
            .get(file)
            .map_or(&Value::Null, |(_, value)| value)
    }

    pub(super) fn location(&self, file: usize) -> &Location {
        static HERE: Location = Location::Beside(String::new());
        self.files.get(file).map_or(&HERE, |(location, _)| location)
    }

    pub(super) fn find(&self, location: &Location) -> Option<usize> {
        self.index.get(location).copied()
    }

    /// Replaces the document itself, for a conversion between versions.
    pub(super) fn replace_root(&mut self, root: Value) {
        if let Some((_, value)) = self.files.first_mut() {
            *value = root;
        }
    }
}

/// The files that the references in `value` lead to, in order, without the file itself.
fn collect_targets(location: &Location, value: &Value, targets: &mut Vec<Location>) {
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items.iter().rev()),
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let target = reference.split('#').next().unwrap_or_default();
                    if !target.is_empty() {
                        targets.extend(location.join(target));
                    }
                }
                pending.extend(members.values().rev());
            }
            _ => {}
        }
    }
}

/// `reference` relative to the folder of `base`, without `.` and with `..` only in front.
fn join_paths(base: &str, reference: &str) -> String {
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(reference.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_seen_from_the_document() {
        let check = |base: &str, reference: &str, expected: &str| {
            assert_eq!(
                join_paths(base, reference),
                expected,
                "{base} + {reference}"
            );
        };
        check("", "pet.yaml", "pet.yaml");
        check("", "./schemas/pet.yaml", "schemas/pet.yaml");
        check("schemas/pet.yaml", "../common.yaml", "common.yaml");
        check("schemas/pet.yaml", "../../common.yaml", "../common.yaml");
    }

    #[test]
    fn an_absolute_path_is_no_location_and_a_url_is_remote() {
        let here = Location::Beside(String::new());
        assert_eq!(here.join("/etc/passwd"), None);
        assert!(matches!(
            here.join("file:///etc/passwd"),
            Some(Location::Remote(_))
        ));
        assert!(matches!(
            here.join("https://a.example/x"),
            Some(Location::Remote(_))
        ));
    }
}

//! Where the files come from that a document refers to. The library reads none by itself.

use std::path::{Component, Path, PathBuf};

use url::Url;

/// Reads files that `$ref`s of a document lead to.
///
/// Implement it over a folder ([`Folder`]), an archive or a client; [`NoFiles`] refuses all.
pub trait Loader {
    /// The bytes of a file beside the document.
    ///
    /// `path` is relative to the document's folder, with `/` between its parts and no `.` parts;
    /// it may begin with `../`. It comes from the document: do not trust it.
    fn beside(&self, path: &str) -> Result<Vec<u8>, LoadError>;

    /// The bytes at a URL. Refused unless an implementation allows it by name.
    fn remote(&self, url: &Url) -> Result<Vec<u8>, LoadError> {
        let _ = url;
        Err(LoadError::NotAllowed)
    }
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The caller's rules do not allow this file.
    #[error("it is not allowed: allow it by name, or copy it beside the document")]
    NotAllowed,
    /// It is outside of the folder that holds the document, or not a file.
    #[error("it is not a file in the document's folder")]
    Outside,
    /// The file could not be read.
    #[error("it could not be read")]
    Read(#[source] std::io::Error),
}

/// Refuses every file.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn beside(&self, _path: &str) -> Result<Vec<u8>, LoadError> {
        Err(LoadError::NotAllowed)
    }
}

/// Reads files in the folder of the document and in folders below it, and no others.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Reads beside a document in the folder `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Loader for Folder {
    fn beside(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let inside = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Err(LoadError::Outside);
        }
        // A symbolic link may lead out of the folder even when the name does not.
        let root = self.root.canonicalize().map_err(LoadError::Read)?;
        let file = root.join(path).canonicalize().map_err(LoadError::Read)?;
        if !file.starts_with(&root) {
            return Err(LoadError::Outside);
        }
        // A pipe or a device would be read for ever.
        if !file.is_file() {
            return Err(LoadError::Outside);
        }
        std::fs::read(file).map_err(LoadError::Read)
    }
}

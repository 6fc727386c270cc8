//! One skill: its `SKILL.md` and its other files, checked and measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::frontmatter::Frontmatter;

/// A skill: instructions for a model, with files that they speak of.
///
/// ```
/// use midfield::extension::skills::Skill;
///
/// let skill = Skill::new("review", "Reviews a change.", "Read the change, then say what is wrong.")?
///     .file("references/style.md", "Short names.")?;
/// assert_eq!(skill.uri(), "skill://review/SKILL.md");
/// # Ok::<(), midfield::extension::skills::SkillError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Skill {
    frontmatter: Frontmatter,
    /// The path of its folder, which ends with its name.
    path: String,
    /// The files by their path within the skill.
    files: BTreeMap<String, Bytes>,
    size: usize,
}

/// Why something is no skill.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkillError {
    /// A `SKILL.md` does not begin with frontmatter.
    #[error("SKILL.md does not begin with frontmatter between two lines `---`")]
    NoFrontmatter,
    /// The frontmatter is no YAML object, or one beyond all measure.
    #[error("could not read the frontmatter of SKILL.md")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// The frontmatter lacks a text that it must have.
    #[error("the frontmatter of SKILL.md has no text `{key}`")]
    Missing {
        /// Which one.
        key: &'static str,
    },
    /// A name is none.
    #[error("`{name}` is no name of a skill: 1 to 64 of a-z 0-9 and single hyphens within")]
    Name {
        /// The name.
        name: String,
    },
    /// The folder is not called as the skill is.
    #[error("the folder `{folder}` holds the skill `{name}`; they must be called alike")]
    Folder {
        /// What the folder is called.
        folder: String,
        /// What the skill is called.
        name: String,
    },
    /// A path is none within a skill, or is there already.
    #[error("`{path}` is no path of one more file within a skill")]
    Path {
        /// The path.
        path: String,
    },
    /// A link leads to somewhere else.
    #[error("`{path}` is a link, or no file; a skill consists of files and folders")]
    Link {
        /// Where it is.
        path: String,
    },
    /// A skill has more than 512 files, or more than 16 MiB in them, or more than 64 KiB of frontmatter.
    #[error("a skill is too large: at most 512 files, 16 MiB and 64 KiB of frontmatter")]
    TooLarge,
    /// A file cannot be read.
    #[error("could not read `{path}`")]
    Io {
        /// Where it is.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Skill {
    /// A skill whose `SKILL.md` is made from its name, what it does and when it helps, and the instructions.
    ///
    /// # Errors
    /// When `name` is not 1 to 64 lowercase letters, digits and single hyphens, or `description` is empty.
    pub fn new(name: &str, description: &str, instructions: &str) -> Result<Self, SkillError> {
        // A string of JSON is one of YAML.
        let (name, description) = (json!(name), json!(description));
        Self::from_markdown(format!(
            "---\nname: {name}\ndescription: {description}\n---\n\n{instructions}\n"
        ))
    }

    /// A skill with this `SKILL.md`.
    ///
    /// # Errors
    /// When it does not begin with the frontmatter of a skill, see [`SkillError`].
    pub fn from_markdown(markdown: impl Into<String>) -> Result<Self, SkillError> {
        let markdown = markdown.into();
        let frontmatter = Frontmatter::read(&markdown)?;
        let skill = Self {
            path: frontmatter.name.clone(),
            frontmatter,
            files: BTreeMap::new(),
            size: 0,
        };
        skill.add(MANIFEST.to_owned(), markdown.into())
    }

    /// Adds a file at `path`, such as `references/style.md`.
    ///
    /// # Errors
    /// When `path` is none within the skill or is there already, or the skill becomes too large.
    pub fn file(self, path: &str, contents: impl Into<Vec<u8>>) -> Result<Self, SkillError> {
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && !segment.contains(|char: char| char == '\\' || char.is_control())
        };
        if !path.split('/').all(is_segment) || self.files.contains_key(path) {
            return Err(SkillError::Path {
                path: path.to_owned(),
            });
        }
        self.add(path.to_owned(), contents.into().into())
    }

    /// Puts the skill into a folder of the server, such as `team/tools`.
    ///
    /// # Errors
    /// When `folder` is no path of `A-Z a-z 0-9 - . _`.
    pub fn under(mut self, folder: &str) -> Result<Self, SkillError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_segment =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed);
        if !folder.split('/').all(is_segment) {
            return Err(SkillError::Path {
                path: folder.to_owned(),
            });
        }
        self.path = format!("{folder}/{}", self.frontmatter.name);
        Ok(self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.frontmatter.name
    }

    /// Where its `SKILL.md` is read.
    pub fn uri(&self) -> String {
        self.file_uri(MANIFEST)
    }

    fn add(mut self, path: String, contents: Bytes) -> Result<Self, SkillError> {
        self.size += contents.len();
        self.files.insert(path, contents);
        if self.files.len() > MAX_FILES || self.size > MAX_BYTES {
            return Err(SkillError::TooLarge);
        }
        Ok(self)
    }

    pub(super) fn frontmatter(&self) -> &Frontmatter {
        &self.frontmatter
    }

    pub(super) fn file_uri(&self, path: &str) -> String {
        let path = utf8_percent_encode(path, ESCAPED);
        format!("{SCHEME}{}/{path}", self.path)
    }

    /// The files, `SKILL.md` first.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        let manifest = self.files.get_key_value(MANIFEST);
        let others = self.files.iter().filter(|(path, _)| *path != MANIFEST);
        let files = manifest.into_iter().chain(others);
        files.map(|(path, contents)| (path.as_str(), contents))
    }

    /// What clients learn of it.
    pub(super) fn entry(&self) -> Value {
        let files = self.files().map(|(path, contents)| {
            json!({
                "uri": self.file_uri(path),
                "digest": digest(contents),
                "size": contents.len(),
            })
        });
        json!({
            "uri": self.uri(),
            "frontmatter": self.frontmatter.all,
            "resources": files.collect::<Vec<_>>(),
        })
    }
}

pub(crate) fn digest(contents: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(contents) {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The file that every skill has.
pub(super) const MANIFEST: &str = "SKILL.md";

pub(super) const SCHEME: &str = "skill://";

/// Most files of a skill.
pub(super) const MAX_FILES: usize = 512;

/// Most bytes in all files of a skill.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// What is escaped in the path of a URI: all but what RFC 3986 leaves alone, and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

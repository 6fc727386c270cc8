//! A file of servers: reading it, and finding a server in it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use serde_json::Value;

use super::{Configured, Dialect, read};

/// The servers of one file, in its order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Entries {
    /// The servers. A name may occur again for another project.
    pub servers: Vec<Configured>,
}

/// Why a file was not read. No message quotes the file, since a secret may stand there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be opened or read.
    #[error("could not read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any such file should be.
    #[error("{path} has more than {MAX_FILE} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text has more servers than any such file should have.
    #[error("there are more than {MAX_SERVERS} servers")]
    TooMany,
    /// The text is not of its language.
    #[error("line {line}, column {column}: {told}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong there.
        told: String,
    },
    /// A file is not of its language.
    #[error("{path} cannot be understood")]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Self>,
    },
}

/// There is no server of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no server `{name}`{}", hint(nearest.as_deref(), known))]
#[non_exhaustive]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The one that was probably meant.
    pub nearest: Option<String>,
    /// All that there are.
    pub known: Vec<String>,
}

fn hint(nearest: Option<&str>, known: &[String]) -> String {
    match (nearest, known) {
        (Some(nearest), _) => format!("; did you mean `{nearest}`?"),
        (None, []) => ": none is configured there".to_owned(),
        (None, known) => {
            let names: Vec<String> = known
                .iter()
                .take(SHOWN)
                .map(|name| format!("`{name}`"))
                .collect();
            let more = if known.len() > SHOWN { ", …" } else { "" };
            format!(": there are {}{more}", names.join(", "))
        }
    }
}

impl UnknownName {
    /// Says that `name` is none of `known`, and which of them was probably meant.
    pub fn new<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        let word = name.to_lowercase();
        let scored = known
            .iter()
            .map(|known| (known, strsim::jaro_winkler(&word, &known.to_lowercase())));
        let nearest = scored
            .filter(|(_, score)| *score > NEAR)
            .max_by(|(_, left), (_, right)| left.total_cmp(right))
            .map(|(known, _)| known.clone());
        Self {
            name: name.to_owned(),
            nearest,
            known,
        }
    }
}

impl Entries {
    /// Reads a file, whose dialect is told by its path ([`Dialect::of_path`]).
    ///
    /// # Errors
    /// When the file cannot be read, is larger than 32 MiB, or is not of its language. A server that is written wrongly is no
    /// error here, but of [`Configured::resolve`]: the others can be used.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_as(path, Dialect::of_path(path))
    }

    /// Reads a file of a dialect.
    ///
    /// # Errors
    /// As [`Entries::read`].
    pub fn read_as(path: &Path, dialect: Dialect) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut text = String::new();
        file.take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if u64::try_from(text.len()).is_ok_and(|length| length > MAX_FILE) {
            return Err(ConfigError::TooLarge {
                path: path.to_owned(),
            });
        }
        let mut entries = Self::parse(&text, dialect).map_err(|source| ConfigError::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let workspace = workspace(path);
        for server in &mut entries.servers {
            server.workspace.clone_from(&workspace);
        }
        Ok(entries)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When the text is not of its language: TOML for [`Dialect::Codex`], else JSON, in which comments and commas at the end are
    /// let pass.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, ConfigError> {
        let document = match dialect {
            Dialect::Codex => parse_toml(text)?,
            _ => parse_json(text)?,
        };
        let servers = read::servers(&document, dialect);
        if servers.len() > MAX_SERVERS {
            return Err(ConfigError::TooMany);
        }
        Ok(Self { servers })
    }

    /// The first server of a name. As a file is read, one that is for every folder goes before one of a project; after
    /// [`Entries::within`] it is the other way round.
    ///
    /// # Errors
    /// When there is none, with what was probably meant.
    pub fn find(&self, name: &str) -> Result<&Configured, UnknownName> {
        let mut servers = self.servers.iter();
        servers
            .find(|server| server.name == name)
            .ok_or_else(|| UnknownName::new(name, self.names()))
    }

    /// The names, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for server in &self.servers {
            if !names.contains(&server.name.as_str()) {
                names.push(&server.name);
            }
        }
        names
    }

    /// Leaves what is used in `folder`: the servers of projects around it, the nearest project first, then those of no project.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        let holds = |project: &PathBuf| folder.starts_with(project);
        self.servers
            .retain(|server| server.project.as_ref().is_none_or(holds));
        let depth = |project: &PathBuf| project.components().count();
        self.servers
            .sort_by_key(|server| std::cmp::Reverse(server.project.as_ref().map_or(0, depth)));
        self
    }
}

fn parse_json(text: &str) -> Result<Value, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        ..STRICT
    };
    let parsed = jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &options);
    // An empty file is a file without servers: editors make such.
    parsed.map(Option::unwrap_or_default).map_err(|error| {
        // Its words, which quote nothing of the text, unlike those for values that do not fit a type.
        let told = error.kind().to_string();
        ConfigError::Syntax {
            line: error.line_display(),
            column: error.column_display(),
            told: lower_first(&told),
        }
    })
}

fn parse_toml(text: &str) -> Result<Value, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        ConfigError::Syntax {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            told: lower_first(error.message()),
        }
    })
}

fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(rest).collect()
}

/// The folder of the project that a file belongs to: beside a folder such as `.vscode`, or with the file in it.
fn workspace(path: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(path).ok()?.parent()?.to_owned();
    let is_hidden = folder
        .file_name()
        .is_some_and(|name| matches!(name.to_str(), Some(".vscode" | ".cursor")));
    if is_hidden {
        folder.parent().map(Path::to_owned)
    } else {
        Some(folder)
    }
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Most bytes of a file. Claude Code keeps much else in its own.
const MAX_FILE: u64 = 32 << 20;
/// Most servers of a file.
const MAX_SERVERS: usize = 2_000;
/// How alike two names are before one is proposed for the other; 1 is equal.
const NEAR: f64 = 0.8;
/// How many names are told where none is near.
const SHOWN: usize = 12;

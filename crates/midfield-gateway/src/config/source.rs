//! A source: a service that gives tools, and how it is called.

use std::path::{Path, PathBuf};
use std::time::Duration;

use midfield::types::TaskSupport;
use url::Url;

use super::Map;
use super::jobs::{self, Jobs};
use super::place::{Place, Placed};
use super::quantity;
use super::secret::{self, SchemeSecret};
use super::selection::{self, Selection};
use super::table::{Misfit, Table};
use super::tasks;

/// A service that gives tools.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name, for people and logs.
    pub(crate) name: String,
    /// Where its table begins; `None` on the command line.
    pub(crate) place: Option<Place>,
    /// The folder that commands run in.
    pub(crate) folder: PathBuf,
    /// The document that describes it.
    pub(crate) document: Document,
    /// What all paths are put behind. Default: what the document says, within limits.
    pub(crate) base_url: Option<Url>,
    /// Values for the variables in the document's own URLs. Default: the document's.
    pub(crate) server_variables: Map<String>,
    /// The only places on other origins that references of the document are followed to.
    pub(crate) allow_references: AllowedReferences,
    /// The command that runs the service. Default: it runs already.
    pub(crate) start: Option<Command>,
    /// Only operations that fit one of these become tools. Default: all.
    pub(crate) include: Vec<Selection>,
    /// Operations that fit one of these become no tools. Default: none.
    pub(crate) exclude: Vec<Selection>,
    /// Names of tools, by the operations' ids.
    pub(crate) rename: Map<Placed<String>>,
    /// What stands before the names of all tools that are not renamed. Default: nothing.
    pub(crate) prefix: Prefix,
    /// Longest time of one call. Default: 30 s.
    pub(crate) timeout: Duration,
    /// Most bytes of one answer. Default: 8 MiB.
    pub(crate) max_response: usize,
    /// Whether answers must fit the document. Default: they must.
    pub(crate) responses: Responses,
    /// How jobs are followed.
    pub(crate) jobs: Jobs,
    /// How the jobs of single operations are followed, by the operations' ids.
    pub(crate) operation_jobs: Map<Placed<Jobs>>,
    /// Whether calls run as tasks. Default: they do not.
    pub(crate) tasks: Option<Placed<TaskSupport>>,
    /// Whether calls of single operations run as tasks, by the operations' ids.
    pub(crate) operation_tasks: Map<Placed<TaskSupport>>,
    /// The secrets, by the names of the document's security schemes.
    pub(crate) secrets: Map<Placed<SchemeSecret>>,
}

/// Where an OpenAPI document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    File(PathBuf),
    Url(Url),
}

/// A command and its arguments; no shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
}

/// What stands before the names of a source's tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefix(String);

/// Whether answers are checked against the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Responses {
    /// Tools have output schemas, and an answer that does not fit is a failure.
    #[default]
    Checked,
    /// Tools have no output schemas, and any answer is passed on.
    Unchecked,
}

/// URLs that references may lead to: each exactly, or all below it when it ends in a slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedReferences(Vec<Url>);

impl Source {
    pub(super) fn new(name: String, folder: PathBuf, document: Document) -> Self {
        Self {
            name,
            place: None,
            folder,
            document,
            base_url: None,
            server_variables: Map::new(),
            allow_references: AllowedReferences::default(),
            start: None,
            include: Vec::new(),
            exclude: Vec::new(),
            rename: Map::new(),
            prefix: Prefix::default(),
            timeout: DEFAULT_TIMEOUT,
            max_response: DEFAULT_MAX_RESPONSE,
            responses: Responses::default(),
            jobs: Jobs::default(),
            operation_jobs: Map::new(),
            tasks: None,
            operation_tasks: Map::new(),
            secrets: Map::new(),
        }
    }

    /// Whether calls of an operation run as tasks, by its id or by the name that stands for one; `None` where nothing is said.
    pub(crate) fn task_support(&self, id: Option<&str>, name: &str) -> Option<TaskSupport> {
        let of_operation = id.and_then(|id| self.operation_tasks.get(id));
        let of_operation = of_operation.or_else(|| self.operation_tasks.get(name));
        let said = of_operation.or(self.tasks.as_ref());
        said.map(|placed| placed.value)
    }

    /// Where it says first that calls run as tasks.
    pub(super) fn wants_tasks(&self) -> Option<Place> {
        let all = self.tasks.iter().chain(self.operation_tasks.values());
        let wanting = all.filter(|placed| placed.value != TaskSupport::Forbidden);
        wanting.map(|placed| placed.place).min()
    }
}

impl Document {
    /// A URL when it looks like one, else a path relative to `folder`.
    pub(super) fn parse(folder: &Path, text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(folder.join(text)));
        }
        http_url(text).map(Self::Url)
    }

    /// A name for a source that has none: that of the file, or the host.
    pub(super) fn short_name(&self) -> String {
        let name = match self {
            Self::File(path) => path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
            Self::Url(url) => url.host_str().map(str::to_owned),
        };
        let clean = |character: char| {
            if character.is_ascii_alphanumeric() || character == '-' {
                character
            } else {
                '_'
            }
        };
        let name: String = name
            .unwrap_or_default()
            .chars()
            .map(clean)
            .take(64)
            .collect();
        if name.is_empty() {
            "openapi".to_owned()
        } else {
            name
        }
    }
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => write!(f, "{url}"),
        }
    }
}

impl Prefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl AllowedReferences {
    /// Whether a reference may lead to `url`.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let mut bare = url.clone();
        bare.set_fragment(None);
        self.0.iter().any(|allowed| {
            let below = allowed.path().ends_with('/')
                && allowed.origin() == bare.origin()
                && bare.path().starts_with(allowed.path());
            below || *allowed == bare
        })
    }
}

/// Reads the table of the source `name`.
pub(super) fn read(name: String, mut table: Table<'_, '_>) -> Option<Source> {
    let folder = table.reader().folder();
    let document = table.parsed("openapi", |text| {
        Document::parse(&folder, text).map_err(Misfit::new)
    });
    if document.is_none() && !table.has_failed("openapi") {
        table.report("needs `openapi = \"FILE or URL\"`: the document that describes the service");
    }
    // Without its document the rest of the table is still read, to tell all of its problems at once.
    let stand_in = Document::File(PathBuf::new());
    let found = document.is_some();
    let mut source = Source::new(name, folder, document.unwrap_or(stand_in));
    source.place = Some(table.place());
    source.base_url = table.parsed("base_url", |text| http_url(text).map_err(Misfit::new));
    source.server_variables = table
        .table("server_variables")
        .map(read_texts)
        .unwrap_or_default();
    let references = table.list("allow_references", |text| {
        http_url(text).map_err(Misfit::new)
    });
    source.allow_references = AllowedReferences(references.unwrap_or_default());
    source.start = read_command(&mut table);
    if source.start.is_some() && source.base_url.is_none() && !table.has_failed("base_url") {
        table
            .report("has `start` without `base_url`: say at which URL the started service answers");
    }
    source.include = table
        .tables("include")
        .into_iter()
        .map(selection::read)
        .collect();
    source.exclude = table
        .tables("exclude")
        .into_iter()
        .map(selection::read)
        .collect();
    source.rename = table.table("rename").map(read_names).unwrap_or_default();
    source.prefix = table.parsed("prefix", parse_prefix).unwrap_or_default();
    source.timeout = table
        .parsed("timeout", quantity::time)
        .unwrap_or(DEFAULT_TIMEOUT);
    source.max_response = table
        .parsed("max_response", quantity::size)
        .unwrap_or(DEFAULT_MAX_RESPONSE);
    source.responses = table
        .parsed("responses", parse_responses)
        .unwrap_or_default();
    if let Some(table) = table.table("jobs") {
        (source.jobs, source.operation_jobs) = jobs::read(table);
    }
    source.tasks = table.placed("tasks", tasks::parse_support);
    source.operation_tasks = table
        .table("operation_tasks")
        .map(read_support)
        .unwrap_or_default();
    source.secrets = table.table("secrets").map(secret::read).unwrap_or_default();
    table.finish();
    found.then_some(source)
}

fn read_texts(mut table: Table<'_, '_>) -> Map<String> {
    let keys = table.keys_in_order();
    let texts = keys.into_iter().filter_map(|key| {
        let text = table.text(&key)?;
        Some((key, text))
    });
    texts.collect()
}

fn read_names(mut table: Table<'_, '_>) -> Map<Placed<String>> {
    let keys = table.keys_in_order();
    let names = keys.into_iter().filter_map(|key| {
        let name = table.placed(&key, parse_name)?;
        Some((key, name))
    });
    names.collect()
}

fn read_support(mut table: Table<'_, '_>) -> Map<Placed<TaskSupport>> {
    let keys = table.keys_in_order();
    let support = keys.into_iter().filter_map(|key| {
        let support = table.placed(&key, tasks::parse_support)?;
        Some((key, support))
    });
    support.collect()
}

fn read_command(table: &mut Table<'_, '_>) -> Option<Command> {
    let words = table.command("start")?;
    let mut words = words.into_iter();
    Some(Command {
        program: words.next()?,
        arguments: words.collect(),
    })
}

/// An http or https URL that holds no secret.
pub(crate) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url.filter(Url::has_host) else {
        return Err("takes a URL, such as \"https://api.example.com/v1\"".to_owned());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "takes a URL without user name and password: put them under `secrets`".to_owned(),
        );
    }
    Ok(url)
}

fn parse_name(text: &str) -> Result<String, Misfit> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=128).contains(&text.len()) && text.bytes().all(is_name) {
        Ok(text.to_owned())
    } else {
        Err(Misfit::new(
            "takes the name of a tool: 1 to 128 of A-Z a-z 0-9 _ - .",
        ))
    }
}

fn parse_prefix(text: &str) -> Result<Prefix, Misfit> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.len() <= 32 && text.bytes().all(is_name) {
        Ok(Prefix(text.to_owned()))
    } else {
        Err(Misfit::new(
            "takes up to 32 of A-Z a-z 0-9 _ - ., such as \"lab_\"",
        ))
    }
}

fn parse_responses(text: &str) -> Result<Responses, Misfit> {
    match text {
        "checked" => Ok(Responses::Checked),
        "unchecked" => Ok(Responses::Unchecked),
        _ => Err(Misfit::new("is either \"checked\" or \"unchecked\"")),
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_MAX_RESPONSE: usize = 8 << 20;

//! The configuration: a TOML file, read once into types that cannot be wrong.
//!
//! Reading touches no network and no secret: a secret is held as the place where it is kept, and looked
//! up when a source is opened. Every problem of a file is reported at once, each with its line.

mod access;
mod finding;
mod jobs;
mod place;
mod quantity;
mod secret;
mod selection;
mod source;
mod table;
mod tasks;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use url::Url;

pub(crate) use self::access::Token;
pub(crate) use self::finding::{Finding, texts};
pub(crate) use self::jobs::{Cancel, Follow, Interval, Jobs};
pub(crate) use self::place::{Place, Problems};
pub(crate) use self::secret::{Keeper, SchemeSecret, UserName};
pub(crate) use self::selection::{Fact, Selection};
pub(crate) use self::source::{AllowedReferences, Command, Document, Responses, Source, http_url};
pub(crate) use self::table::nearest;
pub(crate) use self::tasks::{TaskStore, Tasks};

use self::place::Reader;
use self::table::{Misfit, Table};

/// What one gateway serves, and where.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file that it was read from; `None` when the command line said everything.
    pub(crate) file: Option<PathBuf>,
    /// The name that clients see. Default: `midfield`.
    pub(crate) name: String,
    /// The name for people. Default: none.
    pub(crate) title: Option<String>,
    /// How to use the tools together, for the model. Default: none.
    pub(crate) instructions: Option<String>,
    /// Where HTTP is served. Default: `127.0.0.1:7420`.
    pub(crate) listen: SocketAddr,
    /// Names that clients may call the server by, beside loopback; `*` for any. Default: none.
    pub(crate) allow_hosts: Vec<String>,
    /// Origins of web pages that may call the server. Default: none.
    pub(crate) allow_origins: Vec<String>,
    /// Most bytes of one request. Default: that of the transport.
    pub(crate) max_request: Option<usize>,
    /// The path at which clients of revision 2024-11-05 are served; `None`: not at all.
    pub(crate) legacy_sse: Option<String>,
    /// The file of the keys that seal what clients carry; `None`: keys that end with the process.
    pub(crate) keys: Option<PathBuf>,
    /// Who may use the server. Default: anybody who reaches it.
    pub(crate) tokens: Vec<Token>,
    /// Where tasks are kept, and how they run. Default: no call runs as a task.
    pub(crate) tasks: Option<Tasks>,
    /// The file that what happens to tasks is noted in. Default: none.
    pub(crate) audit: Option<PathBuf>,
    /// Where figures for Prometheus are served. Default: nowhere.
    pub(crate) metrics: Option<SocketAddr>,
    /// The services that give the tools, in the order of the file. Never empty.
    pub(crate) sources: Vec<Source>,
}

/// Where HTTP is served unless something else is said.
pub(crate) const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7420);

impl Config {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read the configuration {}", path.display()))?;
        Ok(Self::parse(path, &text)?)
    }

    /// Reads `text`, which stands in the file at `path`. Paths in it are relative to the file's folder.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let reader = Reader::new(path, text);
        let config = match toml::de::DeTable::parse(text) {
            Ok(document) => Some(read_root(&reader, document)),
            Err(error) => {
                reader.report(error.span().unwrap_or_default(), error.message());
                None
            }
        };
        reader.finish(config)
    }

    /// A configuration of one document, as `--openapi` and `--base-url` give it.
    pub(crate) fn of_document(document: &str, base_url: Option<Url>) -> anyhow::Result<Self> {
        let folder = std::env::current_dir().context("could not find the current folder")?;
        let document = Document::parse(&folder, document)
            .map_err(|told| anyhow::anyhow!("`--openapi` {told}"))?;
        let mut source = Source::new(document.short_name(), folder, document);
        source.base_url = base_url;
        Ok(Self {
            name: source.name.clone(),
            sources: vec![source],
            ..Self::empty()
        })
    }

    fn empty() -> Self {
        Self {
            file: None,
            name: "midfield".to_owned(),
            title: None,
            instructions: None,
            listen: DEFAULT_LISTEN,
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
            max_request: None,
            legacy_sse: None,
            keys: None,
            tokens: Vec::new(),
            tasks: None,
            audit: None,
            metrics: None,
            sources: Vec::new(),
        }
    }
}

fn read_root(reader: &Reader<'_>, document: toml::Spanned<toml::de::DeTable<'_>>) -> Config {
    let empty = Config::empty();
    let mut table = Table::new(reader, String::new(), document);
    let keys = table.text("keys").map(|path| reader.folder().join(path));
    let config = Config {
        file: Some(reader.path().to_owned()),
        name: table.text("name").unwrap_or(empty.name),
        title: table.text("title"),
        instructions: table.text("instructions"),
        listen: table.parsed("listen", parse_listen).unwrap_or(empty.listen),
        allow_hosts: table.list("allow_hosts", parse_host).unwrap_or_default(),
        allow_origins: table
            .list("allow_origins", parse_origin)
            .unwrap_or_default(),
        max_request: table.parsed("max_request", quantity::size),
        legacy_sse: table.parsed("legacy_sse", parse_path),
        tokens: access::read(table.table("tokens")),
        tasks: table
            .table("tasks")
            .map(|table| tasks::read(table, keys.is_some())),
        audit: table.table("audit").and_then(read_audit),
        metrics: table.table("metrics").and_then(read_metrics),
        keys,
        sources: read_sources(&mut table),
    };
    check_tasks(reader, &config, table.has_failed("tasks"));
    table.finish();
    config
}

/// A tool whose calls run as tasks needs a place to keep them.
fn check_tasks(reader: &Reader<'_>, config: &Config, has_failed: bool) {
    if config.tasks.is_some() || has_failed {
        return;
    }
    for place in config.sources.iter().filter_map(Source::wants_tasks) {
        let told = "calls can run as tasks only where these are kept: write `[tasks]` and below it \
                    `store = \"tasks.db\"` or `store = \"memory\"`";
        reader.report_at(place, told);
    }
}

fn read_audit(mut table: Table<'_, '_>) -> Option<PathBuf> {
    let folder = table.reader().folder();
    let file = table.parsed("file", |text| match text {
        "" => Err(Misfit::new("takes a file, such as \"audit.jsonl\"")),
        text => Ok(folder.join(text)),
    });
    if file.is_none() && !table.has_failed("file") {
        table.report("needs `file = \"audit.jsonl\"`: where what happens to tasks is noted");
    }
    table.finish();
    file
}

fn read_metrics(mut table: Table<'_, '_>) -> Option<SocketAddr> {
    let listen = table.parsed("listen", parse_listen);
    if listen.is_none() && !table.has_failed("listen") {
        table.report("needs `listen = \"127.0.0.1:9464\"`: where figures are served");
    }
    table.finish();
    listen
}

fn read_sources(table: &mut Table<'_, '_>) -> Vec<Source> {
    let sources = table.table("sources");
    let names = sources
        .as_ref()
        .map(Table::keys_in_order)
        .unwrap_or_default();
    if names.is_empty() && !table.has_failed("sources") {
        table.report(
            "there is no source: write `[sources.NAME]` and below it `openapi = \"FILE or URL\"`",
        );
    }
    let Some(mut sources) = sources else {
        return Vec::new();
    };
    let mut read = Vec::new();
    for name in names {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_name) {
            let told = "is no name for a source: take 1 to 64 of A-Z a-z 0-9 _ -";
            sources.report_key(&name, told);
        }
        if let Some(source) = sources.table(&name) {
            read.extend(source::read(name, source));
        }
    }
    read
}

fn parse_listen(text: &str) -> Result<SocketAddr, Misfit> {
    text.parse().map_err(|_| {
        Misfit::new("takes an address with its port, such as \"127.0.0.1:7420\" or \"[::1]:7420\"")
    })
}

fn parse_path(text: &str) -> Result<String, Misfit> {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    if text.starts_with('/') && text != MCP_PATH && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(Misfit::new(
        "takes a path other than /mcp, such as \"/sse\"",
    ))
}

fn parse_host(text: &str) -> Result<String, Misfit> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let is_host = Url::parse(&format!("http://{text}/")).is_ok_and(|url| {
        url.path() == "/" && url.username().is_empty() && !text.contains(['/', '*'])
    });
    if is_host {
        Ok(text.to_owned())
    } else {
        Err(Misfit::new(
            "takes names of hosts, such as \"mcp.example.com\"",
        ))
    }
}

fn parse_origin(text: &str) -> Result<String, Misfit> {
    let parsed = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    parsed
        .map(|url| url.origin().ascii_serialization())
        .filter(|origin| origin == text)
        .ok_or_else(|| {
            Misfit::new("takes origins, such as \"https://app.example.com\", without a path")
        })
}

/// Where the endpoint for all other revisions is.
const MCP_PATH: &str = "/mcp";

/// Names and values, in the order of the names.
pub(crate) type Map<T> = BTreeMap<String, T>;

#[cfg(test)]
mod tests;

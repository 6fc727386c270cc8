//! Skills: instructions for models, with files, served as resources
//! ([SEP-2640](https://modelcontextprotocol.io/seps/2640-skills-extension#specification)).
//!
//! Nothing of a skill is run here: it is text and files that a client reads.

mod folder;
mod frontmatter;
mod skill;

pub(crate) use skill::digest;
pub use skill::{Skill, SkillError};

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use midfield_protocol::Raw;
use midfield_protocol::types::{CacheScope, Freshness, ResourceContents, Settings};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use skill::{MANIFEST, SCHEME};

use super::{Extension, Method};
use crate::server::{Context, Resource, Server};
use crate::{Error, Result};

/// The extension `io.modelcontextprotocol/skills`. Its methods answer every client.
///
/// ```
/// use midfield::extension::skills::{Skill, Skills};
/// use midfield::server::Server;
///
/// let skills = Skills::new().skill(Skill::new("review", "Reviews a change.", "Read it.")?);
/// let service = Server::new("demo", "1.0.0").extension(skills).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is added to a server"]
pub struct Skills {
    all: Vec<Skill>,
    page_size: NonZeroUsize,
    freshness: Freshness,
}

/// What the methods answer from.
#[derive(Debug)]
struct Shelf {
    /// In the order in which they were added.
    entries: Vec<Value>,
    by_uri: BTreeMap<String, usize>,
    /// The resources in each folder, by their URI.
    folders: BTreeMap<String, BTreeMap<String, Value>>,
    page_size: usize,
    freshness: Freshness,
}

/// The head of a `SKILL.md`, as a client compares it.
pub(crate) fn frontmatter(markdown: &str) -> Result<Map<String, Value>, SkillError> {
    frontmatter::Frontmatter::read(markdown).map(|head| head.all)
}

impl Skills {
    /// The extension without skills. A server with it must have other resources then, or none is announced.
    pub fn new() -> Self {
        Self {
            all: Vec::new(),
            page_size: PAGE_SIZE,
            freshness: Freshness::new(std::time::Duration::from_mins(1), CacheScope::Public),
        }
    }

    /// All skills in and below a folder: each folder with a `SKILL.md` is one, and is called as it is. Links
    /// are refused, names that begin with a dot are left out. Reads files, so call it before serving.
    ///
    /// # Errors
    /// When a file cannot be read, or a skill is none or too large; see [`SkillError`].
    pub fn from_dir(folder: impl AsRef<Path>) -> Result<Self, SkillError> {
        let mut skills = Self::new();
        skills.all = folder::read(folder.as_ref())?;
        Ok(skills)
    }

    /// Adds a skill. Two at the same URI make the server fail to build.
    pub fn skill(mut self, skill: Skill) -> Self {
        self.all.push(skill);
        self
    }

    /// Sets the most skills, or files of a folder, on one page. Default: 50.
    pub fn page_size(mut self, page_size: NonZeroUsize) -> Self {
        self.page_size = page_size;
        self
    }

    /// Sets how long clients may keep what they learn. Default: one minute, by anybody.
    pub fn freshness(mut self, freshness: Freshness) -> Self {
        self.freshness = freshness;
        self
    }

    fn shelf(&self) -> Shelf {
        let mut shelf = Shelf {
            entries: Vec::new(),
            by_uri: BTreeMap::new(),
            folders: BTreeMap::new(),
            page_size: self.page_size.get(),
            freshness: self.freshness,
        };
        for skill in &self.all {
            shelf.by_uri.insert(skill.uri(), shelf.entries.len());
            shelf.entries.push(skill.entry());
            for (path, contents) in skill.files() {
                shelf.place(
                    &skill.file_uri(path),
                    json!(file(skill, path, contents).as_description()),
                );
            }
        }
        shelf
    }
}

impl Default for Skills {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Skills {
    fn id(&self) -> &'static str {
        "io.modelcontextprotocol/skills"
    }

    fn settings(&self) -> Settings {
        Settings::default().with("directoryRead", true)
    }

    fn methods(&self) -> Vec<Method> {
        let shelf = Arc::new(self.shelf());
        let method = |name: &str, answer: fn(&Shelf, &Raw, &Context) -> Result<Raw>| {
            let shelf = shelf.clone();
            Method::new(name, move |params: Raw, context: Context| {
                let answered = answer(&shelf, &params, &context);
                async move { answered }
            })
            .open_to_all()
        };
        vec![
            method("skills/list", Shelf::list),
            method("skills/get", Shelf::one),
            method("resources/directory/read", Shelf::folder),
        ]
    }

    fn install(&self, server: Server) -> Server {
        let files = self.all.iter().flat_map(|skill| {
            let files = skill.files();
            files.map(|(path, contents)| file(skill, path, contents).freshness(self.freshness))
        });
        server.resources(files)
    }
}

#[derive(Deserialize)]
struct OfList {
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct OfUri {
    uri: String,
    cursor: Option<String>,
}

impl Shelf {
    /// Puts a resource into its folder, and each folder into the one above.
    fn place(&mut self, uri: &str, resource: Value) {
        let (mut uri, mut resource) = (uri, resource);
        while let Some((folder, _)) = uri.rsplit_once('/') {
            if folder.len() < SCHEME.len() {
                return;
            }
            let known = self.folders.entry(folder.to_owned()).or_default();
            known.insert(uri.to_owned(), resource);
            let name = folder.rsplit('/').next().unwrap_or_default();
            resource = json!({"uri": folder, "name": name, "mimeType": "inode/directory"});
            uri = folder;
        }
    }

    fn list(&self, params: &Raw, context: &Context) -> Result<Raw> {
        let OfList { cursor } = read(params)?;
        let entries = self.entries.iter();
        self.page("skills", entries, cursor.as_deref(), context)
    }

    fn one(&self, params: &Raw, _: &Context) -> Result<Raw> {
        let OfUri { uri, .. } = read(params)?;
        let at = self.by_uri.get(&uri);
        let skill = at
            .and_then(|at| self.entries.get(*at))
            .ok_or_else(|| Error::invalid_params(format!("there is no skill at {uri:?}")))?;
        let mut result = self.caching();
        result.insert("skill".to_owned(), skill.clone());
        Ok(Raw::of(&result)?)
    }

    fn folder(&self, params: &Raw, context: &Context) -> Result<Raw> {
        let OfUri { uri, cursor } = read(params)?;
        let folder = uri.strip_suffix('/').unwrap_or(&uri);
        let children = self
            .folders
            .get(folder)
            .ok_or_else(|| Error::invalid_params(format!("there is no directory at {uri:?}")))?;
        self.page("resources", children.values(), cursor.as_deref(), context)
    }

    /// The page of `all` that begins at `cursor`.
    fn page<'a>(
        &self,
        key: &str,
        all: impl ExactSizeIterator<Item = &'a Value>,
        cursor: Option<&str>,
        context: &Context,
    ) -> Result<Raw> {
        let begin = match cursor {
            Some(cursor) => usize::try_from(context.position(cursor)?).unwrap_or(usize::MAX),
            None => 0,
        };
        let end = begin.saturating_add(self.page_size);
        let mut result = self.caching();
        if end < all.len() {
            let end = u64::try_from(end).unwrap_or(u64::MAX);
            result.insert("nextCursor".to_owned(), context.cursor(end)?.into());
        }
        let page: Vec<&Value> = all.skip(begin).take(self.page_size).collect();
        result.insert(key.to_owned(), json!(page));
        Ok(Raw::of(&result)?)
    }

    /// How long a result may be kept, as every result says it.
    fn caching(&self) -> Map<String, Value> {
        let lifetime = self.freshness.lifetime.as_millis();
        let mut result = Map::new();
        result.insert(
            "ttlMs".to_owned(),
            u64::try_from(lifetime).unwrap_or(u64::MAX).into(),
        );
        result.insert("cacheScope".to_owned(), json!(self.freshness.scope));
        result
    }
}

fn read<T: serde::de::DeserializeOwned>(params: &Raw) -> Result<T> {
    params
        .read()
        .map_err(|error| Error::invalid_params(error.to_string()))
}

/// A file of a skill as the resource that it is read as.
fn file(skill: &Skill, path: &str, contents: &Bytes) -> Resource {
    let uri = skill.file_uri(path);
    let text = std::str::from_utf8(contents).ok();
    let mime_type = mime_type(path, text.is_some());
    let is_manifest = path == MANIFEST;
    let name = if is_manifest {
        skill.name()
    } else {
        path.rsplit('/').next().unwrap_or(path)
    };
    let size = u64::try_from(contents.len()).unwrap_or(u64::MAX);
    let bytes = contents.clone();
    let at = uri.clone();
    let resource = Resource::new(uri, name, move || {
        let contents = match std::str::from_utf8(&bytes) {
            Ok(text) => ResourceContents::text(at.as_str(), text),
            Err(_) => ResourceContents::blob(at.as_str(), &bytes),
        };
        async move { contents }
    })
    .mime_type(mime_type)
    .size(size);
    if is_manifest {
        resource.description(skill.frontmatter().description.as_str())
    } else {
        resource
    }
}

/// The media type of a file, by how its name ends.
fn mime_type(path: &str, is_text: bool) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("md") => "text/markdown",
        Some("json") => "application/json",
        Some("yaml" | "yml") => "application/yaml",
        Some("html") => "text/html",
        Some("css") => "text/css",
        Some("csv") => "text/csv",
        Some("js" | "mjs") => "text/javascript",
        Some("py") => "text/x-python",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("pdf") => "application/pdf",
        _ if is_text => "text/plain",
        _ => "application/octet-stream",
    }
}

const PAGE_SIZE: NonZeroUsize = NonZeroUsize::new(50).expect("it is not zero");

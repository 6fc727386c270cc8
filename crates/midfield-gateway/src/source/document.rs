//! Reading the document of a source, from a file or a URL, and the files that it refers to.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use midfield_openapi::{Document, Folder, Limits, LoadError, Loader, ReadOptions};
use reqwest::Client;
use tokio::runtime::Handle;
use url::Url;

use super::address::ChosenBy;
use super::client::{self, Clients, FetchError};
use crate::config;

/// Reads the document of `source`.
pub(super) async fn read(source: &config::Source, clients: &Clients) -> anyhow::Result<Document> {
    let limits = Limits::default();
    // Whoever wrote the configuration named these addresses.
    let client = clients.of(ChosenBy::Operator).clone();
    let mut options = ReadOptions::default();
    let (bytes, beside) = match &source.document {
        config::Document::File(path) => (
            read_file(path, limits.bytes)?,
            Beside::Folder(Folder::new(folder(path))),
        ),
        config::Document::Url(url) => {
            let bytes = client::fetch(&client, url, limits.bytes)
                .await
                .with_context(|| format!("could not fetch the document {url}"))?;
            options.url = Some(url.clone());
            (bytes, Beside::Url(url.clone()))
        }
    };
    let files = Files {
        beside,
        allowed: source.allow_references.clone(),
        client,
        limit: limits.bytes,
        runtime: Handle::current(),
    };
    options.limits = limits;
    // Reading is work for the processor, and the files that are referred to are waited for in it.
    let reading = move || Document::read(&bytes, &options, &files);
    let document = tokio::task::spawn_blocking(reading)
        .await
        .context("reading the document was stopped")?;
    document.with_context(|| format!("could not read the document {}", source.document))
}

fn read_file(path: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    let tried = || format!("could not read the document {}", path.display());
    let size = std::fs::metadata(path).with_context(tried)?.len();
    anyhow::ensure!(
        usize::try_from(size).is_ok_and(|size| size <= limit),
        "the document {} has {size} bytes; the limit is {limit}",
        path.display()
    );
    std::fs::read(path).with_context(tried)
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The files that a document may refer to.
struct Files {
    beside: Beside,
    allowed: config::AllowedReferences,
    client: Client,
    limit: usize,
    runtime: Handle,
}

enum Beside {
    Folder(Folder),
    /// The document's own URL; files on its origin are beside it.
    Url(Url),
}

impl Files {
    fn fetch(&self, url: &Url) -> Result<Vec<u8>, LoadError> {
        let fetched = self
            .runtime
            .block_on(client::fetch(&self.client, url, self.limit));
        fetched.map_err(|error: FetchError| LoadError::Read(std::io::Error::other(error)))
    }
}

impl Loader for Files {
    fn beside(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        match &self.beside {
            Beside::Folder(folder) => folder.beside(path),
            Beside::Url(document) => {
                let url = document.join(path).map_err(|_| LoadError::Outside)?;
                if url.origin() != document.origin() {
                    return Err(LoadError::Outside);
                }
                self.fetch(&url)
            }
        }
    }

    fn remote(&self, url: &Url) -> Result<Vec<u8>, LoadError> {
        let is_own = matches!(&self.beside, Beside::Url(own) if own.origin() == url.origin());
        if is_own || self.allowed.allow(url) {
            self.fetch(url)
        } else {
            Err(LoadError::NotAllowed)
        }
    }
}

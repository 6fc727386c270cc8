//! A view: a page that a client shows in a sandbox, and what it may do there.

use std::collections::BTreeMap;

use midfield_protocol::types::{Meta, ResourceContents};
use serde_json::{Map, Value, json};

use super::{KEY, MIME_TYPE};
use crate::server::Resource;

/// A page that a client shows in a sandbox
/// ([MCP Apps](https://modelcontextprotocol.io/extensions/apps/overview)).
///
/// A page reaches nothing but what it is made of until it is said otherwise here.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is added to the extension"]
pub struct View {
    uri: String,
    name: String,
    html: String,
    /// The origins by the member of `csp` that lists them.
    origins: BTreeMap<&'static str, Vec<String>>,
    permissions: Vec<Permission>,
    domain: Option<String>,
    prefers_border: Option<bool>,
}

/// What a page asks for beyond showing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
    /// Where the user is.
    Geolocation,
    /// Writing into the clipboard.
    ClipboardWrite,
}

impl View {
    /// The page `html`, at a URI of the scheme `ui:`. Its name is the last part of the URI.
    pub fn html(uri: impl Into<String>, html: impl Into<String>) -> Self {
        let uri = uri.into();
        let name = uri.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            uri,
            name,
            html: html.into(),
            origins: BTreeMap::new(),
            permissions: Vec::new(),
            domain: None,
            prefers_border: None,
        }
    }

    /// Lets the page send requests to `origin`, such as `https://api.example.com`.
    pub fn connects_to(self, origin: impl Into<String>) -> Self {
        self.origin("connectDomains", origin)
    }

    /// Lets the page load scripts, styles, pictures, fonts and sounds from `origin`.
    pub fn loads_from(self, origin: impl Into<String>) -> Self {
        self.origin("resourceDomains", origin)
    }

    /// Lets the page hold frames from `origin`.
    pub fn frames(self, origin: impl Into<String>) -> Self {
        self.origin("frameDomains", origin)
    }

    /// Lets the page resolve its links against `origin`.
    pub fn base_uri(self, origin: impl Into<String>) -> Self {
        self.origin("baseUriDomains", origin)
    }

    /// Asks for a permission; the client may refuse it.
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }

    /// Asks for an origin of its own; what it looks like is the client's.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Says whether the page wants a border around it. Default: the client decides.
    pub fn prefers_border(mut self, prefers_border: bool) -> Self {
        self.prefers_border = Some(prefers_border);
        self
    }

    fn origin(mut self, member: &'static str, origin: impl Into<String>) -> Self {
        self.origins.entry(member).or_default().push(origin.into());
        self
    }

    /// What clients learn of it beside the page, `_meta.ui`; nothing where nothing was said.
    fn ui(&self) -> Map<String, Value> {
        let mut ui = Map::new();
        if !self.origins.is_empty() {
            ui.insert("csp".to_owned(), json!(self.origins));
        }
        if !self.permissions.is_empty() {
            let permissions = self.permissions.iter();
            let permissions: Map<String, Value> = permissions
                .map(|permission| (permission.as_str().to_owned(), json!({})))
                .collect();
            ui.insert("permissions".to_owned(), permissions.into());
        }
        if let Some(domain) = &self.domain {
            ui.insert("domain".to_owned(), domain.as_str().into());
        }
        if let Some(prefers_border) = self.prefers_border {
            ui.insert("prefersBorder".to_owned(), prefers_border.into());
        }
        ui
    }

    /// The resource that it is read as. What the page may do stands in the list and with the page.
    pub(super) fn to_resource(&self) -> Resource {
        let ui = self.ui();
        let mut contents =
            ResourceContents::text(self.uri.as_str(), self.html.as_str()).mime_type(MIME_TYPE);
        if !ui.is_empty() {
            contents.meta = Some(Meta::new().with(KEY, ui.clone()));
        }
        let resource = Resource::new(self.uri.as_str(), self.name.as_str(), move || {
            let contents = contents.clone();
            async move { contents }
        })
        .mime_type(MIME_TYPE);
        if ui.is_empty() {
            resource
        } else {
            resource.meta(KEY, ui)
        }
    }
}

impl Permission {
    /// Its name in `_meta.ui.permissions`.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Geolocation => "geolocation",
            Self::ClipboardWrite => "clipboardWrite",
        }
    }
}

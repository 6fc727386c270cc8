//! MCP Apps: tools that have a user interface, which the client shows beside what they answer
//! ([SEP-1865](https://modelcontextprotocol.io/seps/1865-mcp-apps-interactive-user-interfaces-for-mcp)).
//!
//! What a view and its host say to each other is none of this: it does not pass by the server.

mod view;

pub use view::{Permission, View};

use midfield_protocol::Revision;
use midfield_protocol::types::{self, Settings};
use serde_json::{Value, json};

use super::{Client, Extension};
use crate::server::{Server, Tool};

/// The extension `io.modelcontextprotocol/ui`.
///
/// A client that does not negotiate it, or whose session is of a revision before 2025-06-18, gets the server
/// without it: tools say nothing of views, tools that are for views alone are not there, and views are not listed.
///
/// ```
/// use midfield::extension::ui::{ToolExt as _, Ui, View};
/// use midfield::{Server, Tool};
///
/// let chart = View::html("ui://sales/chart", "<!doctype html><title>Sales</title>")
///     .connects_to("https://sales.example.com");
/// let service = Server::new("sales", "1.0.0")
///     .extension(Ui::new().view(chart))
///     .tool(Tool::new("sales", async || "12 sold").view("ui://sales/chart"))
///     .tool(Tool::new("more_sales", async || "12 more").view("ui://sales/chart").for_views_only())
///     .build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until it is added to a server"]
pub struct Ui {
    views: Vec<View>,
}

impl Ui {
    /// The extension without views.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a view. It is read as a resource of the server, at its own URI.
    pub fn view(mut self, view: View) -> Self {
        self.views.push(view);
        self
    }
}

impl Extension for Ui {
    fn id(&self) -> &'static str {
        "io.modelcontextprotocol/ui"
    }

    fn settings(&self) -> Settings {
        Settings::default().with("mimeTypes", json!([MIME_TYPE]))
    }

    /// What tools and resources say of views stands in their `_meta`, which older revisions lack.
    fn since(&self) -> Revision {
        Revision::V2025_06_18
    }

    /// The client must show the one kind of view that there is.
    fn accepts(&self, client: &Settings) -> bool {
        client
            .get("mimeTypes")
            .and_then(Value::as_array)
            .is_some_and(|types| types.iter().any(|mime_type| mime_type == MIME_TYPE))
    }

    fn install(&self, server: Server) -> Server {
        server.resources(self.views.iter().map(View::to_resource))
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn show(&self, mut tool: types::Tool, client: Client) -> Option<types::Tool> {
        if client == Client::Negotiated {
            return Some(tool);
        }
        if !self.sees(&tool, client) {
            return None;
        }
        let Some(meta) = tool.meta.take() else {
            return Some(tool);
        };
        let rest = meta.iter().filter(|(key, _)| *key != KEY);
        let rest = rest.fold(types::Meta::new(), |rest, (key, value)| {
            rest.with(key, value.clone())
        });
        tool.meta = (!rest.is_empty()).then_some(rest);
        Some(tool)
    }

    fn sees(&self, tool: &types::Tool, client: Client) -> bool {
        let ui = tool.meta.as_ref().and_then(|meta| meta.get(KEY));
        let audience = ui
            .and_then(|ui| ui.get("visibility"))
            .and_then(Value::as_array);
        client == Client::Negotiated
            || audience.is_none_or(|audience| audience.iter().any(|who| who == "model"))
    }

    fn show_resource(&self, resource: types::Resource, client: Client) -> Option<types::Resource> {
        let is_view = resource.mime_type.as_deref() == Some(MIME_TYPE);
        (client == Client::Negotiated || !is_view).then_some(resource)
    }
}

/// What [`Ui`] adds to tools.
pub trait ToolExt: Sized {
    /// Has the client show what the tool answers in the view at `uri`.
    #[must_use]
    fn view(self, uri: impl Into<String>) -> Self;

    /// Keeps the tool from the model: only views call it. Default: both do.
    #[must_use]
    fn for_views_only(self) -> Self;

    /// Keeps the tool from views: only the model calls it. Default: both do.
    #[must_use]
    fn for_the_model_only(self) -> Self;
}

impl ToolExt for Tool {
    fn view(self, uri: impl Into<String>) -> Self {
        with(self, "resourceUri", uri.into().into())
    }

    fn for_views_only(self) -> Self {
        with(self, "visibility", json!(["app"]))
    }

    fn for_the_model_only(self) -> Self {
        with(self, "visibility", json!(["model"]))
    }
}

/// The tool with one member more in what it says of views.
fn with(tool: Tool, key: &str, value: Value) -> Tool {
    let meta = tool.as_description().meta.as_ref();
    let ui = meta
        .and_then(|meta| meta.get(KEY))
        .and_then(Value::as_object);
    let mut ui = ui.cloned().unwrap_or_default();
    ui.insert(key.to_owned(), value);
    tool.meta(KEY, ui)
}

/// Where `_meta` speaks of views.
const KEY: &str = "ui";

/// The media type of views.
const MIME_TYPE: &str = "text/html;profile=mcp-app";

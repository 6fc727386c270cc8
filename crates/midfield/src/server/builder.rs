//! The description of a server, step by step.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::types::{
    Icon, Implementation, ListCapability, ServerCapabilities, Settings,
};
use midfield_protocol::wire::{CacheScope, Encoder, Freshness, ServerDescription};
use tokio::net::{TcpListener, ToSocketAddrs};

use super::catalog::Catalog;
use super::extract::States;
use super::service::Service;
use super::tool::Tool;
use crate::seal::Sealer;
use crate::transport::{http, stdio};

/// The description of a server.
///
/// ```
/// use midfield::{Server, Tool};
///
/// let service = Server::new("demo", "1.0.0")
///     .instructions("Greets people.")
///     .tool(Tool::new("greet", async || "Hello!"))
///     .build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a description does nothing until it is built or served"]
pub struct Server {
    description: ServerDescription,
    tools: Vec<Tool>,
    states: States,
    page_size: NonZeroUsize,
    call_timeout: Option<Duration>,
}

/// Why a description makes no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two tools have the same name.
    #[error("two tools are named `{tool}`; give one of them another name")]
    DuplicateTool {
        /// The name.
        tool: String,
    },
    /// A tool's name is not one that clients accept.
    #[error("a tool is named `{tool}`; a name is 1 to 128 of A-Z a-z 0-9 _ - .")]
    ToolName {
        /// The name.
        tool: String,
    },
    /// A tool's input schema is none.
    #[error("the input schema of tool `{tool}` is not valid: {detail}")]
    Schema {
        /// The tool's name.
        tool: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A handler needs a state that the server was not given.
    #[error("tool `{tool}` needs a state of type `{state}`; give it by `Server::state`")]
    MissingState {
        /// The tool's name.
        tool: String,
        /// The type's name.
        state: &'static str,
    },
    /// Something of the description cannot be written as JSON.
    #[error("could not write the list of tools as JSON")]
    Encode {
        /// Why.
        source: serde_json::Error,
    },
    /// The operating system gave no random bytes for the keys.
    #[error("the operating system gave no random bytes")]
    Random,
}

impl Server {
    /// A server with no tools yet.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = Some(ListCapability::default());
        capabilities.logging = Some(Settings::default());
        let mut description = ServerDescription::default();
        description.implementation = Implementation::new(name, version);
        description.capabilities = capabilities;
        description.freshness = Freshness::new(DEFAULT_LIST_LIFETIME, CacheScope::Public);
        Self {
            description,
            tools: Vec::new(),
            states: States::default(),
            page_size: DEFAULT_PAGE_SIZE,
            call_timeout: Some(DEFAULT_CALL_TIMEOUT),
        }
    }

    /// Sets the name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.description.implementation.title = Some(title.into());
        self
    }

    /// Sets what the server is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description.implementation.description = Some(description.into());
        self
    }

    /// Sets where to read more.
    pub fn website_url(mut self, url: impl Into<String>) -> Self {
        self.description.implementation.website_url = Some(url.into());
        self
    }

    /// Adds a picture.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.description.implementation.icons.push(icon);
        self
    }

    /// Sets how to use the server, for the model.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.description.instructions = Some(instructions.into());
        self
    }

    /// Adds a tool. Tools are listed in the order in which they were added.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Adds tools.
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Gives a value to all handlers that ask for [`State<T>`](super::State). One value of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Sets the most tools on one page of `tools/list`. Default: 200.
    pub fn page_size(mut self, page_size: NonZeroUsize) -> Self {
        self.page_size = page_size;
        self
    }

    /// Sets the longest time that a call of a tool may take before it is stopped and answered with a
    /// failure. Default: 5 minutes.
    ///
    /// `None` removes the limit: a stuck handler then holds its place for ever.
    pub fn call_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Sets how long clients may keep lists. Default: one minute, by anybody.
    pub fn list_freshness(mut self, freshness: Freshness) -> Self {
        self.description.freshness = freshness;
        self
    }

    /// Builds the server.
    ///
    /// # Errors
    /// When the description contradicts itself, see [`BuildError`]; never because of a peer.
    pub fn build(self) -> Result<Service, BuildError> {
        for tool in &self.tools {
            check_tool(tool, &self.states)?;
        }
        let sealer = Sealer::new().map_err(|_| BuildError::Random)?;
        let encoder = Encoder::new(self.description);
        let catalog = Catalog::new(self.tools, self.page_size, &encoder, &sealer)?;
        Ok(Service::new(
            encoder,
            catalog,
            Arc::new(self.states),
            sealer,
            self.call_timeout,
        ))
    }
}

impl Server {
    /// Builds the server and serves it over Streamable HTTP at `/mcp` on `address`, such as
    /// `127.0.0.1:7420`, until Ctrl-C. For more settings see [`http::serve`].
    ///
    /// # Errors
    /// When the description makes no server, or the address cannot be listened on.
    pub async fn serve_http(self, address: impl ToSocketAddrs) -> Result<(), ServeError> {
        let service = self.build()?;
        let listener = TcpListener::bind(address).await?;
        let interrupted = async {
            // Without the signal's handler the process ends at once, which is also an end.
            let _ = tokio::signal::ctrl_c().await;
        };
        Ok(http::serve(listener, service, http::Options::new(), interrupted).await?)
    }

    /// Builds the server and serves it on standard input and output, until the input ends.
    ///
    /// # Errors
    /// When the description makes no server, or reading or writing fails.
    pub async fn serve_stdio(self) -> Result<(), ServeError> {
        Ok(stdio::serve(self.build()?).await?)
    }
}

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The description makes no server.
    #[error("could not build the server")]
    Build(#[from] BuildError),
    /// The transport failed.
    #[error("could not serve")]
    Transport(#[from] std::io::Error),
}

fn check_tool(tool: &Tool, states: &States) -> Result<(), BuildError> {
    let name = tool.name();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err(BuildError::ToolName {
            tool: name.to_owned(),
        });
    }
    match tool
        .requirements
        .iter()
        .find(|requirement| !states.satisfies(**requirement))
    {
        Some(missing) => Err(BuildError::MissingState {
            tool: name.to_owned(),
            state: missing.type_name,
        }),
        None => Ok(()),
    }
}

const DEFAULT_PAGE_SIZE: NonZeroUsize = NonZeroUsize::new(200).unwrap();
const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_mins(5);
const DEFAULT_LIST_LIFETIME: Duration = Duration::from_mins(1);

/// Longest name of a tool
/// ([tool names](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool-names)).
const MAX_NAME: usize = 128;

//! The description of a server, step by step.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use midfield_protocol::types::{CacheScope, Freshness};
use midfield_protocol::types::{
    Icon, Implementation, ListCapability, ResourcesCapability, ServerCapabilities, Settings,
};
use midfield_protocol::wire::{Encoder, ServerDescription};
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

use super::build_error::{BuildError, ServeError};
use super::catalog::{Catalog, PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use super::elicitations::Elicitations;
use super::extract::States;
use super::hub::{Hub, Share};
use super::meta::Keys;
use super::prompt::Prompt;
use super::request_state::{MAX_JOURNAL, Travel};
use super::resource::{AnyResource, Resource, ResourceTemplate};
use super::running::Limits;
use super::service::{Inner, Service};
use super::tasks::{TaskEngine, Tasks, status_tool};
use super::tool::Tool;
use crate::extension::{Extension, Extensions};
use crate::seal::{KeyRing, Sealer};
use crate::transport::{Stop, http, stdio};

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
    /// `None` where the server has nothing to do with them.
    prompts: Option<Vec<Prompt>>,
    resources: Option<Vec<Resource>>,
    templates: Vec<ResourceTemplate>,
    /// What completes arguments may be added while the server serves.
    is_to_come: bool,
    extensions: Extensions,
    /// The first extension that could not be added.
    refused: Option<BuildError>,
    states: States,
    keys: Option<KeyRing>,
    page_size: NonZeroUsize,
    limits: Limits,
    listening: Share,
    travel: Travel,
    tasks: Option<Tasks>,
}

impl Server {
    /// A server that has nothing yet.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let mut description = ServerDescription::default();
        description.implementation = Implementation::new(name, version);
        description.capabilities.logging = Some(Settings::default());
        description.freshness = Freshness::new(DEFAULT_LIST_LIFETIME, CacheScope::Public);
        Self {
            description,
            tools: Vec::new(),
            prompts: None,
            resources: None,
            templates: Vec::new(),
            is_to_come: false,
            extensions: Extensions::default(),
            refused: None,
            states: States::default(),
            keys: None,
            page_size: DEFAULT_PAGE_SIZE,
            limits: Limits {
                call: Some(DEFAULT_CALL_TIMEOUT),
                question: DEFAULT_QUESTION_TIMEOUT,
            },
            listening: Share {
                streams: DEFAULT_STREAMS,
                bytes: DEFAULT_SUBSCRIBED_BYTES,
            },
            travel: Travel {
                max_size: DEFAULT_JOURNAL_SIZE,
                lifetime: DEFAULT_JOURNAL_LIFETIME,
            },
            tasks: None,
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

    /// Adds a prompt. Prompts are listed in the order in which they were added.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompts.get_or_insert_default().push(prompt);
        self
    }

    /// Adds prompts.
    pub fn prompts(self, prompts: impl IntoIterator<Item = Prompt>) -> Self {
        prompts.into_iter().fold(self, Self::prompt)
    }

    /// Adds a resource, or a resource template. Resources are listed in the order in which they were
    /// added; a URI is read by the first template that it fits.
    pub fn resource(mut self, resource: impl Into<AnyResource>) -> Self {
        let resources = self.resources.get_or_insert_default();
        match resource.into() {
            AnyResource::Resource(resource) => resources.push(resource),
            AnyResource::Template(template) => self.templates.push(template),
        }
        self
    }

    /// Adds resources, resource templates, or both, as [`resources!`](crate::resources) lists them.
    pub fn resources(self, resources: impl IntoIterator<Item = impl Into<AnyResource>>) -> Self {
        resources.into_iter().fold(self, Self::resource)
    }

    /// Says that there will be prompts, though there are none yet: what a server can do is told to clients at
    /// the beginning.
    pub fn prompts_later(mut self) -> Self {
        self.prompts.get_or_insert_default();
        self.is_to_come = true;
        self
    }

    /// Says that there will be resources or templates, though there are none yet: what a server can do is told
    /// to clients at the beginning.
    pub fn resources_later(mut self) -> Self {
        self.resources.get_or_insert_default();
        self.is_to_come = true;
        self
    }

    /// Adds an extension of the protocol, see [`Extension`].
    pub fn extension(mut self, extension: impl Extension) -> Self {
        let extension: Arc<dyn Extension> = Arc::new(extension);
        if let Err(error) = self.extensions.add(extension.clone()) {
            self.refused.get_or_insert(error);
            return self;
        }
        extension.install(self)
    }

    /// Sets the keys that seal what clients carry for the server. Default: keys that are made when the server
    /// is built, so that sessions end with the process. Servers that stand in for one another share them.
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Gives a value to all handlers that ask for [`State<T>`](super::State). One value of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Sets the most entries on one page of a list. Default: 200.
    pub fn page_size(mut self, page_size: NonZeroUsize) -> Self {
        self.page_size = page_size;
        self
    }

    /// Sets the longest time that a call of a tool may take before it is stopped and answered with a
    /// failure. Default: 5 minutes.
    ///
    /// `None` removes the limit: a stuck handler then holds its place for ever.
    pub fn call_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.limits.call = timeout;
        self
    }

    /// Sets the longest time that a client of a legacy session may take to answer a question. Default: 15
    /// minutes. The limit of a call does not run meanwhile.
    pub fn question_timeout(mut self, timeout: Duration) -> Self {
        self.limits.question = timeout;
        self
    }

    /// Sets how much one principal may listen to at once, by all its connections and sessions together: the
    /// most streams that tell it of changes, and the most bytes that its subscriptions to resources may take.
    /// Default: 1,000 streams, 16 MiB. More is refused, until it ends something of it.
    ///
    /// The subscriptions of all principals together may take 128 MiB. That is the only limit of clients whom
    /// the server does not tell apart, because it does not ask who they are.
    pub fn max_listening(mut self, streams: usize, bytes: usize) -> Self {
        self.listening = Share { streams, bytes };
        self
    }

    /// Sets the most bytes of a journal that travels with a client's request, and how long the client may
    /// take to come back with it. Default: 64 KiB, one hour. It may be 2 MiB at most, and must leave room
    /// for itself, as base64, in the bodies that the server reads (`http::Options::max_body`).
    pub fn travelling_journal(mut self, max_size: usize, lifetime: Duration) -> Self {
        self.travel = Travel { max_size, lifetime };
        self
    }

    /// Runs calls of tools as tasks that survive the process, where tools say so ([`Tool::task`]) and clients know how.
    ///
    /// What is kept is sealed with the keys of the server: set [`Server::keys`], or nothing can be read after a restart.
    pub fn tasks(mut self, tasks: Tasks) -> Self {
        self.tasks = Some(tasks);
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
    pub fn build(mut self) -> Result<Service, BuildError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        if self.travel.max_size > MAX_JOURNAL {
            return Err(BuildError::JournalSize {
                size: self.travel.max_size,
            });
        }
        self.description.capabilities = self.capabilities();
        self.description.extensions_since = self.extensions.since().collect();
        if self.tasks.is_some() {
            self.description.offer_tasks(true);
        }
        if self.tasks.as_ref().is_some_and(Tasks::gives_handles) {
            self.tools.push(status_tool());
        }
        let keys = Keys(&self.extensions);
        let mut catalog = Catalog::default();
        for tool in self.tools {
            catalog
                .tools
                .push(ToolEntry::new(tool, &self.states, keys)?)?;
        }
        for prompt in self.prompts.into_iter().flatten() {
            catalog
                .prompts
                .push(PromptEntry::new(prompt, &self.states, keys)?)?;
        }
        for resource in self.resources.into_iter().flatten() {
            catalog
                .resources
                .push(ResourceEntry::new(resource, &self.states, keys)?)?;
        }
        for template in self.templates {
            catalog
                .templates
                .push(TemplateEntry::new(template, &self.states, keys)?)?;
        }
        let ring = match self.keys {
            Some(ring) => ring,
            None => KeyRing::generate().map_err(|_| BuildError::Random)?,
        };
        Ok(Service::new(Inner {
            encoder: Encoder::new(self.description),
            catalog: RwLock::new(Arc::new(catalog)),
            states: self.states,
            tasks: match self.tasks {
                Some(tasks) => {
                    let engine = TaskEngine::new(tasks, ring.clone());
                    Some(engine.map_err(|_| BuildError::Random)?)
                }
                None => None,
            },
            sealer: Sealer::new(ring),
            extensions: self.extensions,
            hub: Arc::new(Hub::new(self.listening)),
            page_size: self.page_size,
            limits: self.limits,
            travel: self.travel,
            elicitations: Elicitations::default(),
        }))
    }

    /// What the server can do: what it has, and what may be added while it serves.
    fn capabilities(&self) -> ServerCapabilities {
        let mut capabilities = self.description.capabilities.clone();
        let mut changing = ListCapability::default();
        changing.list_changed = Some(true);
        capabilities.tools = Some(changing.clone());
        let of_prompts = self.prompts.iter().flatten();
        let of_prompts = of_prompts.map(|prompt| &prompt.completers);
        let of_templates = self.templates.iter().map(|template| &template.completers);
        let completes = of_prompts
            .chain(of_templates)
            .any(|completers| !completers.is_empty());
        if completes || self.is_to_come {
            capabilities.completions = Some(Settings::default());
        }
        if self.prompts.is_some() {
            capabilities.prompts = Some(changing);
        }
        if self.resources.is_some() || !self.templates.is_empty() {
            let mut resources = ResourcesCapability::default();
            resources.subscribe = Some(true);
            resources.list_changed = Some(true);
            capabilities.resources = Some(resources);
        }
        capabilities.extensions.extend(self.extensions.settings());
        capabilities
    }
}

impl Server {
    /// Builds the server and serves it over Streamable HTTP at `/mcp` on `address`, such as
    /// `127.0.0.1:7420`, until Ctrl-C or SIGTERM, and then until what is at work is done. For more settings see
    /// [`http::serve`].
    ///
    /// # Errors
    /// When the description makes no server, or the address cannot be listened on.
    pub async fn serve_http(self, address: impl ToSocketAddrs) -> Result<(), ServeError> {
        let service = self.build()?;
        let listener = listen(address).await?;
        let mut stop = Stop::listen()?;
        http::serve(listener, service, http::Options::new(), stop.asked()).await
    }

    /// Builds the server and serves it on standard input and output, until the input ends, or Ctrl-C or
    /// SIGTERM, and then until what is at work is done, for 5 seconds at most.
    ///
    /// # Errors
    /// When the description makes no server, or reading or writing fails.
    pub async fn serve_stdio(self) -> Result<(), ServeError> {
        let service = self.build()?;
        let mut stop = Stop::listen()?;
        Ok(stdio::serve_until(service, stop.asked()).await?)
    }
}

async fn listen(address: impl ToSocketAddrs) -> Result<TcpListener, ServeError> {
    let addresses = lookup_host(address).await.map_err(ServeError::Address)?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    TcpListener::bind(&addresses[..])
        .await
        .map_err(|source| ServeError::Listen { addresses, source })
}

const DEFAULT_PAGE_SIZE: NonZeroUsize = NonZeroUsize::new(200).unwrap();
const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_mins(5);
const DEFAULT_LIST_LIFETIME: Duration = Duration::from_mins(1);
const DEFAULT_QUESTION_TIMEOUT: Duration = Duration::from_mins(15);
const DEFAULT_JOURNAL_SIZE: usize = 64 * 1024;
const DEFAULT_JOURNAL_LIFETIME: Duration = Duration::from_hours(1);
const DEFAULT_STREAMS: usize = 1_000;
const DEFAULT_SUBSCRIBED_BYTES: usize = 16 * 1024 * 1024;

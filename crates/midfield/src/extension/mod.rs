//! Extensions of the protocol: what a crate of its own can add to a server
//! ([extensions](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#extensions)).
//!
//! An extension has an identifier and settings, both announced among the server's capabilities. It may add
//! methods, tools and resources, change what clients see of tools, stand around calls of tools, and send
//! notifications. What a client did not negotiate it never sees: an extension takes part only in requests
//! of clients that declare it.

mod registry;
pub mod skills;
pub mod ui;

pub(crate) use registry::Extensions;

use std::fmt;
use std::sync::Arc;

use midfield_protocol::types::{Resource, Settings, Tool};
use midfield_protocol::{Raw, Revision};

use crate::server::{Context, HandlerFuture, RawHandler, Server};

/// An extension of the protocol.
///
/// ```
/// use midfield::extension::{Extension, Method};
/// use midfield::prelude::*;
/// use midfield::{Raw, types::Settings};
///
/// struct Clock;
///
/// impl Extension for Clock {
///     fn id(&self) -> &str {
///         "com.example/clock"
///     }
///
///     fn settings(&self) -> Settings {
///         Settings::default().with("zone", "UTC")
///     }
///
///     fn methods(&self) -> Vec<Method> {
///         vec![Method::new("clock/now", async |_: Raw, _: Context| {
///             Ok::<_, Error>(Raw::of(&serde_json::json!({ "now": "noon" }))?)
///         })]
///     }
/// }
///
/// let service = Server::new("demo", "1.0.0").extension(Clock).build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
pub trait Extension: Send + Sync + 'static {
    /// Its identifier: a name with a prefix in reverse-DNS form, such as `com.example/clock`.
    fn id(&self) -> &str;

    /// What the server says of it among its capabilities. Default: nothing but that it is there.
    fn settings(&self) -> Settings {
        Settings::default()
    }

    /// Whether a client that declares the extension with these settings has negotiated it. Default: yes.
    fn accepts(&self, client: &Settings) -> bool {
        let _ = client;
        true
    }

    /// The oldest revision that has room for what the extension says, such as `_meta` of tools. In a session of an
    /// older one it is not announced, and no client has negotiated it. Default: the oldest of all.
    fn since(&self) -> Revision {
        Revision::V2024_11_05
    }

    /// The methods that it adds. Names of the protocol's own methods are taken: a server with such an extension
    /// does not build. A client that did not negotiate it is told what is missing (`-32021`) where the
    /// revision has that error, and that there is no such method (`-32601`) where it has not.
    fn methods(&self) -> Vec<Method> {
        Vec::new()
    }

    /// Adds to the server what the extension needs there, such as tools or resources. Called once, when the
    /// extension is added.
    fn install(&self, server: Server) -> Server {
        server
    }

    /// How a client sees a tool, by whether it negotiated the extension. A tool that it does not see it
    /// cannot call either. Default: as it is.
    fn show(&self, tool: Tool, client: Client) -> Option<Tool> {
        let _ = client;
        Some(tool)
    }

    /// Whether a client sees a tool at all, asked at each call of one. Default: by [`Extension::show`], of a copy.
    fn sees(&self, tool: &Tool, client: Client) -> bool {
        self.show(tool.clone(), client).is_some()
    }

    /// How a client sees a resource in the list, by whether it negotiated the extension. Default: as it is.
    /// What is not listed can still be read by whoever knows its URI.
    fn show_resource(&self, resource: Resource, client: Client) -> Option<Resource> {
        let _ = client;
        Some(resource)
    }

    /// Whether [`Extension::show`] or [`Extension::show_resource`] changes anything. Lists are written once for all
    /// clients that see them alike; where nothing changes there is one less to write. Default: no.
    fn changes_lists(&self) -> bool {
        false
    }

    /// Stands around a call of a tool by a client that negotiated the extension. Default: lets it pass.
    fn around(&self, context: &Context, running: HandlerFuture) -> HandlerFuture {
        let _ = context;
        running
    }
}

/// Whether a client declares an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a client declares it or does not")]
pub enum Client {
    /// It does.
    Negotiated,
    /// It does not.
    Unaware,
}

/// A method that an extension adds.
#[derive(Clone)]
pub struct Method {
    name: String,
    handler: Arc<dyn RawHandler<Raw>>,
    is_open: bool,
}

impl Method {
    /// The method `name`, answered by an `async` function of the parameters, an object, and the context.
    ///
    /// It may do steps and tell of progress. It cannot ask its client, in no revision: a question ends it with an
    /// error that says so, as a client is asked only by way of tools, prompts and resources
    /// ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
    pub fn new<F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        F: Fn(Raw, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = crate::Result<Raw>> + Send + 'static,
    {
        Self {
            name: name.into(),
            handler: Arc::new(Function(handler)),
            is_open: false,
        }
    }

    /// Has the method answer clients that do not declare the extension too.
    #[must_use]
    pub fn open_to_all(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A function behind the interface that the server calls.
struct Function<F>(F);

impl<F, Fut> RawHandler<Raw> for Function<F>
where
    F: Fn(Raw, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = crate::Result<Raw>> + Send + 'static,
{
    fn call(
        &self,
        arguments: crate::server::Arguments<'_>,
        context: Context,
    ) -> HandlerFuture<Raw> {
        Box::pin(self.0(arguments.to_raw(), context))
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

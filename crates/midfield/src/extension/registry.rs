//! The extensions of one server, and which of them take part in a request.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use midfield_protocol::types::{ClientCapabilities, MetaKey, Resource, Settings, Tool};
use midfield_protocol::{Error, Other, Retry, Revision, wire};

use super::{Client, Extension, Method};
use crate::server::{
    Arguments, Asking, BuildError, Context, HandlerFuture, Handling, Origin, Request, Service,
    Started, Subject, begin,
};

/// The extensions of one server.
#[derive(Clone, Default)]
pub(crate) struct Extensions {
    all: Vec<Arc<dyn Extension>>,
    /// Each method with the place of its extension.
    methods: HashMap<String, (usize, Method)>,
}

impl Extensions {
    /// Adds an extension.
    ///
    /// # Errors
    /// When its identifier is none, or it or one of its methods is there already or is the
    /// protocol's own.
    pub(crate) fn add(&mut self, extension: Arc<dyn Extension>) -> Result<(), BuildError> {
        let id = extension.id();
        if !is_identifier(id) {
            return Err(BuildError::ExtensionId { id: id.to_owned() });
        }
        if self.all.iter().any(|known| known.id() == id) || self.all.len() >= MAX_EXTENSIONS {
            return Err(BuildError::DuplicateExtension { id: id.to_owned() });
        }
        for method in extension.methods() {
            let name = method.name.clone();
            if wire::is_own(&name) || name.starts_with("notifications/") {
                return Err(BuildError::ProtocolMethod { name });
            }
            if self
                .methods
                .insert(name.clone(), (self.all.len(), method))
                .is_some()
            {
                return Err(BuildError::DuplicateMethod { name });
            }
        }
        self.all.push(extension);
        Ok(())
    }

    /// What the server says of them.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (String, Settings)> {
        self.all
            .iter()
            .map(|extension| (extension.id().to_owned(), extension.settings()))
    }

    /// Whether one of them has this prefix, so that keys which begin with it may be its own.
    pub(crate) fn have_prefix(&self, prefix: &str) -> bool {
        self.all
            .iter()
            .any(|extension| extension.id().split_once('/').map(|(own, _)| own) == Some(prefix))
    }

    /// The oldest revision of each.
    pub(crate) fn since(&self) -> impl Iterator<Item = (String, Revision)> {
        self.all
            .iter()
            .map(|extension| (extension.id().to_owned(), extension.since()))
    }

    /// Answers a method that an extension adds.
    ///
    /// # Errors
    /// When there is none, or the client does not declare its extension.
    pub(crate) fn call(
        &self,
        service: &Service,
        request: Request<'_>,
        other: &Other<'_>,
    ) -> Result<Started, Error> {
        let found = self.methods.get(other.method.as_ref());
        let Some((extension, method)) =
            found.and_then(|(at, method)| Some((self.all.get(*at)?, method)))
        else {
            return Err(Error::MethodNotFound {
                method: other.method.clone().into_owned(),
            });
        };
        if !method.is_open && !negotiated(extension, &request.caller.capabilities) {
            let mut required = ClientCapabilities::default();
            required
                .extensions
                .insert(extension.id().to_owned(), Settings::default());
            return Err(Error::MissingCapability {
                required: Box::new(required),
            });
        }
        let request = Request {
            asking: Asking::Forbidden,
            ..request
        };
        let call = Subject {
            origin: Origin::new("extension"),
            name: method.name.as_str().into(),
            arguments: None,
            retry: &Retry::default(),
        };
        let begun = begin(service, request, call)?;
        let running = begun.start(
            method.handler.as_ref(),
            Arguments::new(other.params.as_deref()),
        )?;
        Ok(begun.running(Handling::Extension(running), None))
    }

    /// The identifiers of those that this client has negotiated: it hears of them.
    pub(crate) fn heard_by(&self, capabilities: &ClientCapabilities) -> BTreeSet<String> {
        self.all
            .iter()
            .filter(|extension| negotiated(extension, capabilities))
            .map(|extension| extension.id().to_owned())
            .collect()
    }

    /// Which extensions change what this client sees of lists, as bits.
    pub(crate) fn view(&self, capabilities: &ClientCapabilities) -> u64 {
        let mut view = 0;
        for (at, extension) in self.all.iter().enumerate() {
            if extension.changes_lists() && negotiated(extension, capabilities) {
                view |= 1 << at;
            }
        }
        view
    }

    /// The tool as clients with this view see it.
    pub(crate) fn show(&self, tool: &Tool, view: u64) -> Option<Tool> {
        self.changing(view)
            .try_fold(tool.clone(), |tool, (extension, client)| {
                extension.show(tool, client)
            })
    }

    /// The resource as clients with this view see it.
    pub(crate) fn show_resource(&self, resource: &Resource, view: u64) -> Option<Resource> {
        self.changing(view)
            .try_fold(resource.clone(), |resource, (extension, client)| {
                extension.show_resource(resource, client)
            })
    }

    /// Whether a client sees a tool at all.
    pub(crate) fn is_seen(&self, tool: &Tool, capabilities: &ClientCapabilities) -> bool {
        self.changing(self.view(capabilities))
            .all(|(extension, client)| extension.sees(tool, client))
    }

    /// The extensions that change lists, with what a client with this view is to each.
    fn changing(&self, view: u64) -> impl Iterator<Item = (&Arc<dyn Extension>, Client)> {
        let changing = self.all.iter().enumerate();
        changing
            .filter(|(_, extension)| extension.changes_lists())
            .map(move |(at, extension)| {
                let client = if view & (1 << at) == 0 {
                    Client::Unaware
                } else {
                    Client::Negotiated
                };
                (extension, client)
            })
    }

    /// The call of a tool with all extensions around it that its client negotiated.
    pub(crate) fn around_tool(&self, context: &Context, running: HandlerFuture) -> HandlerFuture {
        self.all
            .iter()
            .filter(|extension| negotiated(extension, context.capabilities()))
            .fold(running, |running, extension| {
                extension.around(context, running)
            })
    }
}

/// Whether a client declares the extension in a way that it takes. What the client's revision has no room for was left
/// out of its capabilities when its request came.
fn negotiated(extension: &Arc<dyn Extension>, capabilities: &ClientCapabilities) -> bool {
    let declared = capabilities.extensions.get(extension.id());
    declared.is_some_and(|settings| extension.accepts(settings))
}

/// Whether `id` is a key with a prefix and a name.
fn is_identifier(id: &str) -> bool {
    MetaKey::parse(id).is_some_and(|key| key.prefix.is_some() && !key.name.is_empty())
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.all.iter().map(|extension| extension.id()))
            .finish()
    }
}

/// Most extensions of a server: as many as there are bits in a view.
const MAX_EXTENSIONS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_a_prefix_and_a_name() {
        for id in [
            "io.modelcontextprotocol/ui",
            "com.example/my-ext_1.x",
            "a/b",
        ] {
            assert!(is_identifier(id), "{id}");
        }
        for id in [
            "", "ui", "/ui", "a/", "1a/b", "a-/b", "a..b/c", "a/b/c", "a /b", "a/-b",
        ] {
            assert!(!is_identifier(id), "{id}");
        }
    }
}

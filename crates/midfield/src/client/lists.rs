//! Lists, page by page to their end, and kept as long as the server says.

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::types::{Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool};
use midfield_protocol::wire::client::{Listed, Page};

use super::cache::Keep;
use super::core::Core;
use super::icons::Pictured;
use super::link::Link;
use super::paging::{Paging, in_time};
use super::request::{Finishing, read};
use super::run::{Done, Settings, run};
use super::{Client, Error};

impl Client {
    /// The server's tools. Those that must not be used are left out, with a warning in the log.
    ///
    /// # Errors
    /// When the server offers none, or the list is longer than the client allows.
    pub async fn tools(&self) -> Result<Arc<Vec<Tool>>, Error> {
        list(&self.0, false).await
    }

    /// The server's resources.
    ///
    /// # Errors
    /// When the server offers none, or the list is longer than the client allows.
    pub async fn resources(&self) -> Result<Arc<Vec<Resource>>, Error> {
        list(&self.0, false).await
    }

    /// The kinds of resources that the server has.
    ///
    /// # Errors
    /// When the server offers none, or the list is longer than the client allows.
    pub async fn resource_templates(&self) -> Result<Arc<Vec<ResourceTemplate>>, Error> {
        list(&self.0, false).await
    }

    /// The server's prompts.
    ///
    /// # Errors
    /// When the server offers none, or the list is longer than the client allows.
    pub async fn prompts(&self) -> Result<Arc<Vec<Prompt>>, Error> {
        list(&self.0, false).await
    }
}

/// Asks for the list of tools anew, for what calls have to know of them.
pub(super) fn learn_tools(core: &Arc<Core>) -> Finishing<()> {
    let core = core.clone();
    Box::pin(async move { list::<Tool>(&core, true).await.map(drop) })
}

/// What stands in a list, and what of it the client has to know.
pub(super) trait Kept: Listed + Pictured {
    /// What the server would have to offer.
    const OFFER: &'static str;

    fn is_offered(capabilities: &ServerCapabilities) -> bool;

    /// Whether the server has promised to say when the list changes.
    fn is_announced(capabilities: &ServerCapabilities) -> bool;

    /// Looks through the whole list.
    fn learn(_: &mut Vec<Self>, _: &Core) {}
}

impl Kept for Tool {
    const OFFER: &'static str = "tools";

    fn is_offered(capabilities: &ServerCapabilities) -> bool {
        capabilities.tools.is_some()
    }

    fn is_announced(capabilities: &ServerCapabilities) -> bool {
        let tools = capabilities.tools.as_ref();
        tools.is_some_and(|tools| tools.list_changed == Some(true))
    }

    fn learn(tools: &mut Vec<Self>, core: &Core) {
        let connection = core.connection();
        let has_headers =
            matches!(connection.link, Link::Http(_)) && !connection.codec.has_sessions();
        core.tools.learn(tools, &core.server, has_headers);
    }
}

impl Kept for Prompt {
    const OFFER: &'static str = "prompts";

    fn is_offered(capabilities: &ServerCapabilities) -> bool {
        capabilities.prompts.is_some()
    }

    fn is_announced(capabilities: &ServerCapabilities) -> bool {
        let prompts = capabilities.prompts.as_ref();
        prompts.is_some_and(|prompts| prompts.list_changed == Some(true))
    }
}

impl Kept for Resource {
    const OFFER: &'static str = "resources";

    fn is_offered(capabilities: &ServerCapabilities) -> bool {
        capabilities.resources.is_some()
    }

    fn is_announced(capabilities: &ServerCapabilities) -> bool {
        let resources = capabilities.resources.as_ref();
        resources.is_some_and(|resources| resources.list_changed == Some(true))
    }
}

impl Kept for ResourceTemplate {
    const OFFER: &'static str = "resources";

    fn is_offered(capabilities: &ServerCapabilities) -> bool {
        Resource::is_offered(capabilities)
    }

    fn is_announced(capabilities: &ServerCapabilities) -> bool {
        Resource::is_announced(capabilities)
    }
}

/// A whole list: what is kept of it, or all pages anew.
async fn list<T: Kept>(core: &Arc<Core>, anew: bool) -> Result<Arc<Vec<T>>, Error> {
    if !core.offers(T::is_offered) {
        return Err(Error::NotOffered {
            what: T::OFFER.into(),
        });
    }
    if !anew && let Some(kept) = core.cache.list::<T>(T::KEY) {
        return Ok(kept);
    }
    let moment = core.cache.moment();
    let method = T::list(None).method().to_owned();
    let (mut items, lifetime) = in_time(core, &method, pages::<T>(core, &method)).await?;
    T::learn(&mut items, core);
    let items = Arc::new(items);
    core.cache
        .keep_list(T::KEY, items.clone(), keep::<T>(core, lifetime), moment);
    Ok(items)
}

fn keep<T: Kept>(core: &Core, lifetime: Duration) -> Keep {
    let connection = core.connection();
    let is_announced = connection
        .server
        .capabilities
        .as_ref()
        .is_some_and(T::is_announced);
    if connection.codec.has_sessions() && is_announced && connection.link.hears_unasked() {
        return Keep::UntilChanged;
    }
    Keep::For(lifetime)
}

/// All pages, and how long the first of them to become outdated may be kept.
async fn pages<T: Kept>(core: &Arc<Core>, method: &str) -> Result<(Vec<T>, Duration), Error> {
    let settings = Settings {
        is_safe: true,
        ..Settings::default()
    };
    let mut items = Vec::new();
    let mut lifetime = Duration::MAX;
    let mut cursor = None;
    let mut paging = Paging::new(core, method);
    loop {
        let Done::Complete { result, codec } = run(core, T::list(cursor), &settings).await? else {
            return Err(paging.endless("it was answered with a task"));
        };
        paging.bytes(result.as_str().len())?;
        let page: Page<T> = read(method, codec, &result)?;
        for reason in &page.unreadable {
            tracing::warn!(server = %core.server, reason, "left out what cannot be read");
        }
        lifetime = lifetime.min(page.freshness.lifetime);
        let next = paging.next(page.items.len(), page.next_cursor)?;
        items.extend(page.items.into_iter().map(|mut item| {
            item.keep_safe_icons();
            item
        }));
        match next {
            None => return Ok((items, lifetime)),
            next => cursor = next,
        }
    }
}

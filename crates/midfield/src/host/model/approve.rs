//! Who is asked before a model is, and before its answer goes to the server
//! ([user interaction model](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#user-interaction-model)).

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;

use midfield_protocol::types::{CreateMessage, SampleResult};

use crate::client::{Asker, Refusal};

/// Decides whether a server may ask a model, and whether it gets the answer.
///
/// The specification wants a person here, who sees and may change both. When the future is dropped nobody waits for the
/// decision any more.
pub trait Approve: Send + Sync + 'static {
    /// Decides on a request before any model sees it, and gives the request that is asked instead, which may be the same.
    ///
    /// # Errors
    /// When it is not wanted.
    fn before(
        &self,
        request: CreateMessage,
        asker: &Asker,
    ) -> impl Future<Output = Result<CreateMessage, Refusal>> + Send;

    /// Decides on an answer before the server sees it, and gives the answer that it gets. Default: the answer as it is.
    ///
    /// # Errors
    /// When it is not wanted. What it cost is spent all the same.
    fn after(
        &self,
        _request: &CreateMessage,
        result: SampleResult,
        _asker: &Asker,
    ) -> impl Future<Output = Result<SampleResult, Refusal>> + Send {
        ready(Ok(result))
    }
}

/// Lets every server ask whatever it wants, at the host's cost.
#[derive(Clone, Copy, Debug)]
pub struct AllowAll;

impl Approve for AllowAll {
    async fn before(&self, request: CreateMessage, _: &Asker) -> Result<CreateMessage, Refusal> {
        Ok(request)
    }
}

/// Lets no server ask: what holds where nothing is said.
#[derive(Clone, Copy, Debug)]
pub struct DenyAll;

impl Approve for DenyAll {
    async fn before(&self, _: CreateMessage, _: &Asker) -> Result<CreateMessage, Refusal> {
        Err(rejected())
    }
}

/// Lets servers ask by their names in the host's configuration. Who is not named may not.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Rules {
    servers: BTreeMap<String, bool>,
    others: bool,
}

impl Rules {
    /// Rules by which no server may ask.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets this server ask.
    pub fn allow(mut self, server: impl Into<String>) -> Self {
        self.servers.insert(server.into(), true);
        self
    }

    /// Lets this server not ask.
    pub fn deny(mut self, server: impl Into<String>) -> Self {
        self.servers.insert(server.into(), false);
        self
    }

    /// Lets those ask that are not named.
    pub fn allow_others(mut self) -> Self {
        self.others = true;
        self
    }
}

impl Approve for Rules {
    async fn before(
        &self,
        request: CreateMessage,
        asker: &Asker,
    ) -> Result<CreateMessage, Refusal> {
        let is_allowed = self.servers.get(&asker.server).copied();
        if is_allowed.unwrap_or(self.others) {
            Ok(request)
        } else {
            Err(rejected())
        }
    }
}

/// Lets a server ask when a closure says so.
#[derive(Clone, Copy, Debug)]
pub struct When<F>(F);

impl<F: Fn(&CreateMessage, &Asker) -> bool + Send + Sync + 'static> When<F> {
    /// The policy of `is_wanted`.
    pub const fn new(is_wanted: F) -> Self {
        Self(is_wanted)
    }
}

impl<F: Fn(&CreateMessage, &Asker) -> bool + Send + Sync + 'static> Approve for When<F> {
    async fn before(
        &self,
        request: CreateMessage,
        asker: &Asker,
    ) -> Result<CreateMessage, Refusal> {
        if (self.0)(&request, asker) {
            Ok(request)
        } else {
            Err(rejected())
        }
    }
}

/// The same, where the type is not known.
pub(super) trait Approval: Send + Sync {
    fn before<'a>(&'a self, request: CreateMessage, asker: &'a Asker)
    -> Waiting<'a, CreateMessage>;

    fn after<'a>(
        &'a self,
        request: &'a CreateMessage,
        result: SampleResult,
        asker: &'a Asker,
    ) -> Waiting<'a, SampleResult>;
}

type Waiting<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

impl<A: Approve> Approval for A {
    fn before<'a>(
        &'a self,
        request: CreateMessage,
        asker: &'a Asker,
    ) -> Waiting<'a, CreateMessage> {
        Box::pin(Approve::before(self, request, asker))
    }

    fn after<'a>(
        &'a self,
        request: &'a CreateMessage,
        result: SampleResult,
        asker: &'a Asker,
    ) -> Waiting<'a, SampleResult> {
        Box::pin(Approve::after(self, request, result, asker))
    }
}

/// What the specification has a server told.
fn rejected() -> Refusal {
    Refusal::rejected("User rejected sampling request")
}

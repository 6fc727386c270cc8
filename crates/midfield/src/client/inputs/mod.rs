//! What a server may ask of a client while it works on the client's request, and who answers it.
//!
//! One registration serves every revision: requests of the server, results that ask for input, and tasks that wait for it. What
//! nobody is registered for is not declared, and declined where a server asks all the same.

mod form;
mod handlers;
mod refusal;

pub(super) use handlers::Handlers;
pub use refusal::Refusal;

use std::future::Future;

use midfield_protocol::types::{
    CreateMessage, ElicitResult, Elicitation, ElicitationCapability, Implementation, Root,
    SampleResult, SamplingCapability, Settings,
};

/// Who asks, for the person or the policy that decides. What the server says of itself proves nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Asker {
    /// The server, as the host knows it: the name in its configuration, or else its address. The one thing here that the
    /// server has no say in.
    pub server: String,
    /// What the server says it is.
    pub implementation: Option<Implementation>,
    /// What the client had asked when it was asked back, such as the name of a tool; `None` where that is not known.
    pub on_behalf_of: Option<String>,
}

impl Asker {
    /// A server that the host knows under this name.
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            ..Self::default()
        }
    }
}

/// Answers what servers ask the user
/// ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).
///
/// Whoever implements it shows who asks, lets the user decline and cancel, lets them review a form before it is sent, and opens no
/// page without their consent. A page is never fetched.
///
/// ```
/// use midfield::client::{AnswerElicitation, Asker, Refusal};
/// use midfield::types::{Action, ElicitResult, Elicitation};
///
/// struct Nobody;
///
/// impl AnswerElicitation for Nobody {
///     async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
///         Ok(ElicitResult::new(Action::Decline))
///     }
/// }
/// ```
pub trait AnswerElicitation: Send + Sync + 'static {
    /// The modes that are declared to servers. Default: forms alone. What is not declared is refused before it comes here.
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes
    }

    /// Answers one question. When the future is dropped nobody waits for the answer any more.
    ///
    /// Fields of a form that are left out and have a default are filled in by the client, and the form is checked against
    /// its schema, before it is sent.
    ///
    /// # Errors
    /// When no answer can be had, which is another thing than a user who declines or cancels.
    fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> impl Future<Output = Result<ElicitResult, Refusal>> + Send;
}

/// Asks a model on behalf of servers
/// ([2026-07-28, sampling](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling)).
pub trait Sample: Send + Sync + 'static {
    /// What is declared to servers. Default: that tools can be given to the model. What is not declared is refused before it comes
    /// here.
    fn capability(&self) -> SamplingCapability {
        let mut capability = SamplingCapability::default();
        capability.tools = Some(Settings::default());
        capability
    }

    /// Asks the model. The conversation has been checked: each use of a tool is followed by its result, in a message of nothing
    /// but results.
    ///
    /// # Errors
    /// When the user, a policy or a budget refuses, or the model cannot be asked.
    fn sample(
        &self,
        request: CreateMessage,
        asker: Asker,
    ) -> impl Future<Output = Result<SampleResult, Refusal>> + Send;
}

/// Lists the directories that servers may work in
/// ([2026-07-28, roots](https://modelcontextprotocol.io/specification/2026-07-28/client/roots)).
pub trait ListRoots: Send + Sync + 'static {
    /// The roots, each a `file://` URI; others are left out before they are sent.
    fn roots(&self, asker: Asker) -> impl Future<Output = Vec<Root>> + Send;
}

/// The same for every server.
impl ListRoots for Vec<Root> {
    async fn roots(&self, _: Asker) -> Self {
        self.clone()
    }
}

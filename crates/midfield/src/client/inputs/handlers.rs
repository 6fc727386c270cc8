//! Who answers what servers ask, and what is checked before and after.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use midfield_protocol::types::{
    Action, ClientCapabilities, CreateMessage, ElicitResult, Elicitation, ElicitationCapability,
    IncludeContext, InputReply, InputRequest, ListCapability, Root, Roots, SampleResult,
    SamplingCapability,
};

use super::{AnswerElicitation, Asker, ListRoots, Refusal, Sample, form};
use crate::conversation;
use crate::host::form::Fields;

type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`AnswerElicitation`] behind a pointer.
trait Elicit: Send + Sync {
    fn modes(&self) -> ElicitationCapability;
    fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Answering<'_, Result<ElicitResult, Refusal>>;
}

impl<T: AnswerElicitation> Elicit for T {
    fn modes(&self) -> ElicitationCapability {
        AnswerElicitation::modes(self)
    }

    fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Answering<'_, Result<ElicitResult, Refusal>> {
        Box::pin(AnswerElicitation::answer(self, elicitation, asker))
    }
}

/// [`Sample`] behind a pointer.
trait AskModel: Send + Sync {
    fn capability(&self) -> SamplingCapability;
    fn sample(
        &self,
        request: CreateMessage,
        asker: Asker,
    ) -> Answering<'_, Result<SampleResult, Refusal>>;
}

impl<T: Sample> AskModel for T {
    fn capability(&self) -> SamplingCapability {
        Sample::capability(self)
    }

    fn sample(
        &self,
        request: CreateMessage,
        asker: Asker,
    ) -> Answering<'_, Result<SampleResult, Refusal>> {
        Box::pin(Sample::sample(self, request, asker))
    }
}

/// [`ListRoots`] behind a pointer.
trait HaveRoots: Send + Sync {
    fn roots(&self, asker: Asker) -> Answering<'_, Vec<Root>>;
}

impl<T: ListRoots> HaveRoots for T {
    fn roots(&self, asker: Asker) -> Answering<'_, Vec<Root>> {
        Box::pin(ListRoots::roots(self, asker))
    }
}

/// Who answers what servers ask.
#[derive(Clone, Default)]
pub(in crate::client) struct Handlers {
    elicitation: Option<Arc<dyn Elicit>>,
    sampling: Option<Arc<dyn AskModel>>,
    roots: Option<Arc<dyn HaveRoots>>,
}

impl Handlers {
    pub(in crate::client) fn elicitation(&mut self, handler: impl AnswerElicitation) {
        self.elicitation = Some(Arc::new(handler));
    }

    pub(in crate::client) fn sampling(&mut self, handler: impl Sample) {
        self.sampling = Some(Arc::new(handler));
    }

    pub(in crate::client) fn roots(&mut self, handler: impl ListRoots) {
        self.roots = Some(Arc::new(handler));
    }

    /// What is declared to servers: what somebody is there for.
    pub(in crate::client) fn declare(&self, capabilities: &mut ClientCapabilities) {
        capabilities.elicitation = self.elicitation.as_ref().map(|handler| handler.modes());
        capabilities.sampling = self.sampling.as_ref().map(|handler| handler.capability());
        capabilities.roots = self.roots.as_ref().map(|_| {
            let mut roots = ListCapability::default();
            roots.list_changed = Some(true);
            roots
        });
    }

    /// Why a request of a server is not answered that asks for what was not declared
    /// ([2025-11-25, error handling](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#error-handling)).
    /// A result that asks for input has no room for an error; there it is declined.
    pub(in crate::client) fn undeclared(&self, request: &InputRequest) -> Option<Refusal> {
        let is_undeclared =
            matches!(request, InputRequest::Elicit(_)) && self.elicitation.is_none();
        is_undeclared.then(|| Refusal::invalid("this client does not declare elicitation"))
    }

    /// Answers one question.
    pub(in crate::client) async fn answer(
        &self,
        request: InputRequest,
        asker: Asker,
    ) -> Result<InputReply, Refusal> {
        match request {
            InputRequest::Elicit(elicitation) => self
                .elicit(elicitation, asker)
                .await
                .map(InputReply::Elicit),
            InputRequest::Sample(request) => {
                let result = self.sample(*request, asker).await?;
                Ok(InputReply::Sample(Box::new(result)))
            }
            InputRequest::ListRoots => self.list_roots(asker).await.map(InputReply::Roots),
            _ => Err(Refusal::invalid("this client does not know the question")),
        }
    }

    async fn elicit(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        let Some(handler) = &self.elicitation else {
            return Ok(ElicitResult::new(Action::Decline));
        };
        let modes = handler.modes();
        match &elicitation {
            Elicitation::Form { .. } if modes.form.is_none() && modes.url.is_some() => Err(
                Refusal::invalid("this client does not declare the mode `form` of elicitation"),
            ),
            Elicitation::Url { .. } if modes.url.is_none() => Err(Refusal::invalid(
                "this client does not declare the mode `url` of elicitation",
            )),
            Elicitation::Url { url, .. } => {
                check_page(url)?;
                let mut result = handler.answer(elicitation, asker).await?;
                result.content = None;
                Ok(result)
            }
            Elicitation::Form {
                requested_schema, ..
            } => {
                // What cannot be checked is found out before anybody fills it in.
                let fields = Fields::read(requested_schema)?;
                let result = handler.answer(elicitation, asker).await?;
                form::complete(&fields, result)
            }
            _ => Err(Refusal::invalid(
                "this client does not know the mode of elicitation",
            )),
        }
    }

    async fn sample(
        &self,
        mut request: CreateMessage,
        asker: Asker,
    ) -> Result<SampleResult, Refusal> {
        let Some(handler) = &self.sampling else {
            return Err(Refusal::not_offered("sampling/createMessage"));
        };
        let capability = handler.capability();
        let uses_tools = !request.tools.is_empty() || request.tool_choice.is_some();
        if uses_tools && capability.tools.is_none() {
            return Err(Refusal::invalid(
                "this client does not declare `sampling.tools`",
            ));
        }
        // What is not declared is not to be asked for; who does so all the same gets the default.
        if capability.context.is_none() {
            request.include_context = request
                .include_context
                .filter(|context| *context == IncludeContext::None);
        }
        conversation::check(&request.messages).map_err(Refusal::invalid)?;
        handler.sample(request, asker).await
    }

    async fn list_roots(&self, asker: Asker) -> Result<Roots, Refusal> {
        let Some(handler) = &self.roots else {
            return Err(Refusal::not_offered("roots/list"));
        };
        let mut roots = Roots::default();
        roots.roots = handler.roots(asker).await;
        roots.roots.retain(|root| {
            let is_file = root
                .uri
                .get(..7)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file://"));
            if !is_file {
                tracing::warn!(uri = root.uri, "left out a root that is no `file://` URI");
            }
            is_file
        });
        Ok(roots)
    }
}

/// Refuses what is no page that a browser may be sent to.
fn check_page(page: &str) -> Result<(), Refusal> {
    // A name before the host is there to be taken for it.
    let is_page = page.trim() == page
        && !page.contains(char::is_control)
        && url::Url::parse(page).is_ok_and(|page| {
            matches!(page.scheme(), "http" | "https")
                && page.username().is_empty()
                && page.password().is_none()
        });
    if is_page {
        return Ok(());
    }
    Err(Refusal::invalid(
        "the page to open is no `https` or `http` URL, or has a name or a password before its host",
    ))
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("elicitation", &self.elicitation.is_some())
            .field("sampling", &self.sampling.is_some())
            .field("roots", &self.roots.is_some())
            .finish()
    }
}

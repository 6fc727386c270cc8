//! Questions to the client: its user, its model, its directories.
//!
//! How a question gets there is not the handler's business: in a session it goes out as a request while
//! the handler waits; in revision 2026-07-28 the reply asks for it, and the handler runs again from its
//! journal when the client repeats its request with the answer.

use std::sync::Arc;

use midfield_durable::Kind;
use midfield_protocol::types::{
    Action, CreateMessage, ElicitResult, Elicitation, InputReply, InputRequest, Root, SampleResult,
};
use midfield_protocol::wire::read_reply;
use midfield_protocol::{Error as ProtocolError, Raw};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::elicitations::check_page;
use super::super::form::Form;
use super::super::meta::Keys;
use super::Context;
use crate::seal::random;
use crate::{Error, Result, conversation};

/// What a user made of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these three"
)]
pub enum Answer<T> {
    /// The user answered.
    Accepted(T),
    /// The user said no.
    Declined,
    /// The user closed the question without an answer.
    Cancelled,
}

impl<T> Answer<T> {
    /// The answer, where there is one.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(answer) => Some(answer),
            Self::Declined | Self::Cancelled => None,
        }
    }
}

impl Context {
    /// Asks the user to fill in the form of `T`, recorded under `name`.
    ///
    /// `T` is a flat struct of texts, numbers, booleans and choices, see [`Form`]. A call whose client offers
    /// no forms ends with an error that says so
    /// ([elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).
    ///
    /// # Errors
    /// When the client refuses to ask.
    pub async fn elicit<T>(&self, name: &str, message: impl Into<String>) -> Result<Answer<T>>
    where
        T: JsonSchema + DeserializeOwned + 'static,
    {
        let form = match Form::cached::<T>() {
            Ok(form) => form,
            Err(error) => {
                tracing::error!(%error, question = name, "a handler asks for what is no form");
                self.refuse(ProtocolError::Internal);
                return std::future::pending().await;
            }
        };
        match self.elicit_form(name, message, &form).await? {
            Answer::Accepted(content) => {
                let answer = form.read(&content).map_err(Error::tool)?;
                Ok(Answer::Accepted(answer))
            }
            Answer::Declined => Ok(Answer::Declined),
            Answer::Cancelled => Ok(Answer::Cancelled),
        }
    }

    /// Asks the user to fill in a form that is made at run time; see [`Context::elicit`].
    ///
    /// # Errors
    /// When the client refuses to ask.
    pub async fn elicit_form(
        &self,
        name: &str,
        message: impl Into<String>,
        form: &Arc<Form>,
    ) -> Result<Answer<Map<String, Value>>> {
        let question = InputRequest::Elicit(Elicitation::form(message, form.schema().clone()));
        let form = form.clone();
        let fits = move |reply: &InputReply| match reply {
            InputReply::Elicit(result) if result.action == Action::Accept => {
                match &result.content {
                    Some(content) => form.check(content),
                    None => form.check(&Map::new()),
                }
            }
            _ => Ok(()),
        };
        match self.ask(Kind::Elicitation, name, question, fits).await? {
            InputReply::Elicit(result) => Ok(answer_of(result)),
            _ => Err(unexpected(name)),
        }
    }

    /// Asks the user to open the page at `url`, for what must not pass through the client: signing in,
    /// paying, a secret. An accepted question says that the user went there, not that anything was done
    /// there.
    ///
    /// # Errors
    /// When the client refuses to ask.
    pub async fn elicit_url(
        &self,
        name: &str,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Answer<()>> {
        let url = url.into();
        self.elicit_url_with(name, message, |_| url).await
    }

    /// As [`Context::elicit_url`], for pages that must know which question they belong to: `url` makes the
    /// URL of the question's id. When the page is done, tell the client by
    /// [`Service::elicitation_complete`](crate::Service::elicitation_complete).
    ///
    /// # Errors
    /// When the client refuses to ask.
    pub async fn elicit_url_with(
        &self,
        name: &str,
        message: impl Into<String>,
        url: impl FnOnce(&str) -> String,
    ) -> Result<Answer<()>> {
        // Recorded, so that it is the same when the call is run again.
        let id: String = self
            .step(&format!("{name}/id"), || {
                std::future::ready(random::<16>().map(hex))
            })
            .await?;
        let page = url(&id);
        if let Err(error) = check_page(&page) {
            tracing::error!(%error, question = name, "a handler sends its user to what is no URL");
            self.refuse(ProtocolError::Internal);
            return std::future::pending().await;
        }
        let question = InputRequest::Elicit(Elicitation::url(message, page, id.as_str()));
        if self.may_ask(name, &question).is_ok() {
            self.0.service.remember_elicitation(&id, self.asking());
        }
        let reply = self
            .ask(Kind::Elicitation, name, question, |_| Ok(()))
            .await?;
        match reply {
            InputReply::Elicit(result) => Ok(match answer_of(result) {
                Answer::Accepted(_) => Answer::Accepted(()),
                Answer::Declined => Answer::Declined,
                Answer::Cancelled => Answer::Cancelled,
            }),
            _ => Err(unexpected(name)),
        }
    }

    /// Asks the client's model, recorded under `name`
    /// ([sampling](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling)).
    ///
    /// Where tools are used, each use must have one result, in the next message, which holds nothing else: a
    /// call that asks otherwise ends with an error that says so. [`Context::agent`] takes care of it.
    ///
    /// # Errors
    /// When the client, or its user, refuses.
    pub async fn sample(&self, name: &str, mut request: CreateMessage) -> Result<SampleResult> {
        Keys(self.service().extensions()).clean_question(&mut request);
        if let Err(problem) = conversation::check(&request.messages) {
            tracing::error!(
                question = name,
                "a handler asks a model with a conversation that is none: {problem}"
            );
            self.refuse(ProtocolError::Failed {
                detail: format!("the question `{name}` has a conversation that is none: {problem}"),
            });
            return std::future::pending().await;
        }
        let question = InputRequest::Sample(Box::new(request));
        let fits = |reply: &InputReply| match reply {
            InputReply::Sample(answer) => Ok(conversation::check_answer(answer)?),
            _ => Ok(()),
        };
        match self.ask(Kind::Sample, name, question, fits).await? {
            InputReply::Sample(result) => Ok(*result),
            _ => Err(unexpected(name)),
        }
    }

    /// Asks which directories the client works in, recorded under `name`
    /// ([roots](https://modelcontextprotocol.io/specification/2026-07-28/client/roots)).
    ///
    /// # Errors
    /// When the client refuses.
    pub async fn roots(&self, name: &str) -> Result<Vec<Root>> {
        match self
            .ask(Kind::Roots, name, InputRequest::ListRoots, |_| Ok(()))
            .await?
        {
            InputReply::Roots(roots) => Ok(roots.roots),
            _ => Err(unexpected(name)),
        }
    }

    /// Asks a question whose answer has the question's shape, and `fits`.
    async fn ask(
        &self,
        kind: Kind,
        name: &str,
        question: InputRequest,
        fits: impl Fn(&InputReply) -> Result<(), String> + Send + Sync + 'static,
    ) -> Result<InputReply> {
        if let Err(error) = self.may_ask(name, &question) {
            // Nothing that the handler could catch: the call is over.
            self.refuse(error);
            return std::future::pending().await;
        }
        let request = Raw::of(&question)?;
        let question = Arc::new(question);
        let asked = question.clone();
        let accept = move |answer: &Raw| fits(&read_reply(&asked, answer)?);
        match self.execution().ask(kind, name, request, accept).await {
            Ok(answer) => read_reply(&question, &answer).map_err(Error::tool),
            Err(refusal) => Err(Error::tool(format!(
                "the client refused `{name}`: {}",
                refusal.message
            ))),
        }
    }

    /// Whether the question may be asked of this client, now.
    fn may_ask(&self, name: &str, question: &InputRequest) -> Result<(), ProtocolError> {
        if self.is_within_step() {
            tracing::error!(
                question = name,
                "a handler asks within a step; ask before the step"
            );
            return Err(ProtocolError::Failed {
                detail: format!(
                    "the question `{name}` was asked within a step, which cannot ask; ask before it"
                ),
            });
        }
        self.asking().check(&format!("the question `{name}`"))?;
        if !question.is_covered_by(self.capabilities()) {
            return Err(ProtocolError::MissingCapability {
                required: Box::new(question.capability()),
            });
        }
        Ok(())
    }
}

fn answer_of(result: ElicitResult) -> Answer<Map<String, Value>> {
    match result.action {
        Action::Accept => Answer::Accepted(result.content.unwrap_or_default()),
        Action::Decline => Answer::Declined,
        Action::Cancel => Answer::Cancelled,
    }
}

/// An answer to another question. Reading it by its own question rules that out.
fn unexpected(name: &str) -> Error {
    Error::tool(format!("the answer to `{name}` answers something else"))
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

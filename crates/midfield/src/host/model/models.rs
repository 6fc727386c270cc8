//! Models that answer servers: the way of a request through approval, choice, budgets and limits.

use std::fmt;
use std::io;
use std::sync::Arc;

use midfield_protocol::types::{
    Content, CreateMessage, IncludeContext, SampleResult, SamplingContent, ToolAnswer,
};
use tokio::time::Instant;

use super::approve::{Approval, Approve, DenyAll};
use super::budget::{Budget, Budgets, Reservation, Scope, Spending};
use super::choice::{Model, ranked};
use super::failure::Failure;
use super::limits::Limits;
use super::provider::{Completion, Prepared, Usage};
use super::retries::Retries;
use crate::client::{Asker, Refusal, Sample};
use crate::conversation;

/// Models that answer servers. Nothing is answered until [`approve`](Self::approve) says who may ask.
///
/// A request goes this way: it is checked against the [limits](Limits) and the rules of the protocol; somebody
/// [approves](Approve) of it; a model is chosen; what it may cost at the most is set aside in each [budget](Budget); the model is
/// asked, [again](Retries) if its provider has no room; what it did cost is counted; the answer is checked and approved of.
///
/// `includeContext` is ignored, as the specification allows, and `sampling.context` is not declared: no server gets to see what
/// others said
/// ([context inclusion](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#context-inclusion)).
#[derive(Clone)]
#[must_use]
pub struct Models {
    known: Vec<Model>,
    approval: Arc<dyn Approval>,
    budgets: Budgets,
    limits: Limits,
    retries: Retries,
}

impl Models {
    /// No model yet, and nobody who approves.
    pub fn new() -> Self {
        Self {
            known: Vec::new(),
            approval: Arc::new(DenyAll),
            budgets: Budgets::default(),
            limits: Limits::new(),
            retries: Retries::new(),
        }
    }

    /// Adds a model. Which of them answers is chosen by the hints of the server, then by its priorities, then by their order: the
    /// first hint that is a part of a model's name or alias, whatever its case, brings all such models to the front; among those, the
    /// sum of each priority times the model's figure decides. A model whose provider has no room for what is in the
    /// conversation, such as a sound, is passed over.
    pub fn model(mut self, model: Model) -> Self {
        self.known.push(model);
        self
    }

    /// Sets who is asked before and after. Default: [`DenyAll`].
    pub fn approve(mut self, policy: impl Approve) -> Self {
        self.approval = Arc::new(policy);
        self
    }

    /// Adds a budget. Default: none.
    pub fn budget(mut self, scope: Scope, budget: Budget) -> Self {
        self.budgets.add(scope, budget);
        self
    }

    /// Sets how much one request may be. Default: [`Limits::new`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how often a provider is asked that has no room. Default: [`Retries::new`].
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The model that fits best among those that take the request.
    fn choose(&self, request: &CreateMessage) -> Result<(&Model, Prepared, Spending), Refusal> {
        let mut first = None;
        for model in ranked(&self.known, request.model_preferences.as_ref()) {
            let max_tokens = request.max_tokens.min(model.max_tokens);
            match model.provider.prepare(&model.name, request, max_tokens) {
                Ok(prepared) => {
                    let at_most = Usage {
                        input: estimate(request),
                        output: max_tokens.into(),
                    };
                    return Ok((model, prepared, spending(model, at_most)));
                }
                Err(failure) => {
                    first.get_or_insert(failure);
                }
            }
        }
        Err(match first {
            Some(failure) => failure.into_refusal(),
            None => Refusal::failed("this client has no model; name one in its configuration"),
        })
    }

    /// Asks until there is an answer, or no more attempt.
    async fn ask(&self, prepared: &Prepared, asker: &Asker) -> Result<Completion, Failure> {
        let begin = Instant::now();
        let mut attempt = 1;
        loop {
            let failure = match prepared.ask(asker).await {
                Ok(completion) => return Ok(completion),
                Err(failure) => failure,
            };
            let wait = self
                .retries
                .wait(attempt, begin.elapsed(), failure, chance())?;
            tracing::debug!(
                server = asker.server,
                attempt,
                ?wait,
                "a model is asked again"
            );
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn answer(
        &self,
        request: &CreateMessage,
        asker: &Asker,
    ) -> Result<SampleResult, Refusal> {
        let (model, prepared, at_most) = self.choose(request)?;
        let reservation = self.budgets.reserve(asker, at_most)?;
        match self.ask(&prepared, asker).await {
            Ok(completion) => {
                settle(reservation, model, completion.usage, asker);
                check(request, completion.result)
            }
            Err(failure) => {
                if failure.is_free() {
                    reservation.settle(spending(model, Usage::default()));
                }
                tracing::warn!(
                    server = asker.server,
                    model = model.name,
                    "no answer: {failure}"
                );
                Err(failure.into_refusal())
            }
        }
    }
}

impl Default for Models {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models")
            .field("models", &self.known)
            .field("budgets", &self.budgets)
            .field("limits", &self.limits)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Sample for Models {
    /// # Cancel safety
    /// When the future is dropped the provider is not listened to any more; what was set aside stays spent.
    async fn sample(
        &self,
        mut request: CreateMessage,
        asker: Asker,
    ) -> Result<SampleResult, Refusal> {
        self.limits.check(&request)?;
        if !matches!(
            request.include_context.take(),
            None | Some(IncludeContext::None)
        ) {
            tracing::debug!(server = asker.server, "`includeContext` is ignored");
        }
        let request = self.approval.before(request, &asker).await?;
        // It may have been edited.
        self.limits.check(&request)?;
        let result = Box::pin(self.answer(&request, &asker)).await?;
        self.approval.after(&request, result, &asker).await
    }
}

fn settle(reservation: Reservation, model: &Model, usage: Option<Usage>, asker: &Asker) {
    tracing::debug!(
        server = asker.server,
        model = model.name,
        input_tokens = usage.map(|it| it.input),
        output_tokens = usage.map(|it| it.output),
        "a model has answered"
    );
    if let Some(usage) = usage {
        reservation.settle(spending(model, usage));
    }
}

/// Checks what a model has answered.
fn check(request: &CreateMessage, result: SampleResult) -> Result<SampleResult, Refusal> {
    let unusable = |told: &str| Failure::unusable(told).into_refusal();
    conversation::check_answer(&result).map_err(unusable)?;
    let is_use = |content: &SamplingContent| matches!(content, SamplingContent::ToolUse(_));
    if request.tools.is_empty() && result.content.iter().any(is_use) {
        return Err(unusable("it uses a tool though it was given none"));
    }
    Ok(result)
}

fn spending(model: &Model, usage: Usage) -> Spending {
    Spending {
        calls: 1,
        tokens: usage.input.saturating_add(usage.output),
        cost: model.price.of(usage.input, usage.output),
    }
}

/// About how many tokens a request has, rather too many than too few: a token for every three bytes, also of a file that is no
/// picture or sound, 2,000 for a picture, and one for every 500 bytes of a sound.
fn estimate(request: &CreateMessage) -> u64 {
    let mut length = Length(0);
    // Counting does not fail, and what cannot be written was refused before.
    let _ = serde_json::to_writer(&mut length, request);
    let mut media = Media::default();
    for content in request.messages.iter().flat_map(|it| &it.content) {
        match content {
            SamplingContent::Image(image) => media.picture(&image.data),
            SamplingContent::Audio(audio) => media.sound(&audio.data),
            SamplingContent::ToolResult(answer) => media.result(answer),
            _ => {}
        }
    }
    let text = length.0.saturating_sub(media.bytes);
    text.div_ceil(3).saturating_add(media.tokens)
}

/// What is no text.
#[derive(Debug, Default)]
struct Media {
    bytes: u64,
    tokens: u64,
}

impl Media {
    fn picture(&mut self, data: &str) {
        self.bytes += data.len() as u64;
        self.tokens += 2_000;
    }

    fn sound(&mut self, data: &str) {
        self.bytes += data.len() as u64;
        self.tokens += (data.len() as u64).div_ceil(500);
    }

    /// A file as its kind has it; a model reads one that is no picture or sound as text.
    fn file(&mut self, data: &str, kind: &str) {
        if kind.starts_with("image/") {
            self.picture(data);
        } else if kind.starts_with("audio/") {
            self.sound(data);
        } else {
            let length = data.len() as u64;
            self.bytes += length;
            // Four characters of base64 are three bytes.
            self.tokens += length.div_ceil(4);
        }
    }

    fn result(&mut self, answer: &ToolAnswer) {
        for content in &answer.content {
            match content {
                Content::Image(image) => self.picture(&image.data),
                Content::Audio(audio) => self.sound(&audio.data),
                Content::Resource(resource) => {
                    if let Some(blob) = &resource.resource.blob {
                        let kind = resource.resource.mime_type.as_deref();
                        self.file(blob, kind.unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
    }
}

/// Counts bytes.
struct Length(u64);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// So that clients that failed together do not come back together. Without any it is no worse than that.
fn chance() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

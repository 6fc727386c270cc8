//! Completing what a user types: the arguments of prompts and the variables of URI templates
//! ([completion](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/completion)).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use midfield_protocol::types::Completion;

use super::Context;
use super::handler::HandlerFuture;
use super::words::Words;
use crate::Error;

/// What is typed so far.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Typing {
    /// The beginning of the value.
    pub value: String,
    /// The values of other arguments that are chosen already.
    pub arguments: BTreeMap<String, String>,
}

/// Code that completes values: an `async` function of a [`Typing`] and a [`Context`] that returns the
/// values that may be meant, best first, up to a hundred of which are sent. It cannot ask its client.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no completer",
    note = "a completer is an `async fn` of a `Typing` and a `Context`, whose future is `Send`"
)]
pub trait Completer: Send + Sync + 'static {
    /// Begins to complete.
    fn complete(&self, typing: Typing, context: Context) -> HandlerFuture<Completion>;
}

impl<F, Fut, R> Completer for F
where
    F: Fn(Typing, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoCompletion + 'static,
{
    fn complete(&self, typing: Typing, context: Context) -> HandlerFuture<Completion> {
        let running = self(typing, context);
        Box::pin(async move { running.await.into_completion() })
    }
}

/// What a completer may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the values of a completion",
    note = "return a `Vec` of texts, `Completion`, or a `Result` of one of these"
)]
pub trait IntoCompletion {
    /// The values.
    fn into_completion(self) -> Result<Completion, Error>;
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Result<Completion, Error> {
        Ok(self)
    }
}

impl<T: Into<String>> IntoCompletion for Vec<T> {
    fn into_completion(self) -> Result<Completion, Error> {
        Ok(Completion::new(self.into_iter().map(Into::into).collect()))
    }
}

impl<T: IntoCompletion, E: Into<Error>> IntoCompletion for Result<T, E> {
    fn into_completion(self) -> Result<Completion, Error> {
        self.map_err(Into::into)?.into_completion()
    }
}

/// The completers of one prompt or template, by argument.
#[derive(Clone, Default)]
pub(super) struct Completers(BTreeMap<String, Arc<dyn Completer>>);

impl Completers {
    /// Completers of the arguments that are choices.
    pub(super) fn of_choices(words: &Words) -> Self {
        let mut completers = Self::default();
        for (name, choices) in words.choices() {
            let completer = move |typing: Typing, _: Context| {
                let begun = typing.value.to_lowercase();
                let fitting: Vec<String> = choices
                    .iter()
                    .filter(|choice| choice.to_lowercase().starts_with(&begun))
                    .cloned()
                    .collect();
                std::future::ready(fitting)
            };
            completers.insert(name.to_owned(), completer);
        }
        completers
    }

    pub(super) fn insert(&mut self, argument: String, completer: impl Completer) {
        self.0.insert(argument, Arc::new(completer));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn find(&self, argument: &str) -> Option<&Arc<dyn Completer>> {
        self.0.get(argument)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Completers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

//! What a handler may ask of its client, declared, and by which way a question reaches it.

use std::sync::Arc;

use midfield_protocol::Error;
use midfield_protocol::types::{
    ClientCapabilities, ElicitationCapability, ListCapability, SamplingCapability, Settings,
};

use super::questions::{Questions, SessionKey};

/// What a handler asks of its client. Declared, it is checked before the handler runs, so that a client
/// which cannot answer is refused before anything was done.
///
/// ```
/// use midfield::server::Asks;
///
/// let asks = Asks::form().and(Asks::sampling());
/// # let _ = asks;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asks(ClientCapabilities);

impl Asks {
    /// Forms for the user.
    pub fn form() -> Self {
        let mut elicitation = ElicitationCapability::default();
        elicitation.form = Some(Settings::default());
        Self::elicitation(elicitation)
    }

    /// Pages that the user opens.
    pub fn url() -> Self {
        let mut elicitation = ElicitationCapability::default();
        elicitation.url = Some(Settings::default());
        Self::elicitation(elicitation)
    }

    /// A model.
    pub fn sampling() -> Self {
        let mut capabilities = ClientCapabilities::default();
        capabilities.sampling = Some(SamplingCapability::default());
        Self(capabilities)
    }

    /// A model that uses tools.
    pub fn sampling_with_tools() -> Self {
        let mut asks = Self::sampling();
        if let Some(sampling) = &mut asks.0.sampling {
            sampling.tools = Some(Settings::default());
        }
        asks
    }

    /// The root directories.
    pub fn roots() -> Self {
        let mut capabilities = ClientCapabilities::default();
        capabilities.roots = Some(ListCapability::default());
        Self(capabilities)
    }

    /// An extension of the protocol, by its identifier.
    pub fn extension(id: impl Into<String>) -> Self {
        let mut capabilities = ClientCapabilities::default();
        capabilities
            .extensions
            .insert(id.into(), Settings::default());
        Self(capabilities)
    }

    /// All of this and of `more`.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        let more = more.0;
        if more.roots.is_some() {
            self.0.roots = more.roots;
        }
        if let Some(sampling) = more.sampling {
            let mine = self.0.sampling.get_or_insert_default();
            mine.tools = mine.tools.take().or(sampling.tools);
            mine.context = mine.context.take().or(sampling.context);
        }
        if let Some(elicitation) = more.elicitation {
            let mine = self.0.elicitation.get_or_insert_default();
            mine.form = mine.form.take().or(elicitation.form);
            mine.url = mine.url.take().or(elicitation.url);
        }
        self.0.extensions.extend(more.extensions);
        self
    }

    fn elicitation(elicitation: ElicitationCapability) -> Self {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = Some(elicitation);
        Self(capabilities)
    }

    /// What of it a client with `offered` lacks; `None` where it lacks nothing.
    pub(super) fn missing(&self, offered: &ClientCapabilities) -> Option<ClientCapabilities> {
        offered.lacking(&self.0)
    }
}

/// By which way a question reaches the client.
#[derive(Clone, Debug)]
pub(crate) enum Asking {
    /// By a request in the same session; the handler waits for the answer where it is.
    Live {
        questions: Arc<Questions>,
        session: SessionKey,
    },
    /// By the reply, which says what is needed. The client repeats its request with the answers.
    Retried,
    /// By the task that the call is: whoever looks at it sees the question.
    Task,
    /// By none: there is no session, and the revision has no other way.
    Never,
    /// By none: the request is none by which a client may be asked.
    Forbidden,
}

impl Asking {
    /// Why `what` cannot be asked, where there is no way.
    pub(super) fn check(&self, what: &str) -> Result<(), Error> {
        match self {
            Self::Live { .. } | Self::Retried | Self::Task => Ok(()),
            Self::Never => Err(Error::InvalidRequest {
                detail: format!(
                    "{what} can only be asked in a session; begin one with `initialize`"
                ),
            }),
            Self::Forbidden => Err(Error::Failed {
                detail: format!(
                    "{what} was asked by a method that cannot ask: only tools, prompts and resources can"
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(json: &str) -> ClientCapabilities {
        serde_json::from_str(json).expect("capabilities")
    }

    #[test]
    fn a_client_lacks_exactly_what_it_does_not_offer() {
        let everything = Asks::form()
            .and(Asks::url())
            .and(Asks::sampling_with_tools())
            .and(Asks::roots())
            .and(Asks::extension("com.example/x"));
        let all = r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{},
            "extensions":{"com.example/x":{}}}"#;
        assert_eq!(everything.missing(&offered(all)), None);
        let cases = [
            (Asks::form(), r#"{"elicitation":{}}"#, true),
            (Asks::form(), r#"{"elicitation":{"url":{}}}"#, false),
            (Asks::url(), r#"{"elicitation":{}}"#, false),
            (Asks::sampling(), r#"{"sampling":{}}"#, true),
            (Asks::sampling_with_tools(), r#"{"sampling":{}}"#, false),
            (Asks::roots(), "{}", false),
            (
                Asks::extension("a/b"),
                r#"{"extensions":{"a/c":{}}}"#,
                false,
            ),
            (Asks::default(), "{}", true),
        ];
        for (asks, capabilities, covered) in cases {
            let missing = asks.missing(&offered(capabilities));
            assert_eq!(missing.is_none(), covered, "{asks:?} of {capabilities}");
        }
    }
}

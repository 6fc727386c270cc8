//! What a server asks of the client while it works on the client's request.

use serde::{Deserialize, Serialize, Serializer};

use super::{
    ClientCapabilities, CreateMessage, ElicitResult, Elicitation, ElicitationCapability,
    IncludeContext, ListCapability, Roots, SampleResult, SamplingCapability, Settings,
};

/// One question to the client
/// ([2026-07-28, multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InputRequest {
    /// To the user.
    Elicit(Elicitation),
    /// To the model.
    Sample(Box<CreateMessage>),
    /// For the roots.
    ListRoots,
}

impl InputRequest {
    /// The method by which it is asked.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Elicit(_) => ELICIT,
            Self::Sample(_) => SAMPLE,
            Self::ListRoots => LIST_ROOTS,
        }
    }

    /// Reads a question from its method and its parameters; `None` where a server does not ask so.
    pub(crate) fn read(method: &str, params: &str) -> Option<Result<Self, serde_json::Error>> {
        match method {
            ELICIT => Some(serde_json::from_str(params).map(Self::Elicit)),
            SAMPLE => Some(serde_json::from_str(params).map(Self::Sample)),
            LIST_ROOTS => Some(Ok(Self::ListRoots)),
            _ => None,
        }
    }

    /// What the client has to offer to be asked this.
    pub fn capability(&self) -> ClientCapabilities {
        let mut needed = ClientCapabilities::default();
        match self {
            Self::Elicit(Elicitation::Form { .. }) => {
                needed.elicitation = Some(ElicitationCapability {
                    form: Some(Settings::default()),
                    url: None,
                });
            }
            Self::Elicit(Elicitation::Url { .. }) => {
                needed.elicitation = Some(ElicitationCapability {
                    form: None,
                    url: Some(Settings::default()),
                });
            }
            Self::Sample(question) => {
                needed.sampling = Some(SamplingCapability {
                    context: question
                        .include_context
                        .filter(|context| *context != IncludeContext::None)
                        .map(|_| Settings::default()),
                    tools: (!question.tools.is_empty() || question.tool_choice.is_some())
                        .then(Settings::default),
                });
            }
            Self::ListRoots => needed.roots = Some(ListCapability::default()),
        }
        needed
    }

    /// Whether a client with these capabilities may be asked this.
    pub fn is_covered_by(&self, capabilities: &ClientCapabilities) -> bool {
        capabilities.lacking(&self.capability()).is_none()
    }
}

impl Serialize for InputRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Question<'a, T> {
            method: &'static str,
            params: &'a T,
        }
        #[derive(Serialize)]
        struct Bare {
            method: &'static str,
        }
        let method = self.method();
        match self {
            Self::Elicit(params) => Question { method, params }.serialize(serializer),
            Self::Sample(params) => Question { method, params }.serialize(serializer),
            Self::ListRoots => Bare { method }.serialize(serializer),
        }
    }
}

/// By hand: derived code would buffer the parameters, and a buffer does not keep JSON text as it was
/// written.
impl<'de> Deserialize<'de> for InputRequest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        #[derive(Deserialize)]
        struct Question {
            method: String,
            #[serde(default)]
            params: Option<crate::Raw>,
        }
        let Question { method, params } = Question::deserialize(deserializer)?;
        let params = match &params {
            Some(params) if !params.as_str().starts_with('{') => {
                return Err(D::Error::custom("`params` is no object"));
            }
            Some(params) => params.as_str(),
            None => "{}",
        };
        match Self::read(&method, params) {
            Some(request) => request.map_err(D::Error::custom),
            None => Err(D::Error::custom(format_args!(
                "a server does not ask {method:?}"
            ))),
        }
    }
}

/// The client's answer to an [`InputRequest`]. Written as its kind is, as the question says which that is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum InputReply {
    /// The user's.
    Elicit(ElicitResult),
    /// The model's.
    Sample(Box<SampleResult>),
    /// The roots.
    Roots(Roots),
}

/// What a request needs of the client before it can be answered: the client asks again with the replies
/// and the state.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InputRequired {
    /// The questions, each under a key of the server's own; no key stands there twice.
    pub requests: Vec<(String, InputRequest)>,
    /// What the client gives back unread.
    pub state: Option<String>,
}

impl InputRequired {
    /// These questions, with nothing to give back.
    pub fn new(requests: Vec<(String, InputRequest)>) -> Self {
        Self {
            requests,
            state: None,
        }
    }

    /// The same questions with what the client gives back unread.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

const ELICIT: &str = "elicitation/create";
const SAMPLE: &str = "sampling/createMessage";
const LIST_ROOTS: &str = "roots/list";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{SamplingMessage, Schema, Tool, ToolChoiceMode};

    fn capabilities(text: &str) -> ClientCapabilities {
        serde_json::from_str(text).expect("capabilities")
    }

    #[test]
    fn a_client_is_asked_only_what_it_offers() {
        let form = InputRequest::Elicit(Elicitation::form("Who?", Schema::default()));
        let page = InputRequest::Elicit(Elicitation::url("Sign in", "https://a.example/", "e1"));
        let plain = CreateMessage::new(10).message(SamplingMessage::user("Hello"));
        let mut context = plain.clone();
        context.include_context = Some(IncludeContext::ThisServer);
        let mut no_context = plain.clone();
        no_context.include_context = Some(IncludeContext::None);
        let tools = plain.clone().tool(Tool::new("t", Schema::default()));
        let choice = plain.clone().tool_choice(ToolChoiceMode::Auto);
        let sample = |question| InputRequest::Sample(Box::new(question));
        let cases = [
            (&form, r#"{"elicitation":{}}"#, true),
            (&form, r#"{"elicitation":{"form":{}}}"#, true),
            (&form, r#"{"elicitation":{"url":{}}}"#, false),
            (&form, "{}", false),
            (&page, r#"{"elicitation":{}}"#, false),
            (&page, r#"{"elicitation":{"form":{},"url":{}}}"#, true),
            (&sample(plain), r#"{"sampling":{}}"#, true),
            (&sample(no_context), r#"{"sampling":{}}"#, true),
            (&sample(context.clone()), r#"{"sampling":{}}"#, false),
            (&sample(context), r#"{"sampling":{"context":{}}}"#, true),
            (
                &sample(tools.clone()),
                r#"{"sampling":{"context":{}}}"#,
                false,
            ),
            (&sample(tools), r#"{"sampling":{"tools":{}}}"#, true),
            (&sample(choice), r#"{"sampling":{}}"#, false),
            (&InputRequest::ListRoots, r#"{"roots":{}}"#, true),
            (&InputRequest::ListRoots, r#"{"sampling":{}}"#, false),
        ];
        for (question, offered, covered) in cases {
            assert_eq!(
                question.is_covered_by(&capabilities(offered)),
                covered,
                "{question:?} {offered}"
            );
            assert!(question.is_covered_by(&question.capability()));
        }
    }
}

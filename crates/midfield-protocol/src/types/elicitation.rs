//! Asking the client's user.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Schema;

/// What the user is asked
/// ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Params", try_from = "Params")]
#[non_exhaustive]
pub enum Elicitation {
    /// To fill in a form, of which the client sees everything.
    Form {
        /// What is wanted, and why.
        message: String,
        /// The fields: an object whose properties are all primitive.
        requested_schema: Schema,
    },
    /// To open a page, of which the client sees nothing.
    Url {
        /// What is wanted, and why.
        message: String,
        /// The page.
        url: String,
        /// What the page's completion is told by. Only 2025-11-25 writes it; later revisions retry instead.
        elicitation_id: String,
    },
}

impl Elicitation {
    /// A form.
    pub fn form(message: impl Into<String>, requested_schema: Schema) -> Self {
        Self::Form {
            message: message.into(),
            requested_schema,
        }
    }

    /// A page.
    pub fn url(
        message: impl Into<String>,
        url: impl Into<String>,
        elicitation_id: impl Into<String>,
    ) -> Self {
        Self::Url {
            message: message.into(),
            url: url.into(),
            elicitation_id: elicitation_id.into(),
        }
    }
}

/// What the user answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ElicitResult {
    /// What the user did.
    pub action: Action,
    /// What the form holds, where one was sent off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Map<String, Value>>,
}

impl ElicitResult {
    /// An answer without a form.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            content: None,
        }
    }
}

/// What the user did with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these three"
)]
pub enum Action {
    /// Agreed.
    Accept,
    /// Refused.
    Decline,
    /// Left without a choice.
    Cancel,
}

/// Both kinds as the wire has them. Without a mode it is a form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested_schema: Option<Schema>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    elicitation_id: String,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Form,
    Url,
}

impl From<Elicitation> for Params {
    fn from(elicitation: Elicitation) -> Self {
        match elicitation {
            Elicitation::Form {
                message,
                requested_schema,
            } => Self {
                mode: Some(Mode::Form),
                message,
                requested_schema: Some(requested_schema),
                url: None,
                elicitation_id: String::new(),
            },
            Elicitation::Url {
                message,
                url,
                elicitation_id,
            } => Self {
                mode: Some(Mode::Url),
                message,
                requested_schema: None,
                url: Some(url),
                elicitation_id,
            },
        }
    }
}

impl TryFrom<Params> for Elicitation {
    type Error = &'static str;

    fn try_from(params: Params) -> Result<Self, Self::Error> {
        match params.mode {
            None | Some(Mode::Form) => Ok(Self::Form {
                message: params.message,
                requested_schema: params
                    .requested_schema
                    .ok_or("a form without `requestedSchema`")?,
            }),
            Some(Mode::Url) => Ok(Self::Url {
                message: params.message,
                url: params.url.ok_or("a page without `url`")?,
                elicitation_id: params.elicitation_id,
            }),
        }
    }
}

//! The result by which a server asks the client
//! ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::types::{Elicitation, InputRequest, InputRequired};
use crate::wire::ResultMeta;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct InputRequiredResult<'a> {
    result_type: &'static str,
    #[serde(skip_serializing_if = "Questions::is_empty")]
    input_requests: Questions<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_state: Option<&'a str>,
    #[serde(rename = "_meta")]
    meta: ResultMeta<'a>,
}

impl<'a> InputRequiredResult<'a> {
    pub(in crate::wire) fn new(required: &'a InputRequired, meta: ResultMeta<'a>) -> Self {
        Self {
            result_type: "input_required",
            input_requests: Questions(&required.requests),
            request_state: required.state.as_deref(),
            meta,
        }
    }
}

pub(super) struct Questions<'a>(pub(super) &'a [(String, InputRequest)]);

impl Questions<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Questions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, request) in self.0 {
            match request {
                // Here the client asks again, and nothing tells it that the page is done with.
                InputRequest::Elicit(Elicitation::Url { message, url, .. }) => {
                    let page = Elicitation::url(message, url, "");
                    map.serialize_entry(key, &InputRequest::Elicit(page))?;
                }
                InputRequest::Sample(question)
                    if question.tools.iter().any(|tool| tool.execution.is_some()) =>
                {
                    let mut question = question.clone();
                    question.tools = super::tools(&question.tools).into_owned();
                    map.serialize_entry(key, &InputRequest::Sample(question))?;
                }
                other => map.serialize_entry(key, other)?,
            }
        }
        map.end()
    }
}

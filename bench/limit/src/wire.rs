//! The few messages that the limit server reads and writes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) jsonrpc: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) id: Option<Id<'a>>,
    #[serde(borrow)]
    pub(crate) method: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Id<'a> {
    Number(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    pub(crate) protocol_version: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "progressToken")]
    pub(crate) progress_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(crate) struct CallParams<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta", default)]
    pub(crate) meta: Meta<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ListParams<'a> {
    #[serde(borrow, rename = "_meta", default)]
    pub(crate) meta: Meta<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ReadParams<'a> {
    #[serde(borrow)]
    pub(crate) uri: Cow<'a, str>,
    #[serde(borrow, rename = "_meta", default)]
    pub(crate) meta: Meta<'a>,
}

#[derive(Deserialize)]
pub(crate) struct InitializeParams<'a> {
    #[serde(borrow, rename = "protocolVersion")]
    pub(crate) protocol_version: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct EchoArguments<'a> {
    #[serde(borrow)]
    pub(crate) text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct AddArguments {
    pub(crate) a: i64,
    pub(crate) b: i64,
}

#[derive(Deserialize)]
pub(crate) struct ProgressArguments {
    pub(crate) n: u64,
}

#[derive(Serialize)]
pub(crate) struct Response<'a, R: Serialize> {
    pub(crate) jsonrpc: &'static str,
    pub(crate) id: Option<&'a Id<'a>>,
    pub(crate) result: R,
}

#[derive(Serialize)]
pub(crate) struct Text<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
pub(crate) struct CallResult<'a, S: Serialize> {
    #[serde(rename = "resultType", skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    content: [Text<'a>; 1],
    #[serde(rename = "structuredContent", skip_serializing_if = "Option::is_none")]
    structured: Option<S>,
    #[serde(rename = "isError")]
    is_error: bool,
}

impl<'a, S: Serialize> CallResult<'a, S> {
    pub(crate) fn new(modern: bool, text: &'a str, structured: Option<S>) -> Self {
        let result_type = modern.then_some("complete");
        Self {
            result_type,
            content: [Text {
                r#type: "text",
                text,
            }],
            structured,
            is_error: false,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ReadResult<'a> {
    #[serde(rename = "resultType", skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(rename = "ttlMs", skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(rename = "cacheScope", skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    contents: [Contents<'a>; 1],
}

#[derive(Serialize)]
struct Contents<'a> {
    uri: &'a str,
    #[serde(rename = "mimeType")]
    mime_type: &'static str,
    text: &'static str,
}

impl<'a> ReadResult<'a> {
    pub(crate) fn new(modern: bool, uri: &'a str, text: &'static str) -> Self {
        Self {
            result_type: modern.then_some("complete"),
            ttl: modern.then_some(0),
            scope: modern.then_some("public"),
            contents: [Contents {
                uri,
                mime_type: "text/plain",
                text,
            }],
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Sum {
    pub(crate) sum: i64,
}

#[derive(Serialize)]
pub(crate) struct ProgressNotification<'a> {
    pub(crate) jsonrpc: &'static str,
    pub(crate) method: &'static str,
    pub(crate) params: ProgressParams<'a>,
}

#[derive(Serialize)]
pub(crate) struct ProgressParams<'a> {
    #[serde(rename = "progressToken")]
    pub(crate) token: &'a RawValue,
    pub(crate) progress: u64,
    pub(crate) total: u64,
}

//! Parameters that both eras write alike.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::call::{CallTool, Complete, GetPrompt, IDEMPOTENCY_KEY, ReadResource, Reference, Retry};
use crate::jsonrpc::Request;
use crate::types::{ClientCapabilities, TaskRequest};
use crate::{Call, Error};

/// Longest text of a client's capabilities, in bytes. Their settings are kept as values, which can take a
/// hundred times the room of their text, for as long as a request or a session lasts.
const MAX_CAPABILITIES: usize = 16 << 10;

/// Longest text of the arguments that are chosen already when one more is completed, in bytes. They are
/// kept in a map, which can take many times the room of their text.
const MAX_CONTEXT: usize = 64 << 10;

/// Longest name that a client gives a call, in bytes.
const MAX_KEY: usize = 256;

#[derive(Deserialize)]
struct ListParams<'a> {
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
}

/// Where the page of a list begins that is asked for.
pub(super) fn cursor<'a>(request: &Request<'a>) -> Result<Option<Cow<'a, str>>, Error> {
    let params: ListParams<'a> = read(request)?;
    Ok(params.cursor)
}

/// What is asked by name, of a tool or a prompt.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "inputResponses")]
    responses: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "requestState", deserialize_with = "present")]
    state: Option<&'a RawValue>,
    #[serde(borrow, default)]
    task: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "_meta",
        deserialize_with = "super::meta::object"
    )]
    meta: CallMeta<'a>,
}

/// What a call says of itself in `_meta` that is not for every request.
#[derive(Default, Deserialize)]
struct CallMeta<'a> {
    // IDEMPOTENCY_KEY
    #[serde(
        borrow,
        default,
        rename = "midfield.dev/idempotencyKey",
        deserialize_with = "present"
    )]
    idempotency_key: Option<&'a RawValue>,
}

pub(super) fn call_tool<'a>(
    request: &Request<'a>,
    retry: ReadRetry,
    task: ReadTask,
) -> Result<Call<'a>, Error> {
    let params: Named<'a> = read(request)?;
    Ok(Call::CallTool(CallTool {
        name: params.name,
        arguments: is_object("arguments", params.arguments)?.map(Cow::Borrowed),
        retry: retry(params.responses, params.state)?,
        task: task(params.task)?,
        idempotency_key: params
            .meta
            .idempotency_key
            .map(idempotency_key)
            .transpose()?,
    }))
}

fn idempotency_key(raw: &RawValue) -> Result<Cow<'_, str>, Error> {
    #[derive(Deserialize)]
    struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
    match serde_json::from_str(raw.get()) {
        Ok(Key(key)) if (1..=MAX_KEY).contains(&key.len()) => Ok(key),
        _ => Err(invalid(format!(
            "`_meta`: `{IDEMPOTENCY_KEY}` is no string of 1 to {MAX_KEY} bytes"
        ))),
    }
}

/// How a revision reads the wish that a call be run as a task.
pub(super) type ReadTask = fn(Option<&RawValue>) -> Result<Option<TaskRequest>, Error>;

/// A revision in which clients have no such wish reads nothing.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the revision that reads something can fail"
)]
pub(super) fn no_task(_: Option<&RawValue>) -> Result<Option<TaskRequest>, Error> {
    Ok(None)
}

/// The `task` of a call
/// ([2025-11-25, task parameters](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task-parameters)).
pub(super) fn task(raw: Option<&RawValue>) -> Result<Option<TaskRequest>, Error> {
    #[derive(Deserialize)]
    struct Wish {
        #[serde(default)]
        ttl: Option<Number>,
    }
    let Some(raw) = raw else {
        return Ok(None);
    };
    let wish: Wish = object("task", raw)?;
    let ttl = wish
        .ttl
        .map(|ttl| {
            lifetime(&ttl).ok_or_else(|| {
                invalid(format!(
                    "`task`: `ttl` is {ttl}, which is no number of milliseconds to keep a task for"
                ))
            })
        })
        .transpose()?;
    Ok(Some(TaskRequest { ttl }))
}

/// As long as `millis` says, a number that may be written with a fraction.
fn lifetime(millis: &Number) -> Option<Duration> {
    match (millis.as_u64(), millis.as_f64()) {
        (Some(millis), _) => Some(Duration::from_millis(millis)),
        (None, Some(millis)) => Duration::try_from_secs_f64(millis / 1_000.0).ok(),
        (None, None) => None,
    }
}

/// The task that a request is about.
pub(super) fn task_id<'a>(request: &Request<'a>) -> Result<Cow<'a, str>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        #[serde(borrow)]
        task_id: Cow<'a, str>,
    }
    let params: Params<'a> = read(request)?;
    Ok(params.task_id)
}

pub(super) fn get_prompt<'a>(request: &Request<'a>, retry: ReadRetry) -> Result<Call<'a>, Error> {
    let params: Named<'a> = read(request)?;
    let arguments = is_object("arguments", params.arguments)?;
    if let Some(arguments) = arguments {
        let _: Texts = object("arguments", arguments)?;
    }
    Ok(Call::GetPrompt(GetPrompt {
        name: params.name,
        arguments: arguments.map(Cow::Borrowed),
        retry: retry(params.responses, params.state)?,
    }))
}

pub(super) fn read_resource<'a>(
    request: &Request<'a>,
    retry: ReadRetry,
) -> Result<Call<'a>, Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        uri: Cow<'a, str>,
        #[serde(borrow, default, rename = "inputResponses")]
        responses: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "requestState", deserialize_with = "present")]
        state: Option<&'a RawValue>,
    }
    let params: Params<'a> = read(request)?;
    Ok(Call::ReadResource(ReadResource {
        uri: params.uri,
        retry: retry(params.responses, params.state)?,
    }))
}

/// The resource that a session subscribes to.
pub(super) fn uri<'a>(request: &Request<'a>) -> Result<Cow<'a, str>, Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        uri: Cow<'a, str>,
    }
    let params: Params<'a> = read(request)?;
    Ok(params.uri)
}

pub(super) fn complete<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        r#ref: &'a RawValue,
        #[serde(borrow)]
        argument: &'a RawValue,
        #[serde(borrow, default)]
        context: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Argument<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow)]
        value: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Context {
        #[serde(default)]
        arguments: Option<BTreeMap<String, String>>,
    }
    let params: Params<'a> = read(request)?;
    let argument: Argument<'a> = object("argument", params.argument)?;
    let context: Option<Context> = params
        .context
        .map(|context| bounded("context", context, MAX_CONTEXT))
        .transpose()?;
    Ok(Call::Complete(Complete {
        reference: reference(params.r#ref)?,
        name: argument.name,
        value: argument.value,
        arguments: context
            .and_then(|context| context.arguments)
            .unwrap_or_default(),
    }))
}

fn reference(raw: &RawValue) -> Result<Reference<'_>, Error> {
    #[derive(Deserialize)]
    struct Parts<'a> {
        #[serde(borrow)]
        r#type: Cow<'a, str>,
        #[serde(borrow, default)]
        name: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        uri: Option<Cow<'a, str>>,
    }
    let parts: Parts<'_> = object("ref", raw)?;
    match (parts.r#type.as_ref(), parts.name, parts.uri) {
        ("ref/prompt", Some(name), _) => Ok(Reference::Prompt { name }),
        ("ref/resource", _, Some(uri)) => Ok(Reference::Resource { uri }),
        ("ref/prompt", None, _) => Err(invalid("`ref` lacks `name`")),
        ("ref/resource", _, None) => Err(invalid("`ref` lacks `uri`")),
        _ => Err(invalid(
            "the type of `ref` is neither `ref/prompt` nor `ref/resource`",
        )),
    }
}

/// How a revision reads what a client brings from the round trip before: `inputResponses` and `requestState`.
pub(super) type ReadRetry =
    for<'a> fn(Option<&'a RawValue>, Option<&'a RawValue>) -> Result<Retry<'a>, Error>;

/// A revision that has but one round trip reads nothing.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the revisions that read something can fail"
)]
pub(super) fn no_retry<'a>(
    _: Option<&'a RawValue>,
    _: Option<&'a RawValue>,
) -> Result<Retry<'a>, Error> {
    Ok(Retry::default())
}

/// Whatever stands there, a `null` too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// An object whose values are strings, checked without being kept.
struct Texts;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose values are strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Texts, A::Error> {
                while members.next_entry::<IgnoredAny, Text>()?.is_some() {}
                Ok(Texts)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A string, checked without being kept.
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, _: &str) -> Result<Text, E> {
                Ok(Text)
            }
        }

        deserializer.deserialize_str(Any)
    }
}

/// `raw`, which stands at `key` and must be an object where there is one.
pub(super) fn is_object<'a>(
    key: &str,
    raw: Option<&'a RawValue>,
) -> Result<Option<&'a RawValue>, Error> {
    match raw {
        Some(raw) if !raw.get().starts_with('{') => Err(invalid(format!("`{key}` is no object"))),
        raw => Ok(raw),
    }
}

pub(super) fn invalid(detail: impl Into<String>) -> Error {
    Error::InvalidParams {
        detail: detail.into(),
    }
}

/// Reads what a client says it can do; `key` is where it says so.
pub(super) fn capabilities(key: &str, raw: &RawValue) -> Result<ClientCapabilities, Error> {
    bounded(key, raw, MAX_CAPABILITIES)
}

/// Reads the object `raw`, which stands at `key` and has at most `limit` bytes, as a `T`.
fn bounded<'a, T: Deserialize<'a>>(key: &str, raw: &'a RawValue, limit: usize) -> Result<T, Error> {
    if raw.get().len() > limit {
        return Err(invalid(format!("`{key}` is longer than {limit} bytes")));
    }
    object(key, raw)
}

/// Reads the object `raw`, which stands at `key`, as a `T`.
pub(super) fn object<'a, T: Deserialize<'a>>(key: &str, raw: &'a RawValue) -> Result<T, Error> {
    // The derived code would take an array for the members in order.
    if !raw.get().starts_with('{') {
        return Err(invalid(format!("`{key}` is no object")));
    }
    serde_json::from_str(raw.get()).map_err(|error| invalid(format!("`{key}`: {error}")))
}

/// Reads the parameters as a `T`; absent ones as an empty object.
pub(super) fn read<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, Error> {
    let text = request.params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| invalid(error.to_string()))
}

//! Requests as a client writes them.

use std::collections::BTreeMap;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::call::IDEMPOTENCY_KEY;
use crate::jsonrpc::{self, RequestId};
use crate::types::{
    ClientCapabilities, Implementation, LogLevel, Meta, ProgressToken, TASKS_EXTENSION,
    TraceContext, millis,
};
use crate::wire::Codec;
use crate::{Call, Complete, Era, Error, Reference, Retry};

/// What a client says of itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientDescription {
    /// Its name and version.
    pub implementation: Implementation,
    /// What it offers.
    pub capabilities: ClientCapabilities,
}

impl ClientDescription {
    /// A client that offers nothing.
    pub fn new(implementation: Implementation) -> Self {
        Self {
            implementation,
            capabilities: ClientCapabilities::default(),
        }
    }

    /// What is said to servers of 2026-07-28: the tasks of 2025-11-25 are not part of it, and roots are listed anew each time.
    pub(super) fn modern(&self) -> ClientCapabilities {
        let mut capabilities = self.capabilities.clone();
        capabilities.tasks = None;
        if let Some(roots) = &mut capabilities.roots {
            roots.list_changed = None;
        }
        capabilities
    }

    /// What is said to servers of earlier revisions: they have tasks of their own, or none.
    pub(super) fn legacy(&self) -> ClientCapabilities {
        let mut capabilities = self.capabilities.clone();
        capabilities.extensions.remove(TASKS_EXTENSION);
        capabilities
    }
}

/// What one request says beside what it asks.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Aside {
    /// What the client will recognize progress by; `None`: it does not want to hear of progress.
    pub progress_token: Option<ProgressToken>,
    /// The least grave log message that it wants to hear; `None`: none at all. Legacy sessions say it once, by
    /// [`Call::SetLogLevel`].
    pub log_level: Option<LogLevel>,
    /// The distributed trace that the request belongs to.
    pub trace: Option<TraceContext>,
    /// What else is attached. Keys that the protocol has itself are left out.
    pub meta: Option<Meta>,
}

impl Codec {
    /// Writes a request.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for what the revision has no words for.
    pub fn write_call(
        self,
        id: &RequestId,
        call: &Call<'_>,
        aside: &Aside,
        client: &ClientDescription,
    ) -> Result<Vec<u8>, Error> {
        if !self.has_words_for(call) {
            return Err(Error::InvalidRequest {
                detail: format!(
                    "revision {} has no request `{}`",
                    self.revision(),
                    call.method()
                ),
            });
        }
        let params = Params {
            codec: self,
            call,
            meta: RequestMeta {
                codec: self,
                aside,
                client,
                idempotency_key: match call {
                    Call::CallTool(call) => call.idempotency_key.as_deref(),
                    _ => None,
                },
            },
        };
        let params = (!params.is_empty()).then_some(&params);
        jsonrpc::request(id, call.method(), params).map_err(|error| Error::InvalidParams {
            detail: error.to_string(),
        })
    }

    /// Whether the revision has this request. One that only an extension may know always counts.
    pub fn has_words_for(self, call: &Call<'_>) -> bool {
        let revision = self.revision();
        match revision.era() {
            Era::Modern => !matches!(
                call,
                Call::Ping
                    | Call::SetLogLevel(_)
                    | Call::Subscribe { .. }
                    | Call::Unsubscribe { .. }
                    | Call::TaskResult { .. }
                    | Call::ListTasks { .. }
            ),
            Era::Legacy => match call {
                Call::Discover | Call::Listen(_) | Call::UpdateTask { .. } => false,
                Call::GetTask { .. }
                | Call::TaskResult { .. }
                | Call::ListTasks { .. }
                | Call::CancelTask { .. } => revision.rules().core_tasks,
                _ => true,
            },
        }
    }
}

/// The parameters of a request.
struct Params<'a> {
    codec: Codec,
    call: &'a Call<'a>,
    meta: RequestMeta<'a>,
}

impl Params<'_> {
    /// Whether there is nothing to say, so that there need be none.
    fn is_empty(&self) -> bool {
        let says_nothing = match self.call {
            Call::Ping | Call::Discover => true,
            Call::ListTools { cursor }
            | Call::ListResources { cursor }
            | Call::ListResourceTemplates { cursor }
            | Call::ListPrompts { cursor }
            | Call::ListTasks { cursor } => cursor.is_none(),
            Call::Other(other) => other.params.is_none(),
            _ => false,
        };
        says_nothing && self.meta.is_empty()
    }
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Call::Other(other) = self.call {
            other_members(&mut map, other, &self.meta)?;
            return map.end();
        }
        match self.call {
            Call::Ping | Call::Discover | Call::Other(_) => {}
            Call::ListTools { cursor }
            | Call::ListResources { cursor }
            | Call::ListResourceTemplates { cursor }
            | Call::ListPrompts { cursor }
            | Call::ListTasks { cursor } => {
                if let Some(cursor) = cursor {
                    map.serialize_entry("cursor", cursor)?;
                }
            }
            Call::CallTool(call) => {
                map.serialize_entry("name", &call.name)?;
                // Absent arguments are as good as empty ones, but not every server reads them so.
                match &call.arguments {
                    Some(arguments) => map.serialize_entry("arguments", arguments)?,
                    None => map.serialize_entry("arguments", &Nothing {})?,
                }
                if let Some(task) = call
                    .task
                    .filter(|_| self.codec.revision().rules().core_tasks)
                {
                    map.serialize_entry(
                        "task",
                        &WireTaskRequest {
                            ttl: task.ttl.map(millis),
                        },
                    )?;
                }
                self.retry(&mut map, &call.retry)?;
            }
            Call::ReadResource(read) => {
                map.serialize_entry("uri", &read.uri)?;
                self.retry(&mut map, &read.retry)?;
            }
            Call::Subscribe { uri } | Call::Unsubscribe { uri } => {
                map.serialize_entry("uri", uri)?;
            }
            Call::GetPrompt(prompt) => {
                map.serialize_entry("name", &prompt.name)?;
                if let Some(arguments) = &prompt.arguments {
                    map.serialize_entry("arguments", arguments)?;
                }
                self.retry(&mut map, &prompt.retry)?;
            }
            Call::Complete(complete) => completion(&mut map, complete)?,
            Call::Listen(filter) => map.serialize_entry("notifications", filter)?,
            Call::GetTask { id } | Call::TaskResult { id } | Call::CancelTask { id } => {
                map.serialize_entry("taskId", id)?;
            }
            Call::UpdateTask { id, responses } => {
                map.serialize_entry("taskId", id)?;
                map.serialize_entry("inputResponses", responses)?;
            }
            Call::SetLogLevel(level) => map.serialize_entry("level", level)?,
        }
        if !self.meta.is_empty() {
            map.serialize_entry("_meta", &self.meta)?;
        }
        map.end()
    }
}

impl Params<'_> {
    /// What is brought from the round trip before, as only 2026-07-28 has it.
    fn retry<M: serde::ser::SerializeMap>(
        &self,
        map: &mut M,
        retry: &Retry<'_>,
    ) -> Result<(), M::Error> {
        if self.codec.revision().era() != Era::Modern {
            return Ok(());
        }
        if let Some(responses) = &retry.responses {
            map.serialize_entry("inputResponses", responses)?;
        }
        if let Some(state) = &retry.state {
            map.serialize_entry("requestState", state)?;
        }
        Ok(())
    }
}

fn completion<M: serde::ser::SerializeMap>(
    map: &mut M,
    complete: &Complete<'_>,
) -> Result<(), M::Error> {
    #[derive(Serialize)]
    #[serde(tag = "type")]
    enum Ref<'a> {
        #[serde(rename = "ref/prompt")]
        Prompt { name: &'a str },
        #[serde(rename = "ref/resource")]
        Resource { uri: &'a str },
    }
    #[derive(Serialize)]
    struct Argument<'a> {
        name: &'a str,
        value: &'a str,
    }
    #[derive(Serialize)]
    struct Context<'a> {
        arguments: &'a BTreeMap<String, String>,
    }
    let reference = match &complete.reference {
        Reference::Prompt { name } => Ref::Prompt { name },
        Reference::Resource { uri } => Ref::Resource { uri },
    };
    map.serialize_entry("ref", &reference)?;
    let argument = Argument {
        name: &complete.name,
        value: &complete.value,
    };
    map.serialize_entry("argument", &argument)?;
    if !complete.arguments.is_empty() {
        let arguments = &complete.arguments;
        map.serialize_entry("context", &Context { arguments })?;
    }
    Ok(())
}

/// The members of an extension's request as they are, its `_meta` with what every request says.
fn other_members<M: serde::ser::SerializeMap>(
    map: &mut M,
    other: &crate::Other<'_>,
    meta: &RequestMeta<'_>,
) -> Result<(), M::Error> {
    use serde::ser::Error as _;
    type Members<'a> = BTreeMap<String, &'a RawValue>;
    let text = other
        .params
        .as_ref()
        .map_or("{}", |params| RawValue::get(params));
    let members: Members<'_> = serde_json::from_str(text).map_err(M::Error::custom)?;
    for (key, value) in &members {
        if key != "_meta" {
            map.serialize_entry(key, value)?;
        }
    }
    if meta.is_empty() && !members.contains_key("_meta") {
        return Ok(());
    }
    let mut own: Meta = match members.get("_meta") {
        Some(own) => serde_json::from_str(own.get()).map_err(M::Error::custom)?,
        None => Meta::new(),
    };
    let said = serde_json::to_value(meta).map_err(M::Error::custom)?;
    for (key, value) in said.as_object().into_iter().flatten() {
        own = own.with(key.clone(), value.clone());
    }
    map.serialize_entry("_meta", &own)
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct WireTaskRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

/// The `_meta` of a request.
struct RequestMeta<'a> {
    codec: Codec,
    aside: &'a Aside,
    client: &'a ClientDescription,
    idempotency_key: Option<&'a str>,
}

impl RequestMeta<'_> {
    fn is_empty(&self) -> bool {
        self.codec.revision().era() == Era::Legacy
            && self.idempotency_key.is_none()
            && self.aside.progress_token.is_none()
            && self.aside.trace.is_none()
            && self.aside.meta.as_ref().is_none_or(Meta::is_empty)
    }
}

impl Serialize for RequestMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let aside = self.aside;
        if self.codec.revision().era() == Era::Modern {
            map.serialize_entry(PROTOCOL_VERSION, self.codec.revision().as_str())?;
            map.serialize_entry(CLIENT_INFO, &self.client.implementation)?;
            map.serialize_entry(CLIENT_CAPABILITIES, &self.client.modern())?;
            if let Some(level) = aside.log_level {
                map.serialize_entry(LOG_LEVEL, &level)?;
            }
        }
        if let Some(token) = &aside.progress_token {
            map.serialize_entry(PROGRESS_TOKEN, token)?;
        }
        if let Some(trace) = &aside.trace {
            let members = [
                (TRACEPARENT, trace.traceparent()),
                (TRACESTATE, trace.tracestate()),
                (BAGGAGE, trace.baggage()),
            ];
            for (key, value) in members {
                if let Some(value) = value {
                    map.serialize_entry(key, value)?;
                }
            }
        }
        if let Some(key) = self.idempotency_key {
            map.serialize_entry(IDEMPOTENCY_KEY, key)?;
        }
        for (key, value) in aside.meta.iter().flat_map(Meta::iter) {
            if !OWN.contains(&key.as_str()) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const PROGRESS_TOKEN: &str = "progressToken";
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// The keys that are written here and nowhere else.
const OWN: [&str; 9] = [
    PROTOCOL_VERSION,
    CLIENT_INFO,
    CLIENT_CAPABILITIES,
    LOG_LEVEL,
    PROGRESS_TOKEN,
    TRACEPARENT,
    TRACESTATE,
    BAGGAGE,
    IDEMPOTENCY_KEY,
];

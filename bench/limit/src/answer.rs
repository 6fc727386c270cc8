//! From the bytes of a request to the bytes of its answer, without any transport.

use std::sync::OnceLock;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Error, Value, json};

use crate::wire::{
    AddArguments, CallParams, CallResult, EchoArguments, Id, InitializeParams, ListParams,
    ProgressArguments, ProgressNotification, ProgressParams, ReadParams, ReadResult, Request,
    Response, Sum,
};

/// What the resource says.
const TEXT: &str = "The quick brown fox jumps over the lazy dog.";

/// What a request is answered with.
pub(crate) enum Answer {
    /// A notification: nothing.
    Nothing,
    /// The answer to `initialize`, which opens a session.
    Initialized(Vec<u8>),
    /// One message.
    One(Vec<u8>),
    /// Notifications, then the result.
    Progress(Progress),
}

/// A call of `progress` that is being answered.
pub(crate) struct Progress {
    id: Option<Box<RawValue>>,
    token: Box<RawValue>,
    count: u64,
    modern: bool,
}

impl Progress {
    /// All messages, in order, each made when it is asked for.
    pub(crate) fn messages(self) -> impl Iterator<Item = Vec<u8>> {
        (1..=self.count + 1).map(move |number| {
            if number > self.count {
                self.result()
            } else {
                self.notification(number)
            }
        })
    }

    fn notification(&self, progress: u64) -> Vec<u8> {
        let params = ProgressParams {
            token: &self.token,
            progress,
            total: self.count,
        };
        written(
            160,
            &ProgressNotification {
                jsonrpc: "2.0",
                method: "notifications/progress",
                params,
            },
        )
    }

    fn result(&self) -> Vec<u8> {
        let id: Option<Id<'_>> = self
            .id
            .as_ref()
            .and_then(|id| serde_json::from_str(id.get()).ok());
        response(
            id.as_ref(),
            CallResult::<()>::new(self.modern, "done", None),
        )
    }
}

/// Answers one request.
pub(crate) fn answer(body: &[u8]) -> Result<Answer, Error> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    if request.jsonrpc != "2.0" {
        return Ok(Answer::Nothing);
    }
    let id = request.id.as_ref();
    let params = request.params.map_or("{}", RawValue::get);
    Ok(match request.method.as_ref() {
        "tools/call" => call(id, params)?,
        "tools/list" => {
            let params: ListParams<'_> = serde_json::from_str(params)?;
            Answer::One(response(id, tools(params.meta.protocol_version.is_some())))
        }
        "resources/read" => {
            let params: ReadParams<'_> = serde_json::from_str(params)?;
            let modern = params.meta.protocol_version.is_some();
            Answer::One(response(id, ReadResult::new(modern, &params.uri, TEXT)))
        }
        "server/discover" => Answer::One(response(
            id,
            json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}, "resources": {}}}),
        )),
        "initialize" => {
            let params: InitializeParams<'_> = serde_json::from_str(params)?;
            let server = json!({"name": "limit", "version": "0"});
            Answer::Initialized(response(
                id,
                json!({"protocolVersion": params.protocol_version, "capabilities": {"tools": {}, "resources": {}}, "serverInfo": server}),
            ))
        }
        _ => Answer::Nothing,
    })
}

fn call(id: Option<&Id<'_>>, params: &str) -> Result<Answer, Error> {
    let params: CallParams<'_> = serde_json::from_str(params)?;
    let modern = params.meta.protocol_version.is_some();
    let arguments = params.arguments.map_or("{}", RawValue::get);
    Ok(match params.name.as_ref() {
        "echo" => {
            let arguments: EchoArguments<'_> = serde_json::from_str(arguments)?;
            Answer::One(response(
                id,
                CallResult::<()>::new(modern, &arguments.text, None),
            ))
        }
        "add" => {
            let arguments: AddArguments = serde_json::from_str(arguments)?;
            let sum = Sum {
                sum: arguments.a + arguments.b,
            };
            let text = serde_json::to_string(&sum)?;
            Answer::One(response(id, CallResult::new(modern, &text, Some(sum))))
        }
        "progress" => {
            let arguments: ProgressArguments = serde_json::from_str(arguments)?;
            let token = params
                .meta
                .progress_token
                .map_or_else(|| to_raw_value(&0), |token| Ok(token.to_owned()))?;
            let id = id.map(to_raw_value).transpose()?;
            Answer::Progress(Progress {
                id,
                token,
                count: arguments.n,
                modern,
            })
        }
        _ => Answer::One(response(id, CallResult::<()>::new(modern, "filler", None))),
    })
}

/// The result of `tools/list` as JSON text, made once for each era.
fn tools(modern: bool) -> Option<&'static RawValue> {
    static LEGACY: OnceLock<Option<Box<RawValue>>> = OnceLock::new();
    static MODERN: OnceLock<Option<Box<RawValue>>> = OnceLock::new();
    let once = if modern { &MODERN } else { &LEGACY };
    let text = once.get_or_init(|| {
        let mut result = json!({"tools": tool_list()});
        if modern {
            result["resultType"] = json!("complete");
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("public");
        }
        to_raw_value(&result).ok()
    });
    text.as_deref()
}

fn tool_list() -> Value {
    let tool = |name: &str, description: &str, properties: Value, required: Value| {
        let schema = json!({"type": "object", "properties": properties, "required": required});
        json!({"name": name, "description": description, "inputSchema": schema})
    };
    let integer = json!({"type": "integer"});
    let mut add = tool(
        "add",
        "Add two integers",
        json!({"a": integer, "b": integer}),
        json!(["a", "b"]),
    );
    add["outputSchema"] =
        json!({"type": "object", "properties": {"sum": integer}, "required": ["sum"]});
    let mut tools = vec![
        tool(
            "echo",
            "Echo the text back",
            json!({"text": {"type": "string"}}),
            json!(["text"]),
        ),
        add,
        tool(
            "progress",
            "Emit n progress notifications",
            json!({"n": integer}),
            json!(["n"]),
        ),
    ];
    tools.extend((0..47).map(|number| {
        let description =
            format!("Filler tool number {number}, here to give tools/list a real size");
        let properties = json!({
            "query": {"type": "string", "description": "What to look for"},
            "limit": {"type": "integer", "description": "How many at most"},
            "verbose": {"type": "boolean"},
        });
        tool(
            &format!("filler_{number:02}"),
            &description,
            properties,
            json!(["query"]),
        )
    }));
    Value::Array(tools)
}

fn response<R: Serialize>(id: Option<&Id<'_>>, result: R) -> Vec<u8> {
    written(
        256,
        &Response {
            jsonrpc: "2.0",
            id,
            result,
        },
    )
}

fn written(capacity: usize, message: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(capacity);
    // Our own messages always serialize; a peer that gets nothing would say so.
    let _ = serde_json::to_writer(&mut bytes, message);
    bytes
}

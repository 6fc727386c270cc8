//! What a client asks, in types.

use std::borrow::Cow;
use std::sync::Arc;

use midfield_protocol::types::{
    Completion, Content, LogLevel, PromptResult, ReadResult, ToolResult,
};
use midfield_protocol::wire::client::roots_changed;
use midfield_protocol::{Call, CallTool, Complete, GetPrompt, Other, Raw, ReadResource, Reference};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::core::Core;
use super::icons::Pictured as _;
use super::lists::learn_tools;
use super::request::{Finishing, Request, read};
use super::run::{Done, Settings, unsayable};
use super::tasks::{self, Wish};
use super::{Client, Error};

impl Client {
    /// Calls a tool and reads its structured result, which is checked against what the tool promises. A tool that promises
    /// nothing structured answers with a text, which is read as JSON, or as it is into a `String`. A tool that works as a task is
    /// waited for.
    ///
    /// ```
    /// # use midfield::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Deserialize, Serialize, JsonSchema)]
    /// struct Sum {
    ///     total: i64,
    /// }
    ///
    /// /// Add two numbers.
    /// #[tool]
    /// fn add(a: i64, b: i64) -> Sum {
    ///     Sum { total: a + b }
    /// }
    ///
    /// let client = midfield::Client::connect(Server::new("demo", "1.0.0").tools(tools![add])).await?;
    /// let sum: Sum = client.call("add", serde_json::json!({"a": 1, "b": 2})).await?;
    /// assert_eq!(sum.total, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Tool`] when the tool failed, [`Error::Unfit`] when its result is not what it promised or not a `T`.
    pub fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
    ) -> Request<T> {
        let request = self.call_tool(tool, arguments);
        Request {
            core: request.core,
            call: request.call,
            settings: request.settings,
            finish: Box::new(|core, call, settings| {
                Box::pin(async move {
                    let name = name_of(&call);
                    // What a tool promises is known from its list.
                    if core.tools.find(&name).is_none()
                        && core.offers(|server| server.tools.is_some())
                    {
                        learn_tools(&core).await?;
                    }
                    let result = to_result(core, call, settings).await?;
                    typed(&name, result)
                })
            }),
        }
    }

    /// Calls a tool. Whether it failed is in [`ToolResult::is_error`]. A tool that works as a task is waited for. Structured
    /// results are checked where the tool was listed before.
    pub fn call_tool(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
    ) -> Request<ToolResult> {
        let settings = Settings {
            wants_progress: true,
            ..Settings::default()
        };
        Request {
            core: self.0.clone(),
            call: tool_call(tool.into(), &arguments).map(Call::CallTool),
            settings,
            finish: Box::new(|core, call, settings| Box::pin(to_result(core, call, settings))),
        }
    }

    /// Reads a resource. What the server says may be kept is not asked for again.
    pub fn read_resource(&self, uri: impl Into<String>) -> Request<ReadResult> {
        Request {
            core: self.0.clone(),
            call: Ok(Call::ReadResource(ReadResource::new(uri.into()))),
            settings: safe(),
            finish: Box::new(|core, call, settings| Box::pin(resource(core, call, settings))),
        }
    }

    /// What a prompt without arguments becomes.
    pub fn get_prompt(&self, name: impl Into<String>) -> Request<PromptResult> {
        self.get_prompt_with(name, [("", ""); 0])
    }

    /// What a prompt becomes with these arguments.
    pub fn get_prompt_with<N: Into<String>, V: Into<String>>(
        &self,
        name: impl Into<String>,
        arguments: impl IntoIterator<Item = (N, V)>,
    ) -> Request<PromptResult> {
        let mut prompt = GetPrompt::new(name.into());
        let arguments: serde_json::Map<_, _> = arguments
            .into_iter()
            .map(|(name, value)| (name.into(), serde_json::Value::String(value.into())))
            .collect();
        let call = if arguments.is_empty() {
            Ok(Call::GetPrompt(prompt))
        } else {
            Raw::of(&arguments)
                .map(|arguments| {
                    prompt.arguments = Some(Cow::Owned(arguments.as_raw_value().to_owned()));
                    Call::GetPrompt(prompt)
                })
                .map_err(|error| unsayable(&error.to_string()))
        };
        let mut request = Request::new(self, call);
        request.settings = safe();
        request
    }

    /// What an argument of a prompt or of a resource template could be, whose value begins so.
    pub fn complete(
        &self,
        reference: Reference<'static>,
        argument: impl Into<String>,
        value: impl Into<String>,
    ) -> Request<Completion> {
        self.complete_with(reference, argument, value, [("", ""); 0])
    }

    /// The same, with the arguments that are chosen already.
    pub fn complete_with<N: Into<String>, V: Into<String>>(
        &self,
        reference: Reference<'static>,
        argument: impl Into<String>,
        value: impl Into<String>,
        chosen: impl IntoIterator<Item = (N, V)>,
    ) -> Request<Completion> {
        let mut complete = Complete::new(reference, argument.into(), value.into());
        complete.arguments = chosen
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let call = self.offered(|server| server.completions.is_some(), "completions");
        let mut request = Request::new(self, call.map(|()| Call::Complete(complete)));
        request.settings = safe();
        request
    }

    /// Whether the server is there. Servers of 2026-07-28 have no such question: they are asked what they are.
    pub fn ping(&self) -> Request<()> {
        let codec = self.0.connection().codec;
        let call = if codec.has_sessions() {
            Call::Ping
        } else {
            Call::Discover
        };
        let mut request = Request::new(self, Ok(call));
        request.settings = safe();
        request
    }

    /// Sets which messages of its log the server sends in this session. Servers of 2026-07-28 have no sessions: they are told with
    /// each request, see [`ClientBuilder::on_log`](super::ClientBuilder::on_log).
    pub fn set_log_level(&self, level: LogLevel) -> Request<()> {
        let call = self.offered(|server| server.logging.is_some(), "logging");
        Request::new(self, call.map(|()| Call::SetLogLevel(level)))
    }

    /// Tells the server that the directories have changed in which it may work. Servers of 2026-07-28 ask each time, and are told
    /// nothing.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn roots_changed(&self) -> Result<(), Error> {
        let connection = self.0.connection();
        if self.0.description.capabilities.roots.is_none() || !connection.codec.has_sessions() {
            return Ok(());
        }
        connection.link.send(roots_changed()).await
    }

    /// Asks what only an extension knows. Questions with which such a request may be answered are not understood.
    pub fn request(&self, method: impl Into<String>, params: impl Serialize) -> Request<Raw> {
        let call = Raw::of(&params)
            .map_err(|error| unsayable(&error.to_string()))
            .and_then(|params| match params.as_str() {
                "null" => Ok(None),
                text if text.starts_with('{') => {
                    Ok(Some(Cow::Owned(params.as_raw_value().to_owned())))
                }
                _ => Err(unsayable("the parameters of a request are an object")),
            })
            .map(|params| Call::Other(Other::new(method.into(), params)));
        Request::new(self, call)
    }

    fn offered(
        &self,
        is_offered: impl FnOnce(&midfield_protocol::types::ServerCapabilities) -> bool,
        what: &str,
    ) -> Result<(), Error> {
        if self.0.offers(is_offered) {
            return Ok(());
        }
        Err(Error::NotOffered {
            what: what.to_owned(),
        })
    }
}

fn safe() -> Settings {
    Settings {
        is_safe: true,
        ..Settings::default()
    }
}

/// A call of a tool with these arguments, which must be an object, or nothing.
pub(super) fn tool_call(
    tool: String,
    arguments: &impl Serialize,
) -> Result<CallTool<'static>, Error> {
    let mut call = CallTool::new(tool);
    let arguments = Raw::of(arguments).map_err(|error| unsayable(&error.to_string()))?;
    match arguments.as_str() {
        "null" => {}
        text if text.starts_with('{') => {
            call.arguments = Some(Cow::Owned(arguments.as_raw_value().to_owned()));
        }
        _ => return Err(unsayable("the arguments of a tool are an object")),
    }
    Ok(call)
}

fn name_of(call: &Call<'_>) -> String {
    match call {
        Call::CallTool(call) => call.name.clone().into_owned(),
        _ => String::new(),
    }
}

/// Calls a tool and waits for its result, whether it comes at once or of a task.
async fn to_result(
    core: Arc<Core>,
    call: Call<'static>,
    settings: Settings,
) -> Result<ToolResult, Error> {
    let name = name_of(&call);
    let mut result = match tasks::begin(&core, call, &settings, Wish::Needed).await? {
        Done::Complete { result, codec } => read("tools/call", codec, &result)?,
        Done::Task {
            state,
            codec,
            heard,
            ..
        } => {
            let task = tasks::Task::new(&core, *state, codec, Some(name.clone()));
            task.drive_or_cancel(heard).await?
        }
    };
    check(&core, &name, &result)?;
    for content in &mut result.content {
        if let Content::ResourceLink(link) = content {
            link.keep_safe_icons();
        }
    }
    Ok(result)
}

/// Checks a result against what the tool promises, where that is known.
pub(super) fn check(core: &Core, tool: &str, result: &ToolResult) -> Result<(), Error> {
    match core.tools.find(tool) {
        Some(known) => known.check(tool, result),
        None => Ok(()),
    }
}

/// The structured result as a `T`; where there is none, the text.
pub(super) fn typed<T: DeserializeOwned>(tool: &str, result: ToolResult) -> Result<T, Error> {
    if result.is_error {
        return Err(Error::Tool(Box::new(result)));
    }
    let unfit = |detail: String| Error::Unfit {
        tool: tool.to_owned(),
        detail,
    };
    if let Some(structured) = &result.structured_content {
        return structured.read().map_err(|error| unfit(error.to_string()));
    }
    let [Content::Text(text)] = result.content.as_slice() else {
        return Err(unfit(
            "it is neither structured nor one text: use `call_tool`".into(),
        ));
    };
    serde_json::from_str(&text.text)
        .or_else(|error| {
            serde_json::from_value(text.text.as_str().into()).map_err(|_: serde_json::Error| error)
        })
        .map_err(|error| {
            unfit(format!(
                "it has no structured content, and its text is none either: {error}"
            ))
        })
}

/// Reads a resource, unless what was read before is still fresh.
fn resource(core: Arc<Core>, call: Call<'static>, settings: Settings) -> Finishing<ReadResult> {
    Box::pin(async move {
        let uri = match &call {
            Call::ReadResource(read) => read.uri.clone().into_owned(),
            _ => String::new(),
        };
        if let Some(kept) = core.cache.resource(&uri) {
            return Ok(kept);
        }
        let moment = core.cache.moment();
        let mut was_asked_back = false;
        let done = super::run::run_noting(&core, call, &settings, &mut was_asked_back).await?;
        let Done::Complete { result, codec } = done else {
            return Err(unsayable("a resource cannot be a task"));
        };
        let contents: ReadResult = read("resources/read", codec, &result)?;
        // What depends on answers is not the same for the next who asks.
        if !was_asked_back {
            core.cache.keep_resource(&uri, &contents, moment);
        }
        Ok(contents)
    })
}

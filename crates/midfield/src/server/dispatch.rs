//! One call, from what was asked to what runs.

use http::HeaderMap;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::Completion;
use midfield_protocol::wire::Codec;
use midfield_protocol::{
    Answer, Call, CallTool, Caller, Complete, Error, GetPrompt, ReadResource, Reference, Retry,
};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ask::{Asking, Asks};
use super::begin::{Subject, begin, begin_becoming, caught};
use super::catalog::{ListKind, TemplateEntry, ToolEntry};
use super::complete::Typing;
use super::exchange::Work;
use super::handler::{Arguments, HandlerFuture};
use super::hub::Interest;
use super::listen::Listening;
use super::request_state::{Answers, Origin};
use super::running::Handling;
use super::tasks::{Making, Way};
use super::{Context, Service, tasks};

/// Who asks, how it is answered, and by which way it can be asked in turn.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) codec: Codec,
    pub(crate) caller: Caller,
    pub(crate) asking: Asking,
    pub(crate) id: RequestId,
    /// The headers that mirror arguments of a tool, where the transport has such.
    pub(crate) mirror: Option<&'a HeaderMap>,
    /// Ends the request's subscription, when the transport stops. Borrowed: a clone takes a lock that all
    /// requests share.
    pub(crate) stop: &'a CancellationToken,
}

/// What became of a call at first.
pub(crate) enum Started {
    /// It is answered already.
    Done(Answer),
    /// Something works on it.
    Running(StartedWork),
}

/// Something at work.
pub(crate) struct StartedWork {
    pub(super) work: Work,
    /// What it says meanwhile; `None` where nobody listens.
    pub(super) events: Option<mpsc::Receiver<Vec<u8>>>,
}

/// Answers `call`, or begins to.
///
/// # Errors
/// When the call is refused before anything runs.
pub(super) fn dispatch(
    service: &Service,
    request: Request<'_>,
    call: Call<'_>,
) -> Result<Started, Error> {
    if !service.offers(&call) {
        return Err(Error::MethodNotFound {
            method: call.method().to_owned(),
        });
    }
    let list = |kind, cursor: Option<&str>| {
        let page = service.page(request.codec, &request.caller, kind, cursor)?;
        Ok(Started::Done(Answer::Page(page)))
    };
    match call {
        Call::CallTool(call) => call_tool(service, request, &call),
        Call::ReadResource(read) => read_resource(service, request, &read),
        Call::GetPrompt(prompt) => prompt_messages(service, request, &prompt),
        Call::Complete(complete) => complete_value(service, request, &complete),
        Call::ListTools { cursor } => list(ListKind::Tools, cursor.as_deref()),
        Call::ListResources { cursor } => list(ListKind::Resources, cursor.as_deref()),
        Call::ListResourceTemplates { cursor } => {
            list(ListKind::ResourceTemplates, cursor.as_deref())
        }
        Call::ListPrompts { cursor } => list(ListKind::Prompts, cursor.as_deref()),
        Call::Listen(filter) => {
            if service.tasks().is_ok() {
                let call = Call::Listen(filter.clone());
                request.codec.check_tasks(&call, &request.caller)?;
            }
            let filter = service.honoured(filter);
            let principal = &request.caller.principal;
            let seat = service.hub().seat(principal)?;
            let capabilities = &request.caller.capabilities;
            let extensions = service.extensions();
            let listener = service.hub().listen(Interest {
                codec: request.codec,
                principal: principal.clone(),
                filter: filter.clone(),
                extensions: extensions.heard_by(capabilities),
                session: None,
            });
            let listener = listener.map_err(|too_many| Error::InvalidParams {
                detail: format!("`notifications`: {too_many}"),
            })?;
            if let Ok(tasks) = service.tasks() {
                tasks.listened(&filter.task_ids, principal);
            }
            let listening =
                Listening::new(listener, seat, filter, request.id, request.stop.clone());
            Ok(Started::Running(StartedWork {
                work: Work::Listening(listening),
                events: None,
            }))
        }
        Call::Other(other) => service.extensions().call(service, request, &other),
        Call::Discover => Ok(Started::Done(Answer::Discovery)),
        // Whoever owns the session has remembered the level, or the subscription.
        Call::Ping | Call::SetLogLevel(_) | Call::Subscribe { .. } | Call::Unsubscribe { .. } => {
            Ok(Started::Done(Answer::Empty))
        }
        Call::GetTask { .. }
        | Call::TaskResult { .. }
        | Call::ListTasks { .. }
        | Call::CancelTask { .. }
        | Call::UpdateTask { .. } => tasks::ask(service, request, &call),
        _ => Err(Error::Internal),
    }
}

fn call_tool(
    service: &Service,
    mut request: Request<'_>,
    call: &CallTool<'_>,
) -> Result<Started, Error> {
    let catalog = service.catalog();
    let seen = catalog.tool(&call.name).filter(|entry| {
        let capabilities = &request.caller.capabilities;
        service
            .extensions()
            .is_seen(&entry.description, capabilities)
    });
    let Some(entry) = seen else {
        return Err(Error::UnknownTool {
            name: call.name.clone().into_owned(),
        });
    };
    if let Some(headers) = request.mirror
        && !entry.mirrored.is_empty()
    {
        entry.mirrored.check(headers, call.arguments.as_deref())?;
    }
    let way = Way::of(service, &request, call, entry)?;
    let asking = request.asking.clone();
    if matches!(way, Way::Task | Way::Handle(_)) {
        request.asking = Asking::Task;
    }
    check_asks(&entry.asks, &request)?;
    request.asking = asking;
    let arguments = Arguments::new(call.arguments.as_deref());
    if let Err(misfit) = entry.check.check(arguments) {
        // Who has asked for a task can read nothing but one.
        if call.task.is_some() {
            return Err(misfit.into_error());
        }
        return Ok(Started::Done(Answer::Tool(misfit.into_tool_result())));
    }
    let making = match way {
        Way::Inline => None,
        Way::InlineAtFirst => Some(Box::new(Making::new(&request, call, entry)?)),
        Way::Task => return Ok(Making::new(&request, call, entry)?.start(service)),
        Way::Handle(wait) => {
            let making = Making::new(&request, call, entry)?;
            return Ok(tasks::hand_out(service, &request, making, wait));
        }
    };
    let mut origin = Origin::new("tools/call");
    if entry.answers_ahead {
        origin.answers = Answers::Ahead;
    }
    let subject = Subject {
        origin,
        name: entry.name.clone(),
        arguments: call.arguments.as_deref(),
        retry: &call.retry,
    };
    let begun = begin_becoming(service, request, subject, making)?;
    let running = handle(service, entry, &begun.context, arguments)?;
    Ok(begun.running(Handling::Tool(running), entry.timeout))
}

/// Starts a tool's handler, within what extensions put around it, and checks its result.
pub(super) fn handle(
    service: &Service,
    entry: &ToolEntry,
    context: &Context,
    arguments: Arguments<'_>,
) -> Result<HandlerFuture, Error> {
    let running = caught(context, || entry.handler.call(arguments, context.clone()))?;
    let running = caught(context, || {
        service.extensions().around_tool(context, running)
    })?;
    Ok(match &entry.results {
        Some(check) => {
            let check = check.clone();
            Box::pin(async move { Ok(check.checked(running.await?)) })
        }
        None => running,
    })
}

fn prompt_messages(
    service: &Service,
    request: Request<'_>,
    prompt: &GetPrompt<'_>,
) -> Result<Started, Error> {
    let catalog = service.catalog();
    let Some(entry) = catalog.prompt(&prompt.name) else {
        return Err(Error::UnknownPrompt {
            name: prompt.name.clone().into_owned(),
        });
    };
    check_asks(&entry.asks, &request)?;
    let arguments = entry.arguments(prompt.arguments.as_deref())?;
    let subject = Subject {
        origin: Origin::new("prompts/get"),
        name: entry.name.clone(),
        arguments: prompt.arguments.as_deref(),
        retry: &prompt.retry,
    };
    let begun = begin(service, request, subject)?;
    let running = begun.start(entry.handler.as_ref(), Arguments::new(Some(&arguments)))?;
    Ok(begun.running(Handling::Prompt(running), None))
}

fn read_resource(
    service: &Service,
    request: Request<'_>,
    read: &ReadResource<'_>,
) -> Result<Started, Error> {
    let catalog = service.catalog();
    let (asks, handler, defaults, values) = if let Some(entry) = catalog.resource(&read.uri) {
        (&entry.asks, &entry.handler, &entry.defaults, None)
    } else if let Some((entry, values)) = catalog.template(&read.uri) {
        let values = template_arguments(entry, &values)?;
        (&entry.asks, &entry.handler, &entry.defaults, Some(values))
    } else {
        return Err(Error::ResourceNotFound {
            uri: read.uri.clone().into_owned(),
        });
    };
    check_asks(asks, &request)?;
    let subject = Subject {
        origin: Origin::new("resources/read"),
        name: read.uri.as_ref().into(),
        arguments: None,
        retry: &read.retry,
    };
    let begun = begin(service, request, subject)?;
    let running = begun.start(handler.as_ref(), Arguments::new(values.as_deref()))?;
    Ok(begun.running(Handling::Resource(running, defaults.clone()), None))
}

/// The values of a template's variables as a handler reads them.
fn template_arguments(
    entry: &TemplateEntry,
    values: &[(String, String)],
) -> Result<Box<RawValue>, Error> {
    let values = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let object = entry
        .words
        .read(values)
        .map_err(super::handler::Misfit::into_error)?;
    serde_json::value::to_raw_value(&object).map_err(|_| Error::Internal)
}

fn complete_value(
    service: &Service,
    request: Request<'_>,
    complete: &Complete<'_>,
) -> Result<Started, Error> {
    let catalog = service.catalog();
    let completers = match &complete.reference {
        Reference::Prompt { name } => match catalog.prompt(name) {
            Some(entry) => &entry.completers,
            None => {
                return Err(Error::UnknownPrompt {
                    name: name.clone().into_owned(),
                });
            }
        },
        Reference::Resource { uri } => match catalog.template_named(uri) {
            Some(entry) => &entry.completers,
            None => {
                return Err(Error::InvalidParams {
                    detail: format!("`ref`: there is no resource template {uri:?}"),
                });
            }
        },
        _ => return Err(Error::Internal),
    };
    let Some(completer) = completers.find(&complete.name) else {
        return Ok(Started::Done(Answer::Completion(Completion::default())));
    };
    let typing = Typing {
        value: complete.value.clone().into_owned(),
        arguments: complete.arguments.clone(),
    };
    let request = Request {
        asking: Asking::Forbidden,
        ..request
    };
    let subject = Subject {
        origin: Origin::new("completion/complete"),
        name: complete.name.as_ref().into(),
        arguments: None,
        retry: &Retry::default(),
    };
    let begun = begin(service, request, subject)?;
    let context = begun.context.clone();
    let running = caught(&begun.context, || completer.complete(typing, context))?;
    Ok(begun.running(Handling::Completion(running), None))
}

fn check_asks(asks: &Asks, request: &Request<'_>) -> Result<(), Error> {
    let Some(required) = asks.missing(&request.caller.capabilities) else {
        return Ok(());
    };
    // What the client offers is known only in a session: that is what it lacks first.
    request.asking.check("what this asks of its client")?;
    Err(Error::MissingCapability {
        required: Box::new(required),
    })
}

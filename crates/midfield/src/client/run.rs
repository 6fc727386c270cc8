//! One request to its end: sent, asked back about, sent again where that is safe.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use midfield_protocol::jsonrpc::{ErrorObject, RequestId};
use midfield_protocol::types::{
    Action, Elicitation, InputReply, InputRequest, InputRequired, Meta, ProgressToken, TraceContext,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{self as wire, Aside, Outcome, TaskState};
use midfield_protocol::wire::modern::mirrored_name;
use midfield_protocol::{Call, Raw, Retry};
use tokio::time::Instant;

use super::Error;
use super::connect::Connection;
use super::core::Core;
use super::error::ServerError;
use super::hear::{OnProgress, Registered};
use super::inputs::Refusal;
use super::link::{Answer, Failure, Link, Outgoing};
use super::patience::Patience;
use super::retries::{MAX_RETRY_AFTER, is_passing, pause, retry_after};

/// What one request wants beside its answer.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) timeout: Option<Duration>,
    pub(super) max_time: Option<Duration>,
    pub(super) on_progress: Option<OnProgress>,
    pub(super) trace: Option<TraceContext>,
    pub(super) meta: Option<Meta>,
    /// It may be sent again though it may have been carried out.
    pub(super) is_safe: bool,
    /// Progress is wanted, if only as a sign of life.
    pub(super) wants_progress: bool,
    /// Neither a lack of signs of life nor the time that it takes ends it.
    pub(super) is_endless: bool,
}

/// What a request came to.
pub(super) enum Done {
    /// The result, in the words of this codec.
    Complete { result: Raw, codec: Codec },
    /// The server works on it as a task.
    Task {
        state: Box<TaskState>,
        immediate: Option<String>,
        codec: Codec,
        /// As long as this is kept, whoever wanted to hear of progress hears of it.
        heard: Registered,
    },
}

/// Sends `call` and sees it through.
pub(super) async fn run(
    core: &Arc<Core>,
    call: Call<'static>,
    settings: &Settings,
) -> Result<Done, Error> {
    run_noting(core, call, settings, &mut false).await
}

/// The same, and notes whether the server asked back.
pub(super) async fn run_noting(
    core: &Arc<Core>,
    call: Call<'static>,
    settings: &Settings,
    was_asked_back: &mut bool,
) -> Result<Done, Error> {
    let _under_way = core.hearing.under_way();
    let mut was_sent = false;
    let done = see_through(core, call, settings, was_asked_back, &mut was_sent).await;
    done.map_err(|error| {
        if was_sent && error.is_unsent() {
            // The last attempt was not sent, but one before it was.
            let server = core.server.clone();
            let detail = format!("it was sent, and could not be sent again: {error}");
            return Error::Interrupted { server, detail };
        }
        error
    })
}

async fn see_through(
    core: &Arc<Core>,
    mut call: Call<'static>,
    settings: &Settings,
    was_asked_back: &mut bool,
    was_sent: &mut bool,
) -> Result<Done, Error> {
    let mut patience = Patience::new(core, settings);
    let mut rounds = 0;
    let mut attempts = 1;
    let mut has_learned = false;
    loop {
        let connection = core.connection();
        let codec = connection.codec;
        let outgoing = write(core, &connection, &call, settings)?;
        let answered = attempt(core, &connection, &outgoing, &mut patience).await;
        *was_sent |= !matches!(&answered, Err(failure) if failure.is_unsent);
        match answered {
            Ok(Ok(result)) => match Outcome::read(codec, &call, result)? {
                Outcome::Complete(result) => return Ok(Done::Complete { result, codec }),
                Outcome::Task { state, immediate } => {
                    let heard = patience.heard.take().ok_or(Error::Closed)?;
                    return Ok(Done::Task {
                        state,
                        immediate,
                        codec,
                        heard,
                    });
                }
                Outcome::InputRequired(required) => {
                    rounds = next_round(core, rounds)?;
                    *was_asked_back = true;
                    let retry = Box::pin(answer(core, required, &call, &mut patience)).await?;
                    set_retry(&mut call, retry);
                }
                _ => return Err(Error::Closed),
            },
            Ok(Err(error)) => {
                if wire::is_header_mismatch(&error)
                    && matches!(call, Call::CallTool(_))
                    && !has_learned
                {
                    // The tool may have changed since it was listed.
                    has_learned = true;
                    let learning = super::lists::learn_tools(core);
                    in_patience(core, &patience, &outgoing, learning).await?;
                } else if wire::supported(&error).is_some()
                    && core.can_reopen()
                    && attempts < core.options.attempts
                {
                    attempts += 1;
                    let reopening = core.reopen_anew(connection.number);
                    in_patience(core, &patience, &outgoing, reopening).await?;
                } else if let Some(pages) = wire::pages(codec, &error) {
                    rounds = next_round(core, rounds)?;
                    let visiting = Box::pin(visit(core, pages, &call, &mut patience, error));
                    let visited = core.hearing.stop().run_until_cancelled(visiting).await;
                    visited.unwrap_or(Err(Error::Closed))?;
                } else {
                    return Err(Error::Refused(ServerError::new(call.method(), error)));
                }
            }
            Err(failure) => {
                let may_repeat = failure.is_unsent || settings.is_safe;
                if !may_repeat || attempts >= core.options.attempts {
                    return Err(failure.error);
                }
                let number = connection.number;
                prepare_again(core, &patience, &outgoing, failure, attempts, number).await?;
                attempts += 1;
            }
        }
    }
}

/// Prepares another attempt after one that failed: waits for a moment, and makes the connection `number` anew where it is gone.
async fn prepare_again(
    core: &Arc<Core>,
    patience: &Patience,
    outgoing: &Outgoing,
    failure: Failure,
    attempts: usize,
    number: u64,
) -> Result<(), Error> {
    let wished = retry_after(&failure.error);
    let is_worth_it = failure.is_gone || is_passing(&failure.error);
    if !is_worth_it || wished > MAX_RETRY_AFTER {
        return Err(failure.error);
    }
    let preparing = async {
        if attempts > 1 || !failure.is_gone {
            tokio::time::sleep(pause(attempts).max(wished)).await;
        }
        if failure.is_gone {
            core.reopen(number).await?;
        }
        Ok(())
    };
    in_patience(core, patience, outgoing, preparing).await
}

fn next_round(core: &Core, rounds: usize) -> Result<usize, Error> {
    if rounds >= core.options.max_rounds {
        return Err(Error::TooManyRounds { rounds });
    }
    Ok(rounds + 1)
}

pub(super) fn write(
    core: &Arc<Core>,
    connection: &Connection,
    call: &Call<'static>,
    settings: &Settings,
) -> Result<Outgoing, Error> {
    let id = core.next_id();
    let codec = connection.codec;
    let aside = {
        let mut aside = Aside::default();
        let is_wanted = settings.wants_progress || settings.on_progress.is_some();
        aside.progress_token = is_wanted.then_some(ProgressToken(RequestId::Integer(id)));
        aside.log_level = core.options.log_level;
        aside.trace.clone_from(&settings.trace);
        aside.meta.clone_from(&settings.meta);
        aside
    };
    let bytes = codec
        .write_call(&RequestId::Integer(id), call, &aside, &core.description)
        .map_err(Error::Unsayable)?;
    let mirrored = match (call, &connection.link) {
        (Call::CallTool(call), Link::Http(_)) if !codec.has_sessions() => {
            match core.tools.find(&call.name) {
                Some(tool) => tool.headers(call.arguments.as_deref())?,
                None => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    Ok(Outgoing {
        id,
        method: call.method().to_owned(),
        bytes: bytes.into(),
        codec,
        name: mirrored_name(call).map(str::to_owned),
        mirrored,
        // A task is ended by its id, and no request by which it may have been made.
        is_cancellable: !matches!(call, Call::CallTool(call) if call.task.is_some()),
        unclaimed: matches!(call, Call::CallTool(_)).then(|| core.unclaimed()),
    })
}

/// Sends a request once and waits for its answer.
async fn attempt(
    core: &Arc<Core>,
    connection: &Connection,
    outgoing: &Outgoing,
    patience: &mut Patience,
) -> Result<Answer, Failure> {
    // Permits are given out as long as there is a client. While one is held nothing is waited for but the answer, and for that
    // not for ever.
    let _room = if patience.is_endless {
        None
    } else {
        Some(core.room.acquire().await.map_err(|_| Error::Closed)?)
    };
    patience.slot.touch();
    let begun = Instant::now();
    let heard = core.hearing.register(outgoing.id, patience.slot.clone());
    patience.heard = Some(heard);
    let mut answering = pin!(connection.link.request(outgoing, &core.hearing));
    let mut running_out = pin!(patience.run_out(core));
    let mut stopped = pin!(core.hearing.stop().cancelled());
    tokio::select! {
        biased;
        () = &mut stopped => Err(Error::Closed.into()),
        answer = &mut answering => answer,
        after = &mut running_out => Err(Error::Timeout {
            server: core.server.clone(),
            method: outgoing.method.clone(),
            after,
            hint: core.hearing.stray(begun),
        }.into()),
    }
}

/// What has to be done before a request is sent again, as long as it is waited for at all.
async fn in_patience(
    core: &Core,
    patience: &Patience,
    outgoing: &Outgoing,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    patience.slot.touch();
    let mut stopped = pin!(core.hearing.stop().cancelled());
    // A rare event is not carried by every request.
    let mut work = Box::pin(work);
    tokio::select! {
        biased;
        () = &mut stopped => Err(Error::Closed),
        done = &mut work => done,
        after = patience.run_out(core) => Err(Error::Timeout {
            server: core.server.clone(),
            method: outgoing.method.clone(),
            after,
            hint: "it was about to be sent again".into(),
        }),
    }
}

/// Answers the questions of a result, all at once.
async fn answer(
    core: &Arc<Core>,
    required: InputRequired,
    call: &Call<'static>,
    patience: &mut Patience,
) -> Result<Retry<'static>, Error> {
    let begun = Instant::now();
    let has_questions = !required.requests.is_empty();
    let replies = answer_all(core, required.requests, subject(call)).await?;
    patience.asked_within += begun.elapsed();
    let mut retry = Retry::default();
    if has_questions {
        let responses = wire::responses(&replies).map_err(|error| unsayable(&error.to_string()))?;
        retry.responses = Some(Cow::Owned(responses.as_raw_value().to_owned()));
    }
    retry.state = required.state.map(Cow::Owned);
    Ok(retry)
}

/// Answers questions that came within a result or with a task, all at once.
pub(super) async fn answer_all(
    core: &Arc<Core>,
    requests: Vec<(String, InputRequest)>,
    on_behalf_of: Option<&str>,
) -> Result<Vec<(String, InputReply)>, Error> {
    let answering = requests.into_iter().map(|(key, request)| async move {
        let reply = core.hearing.answer(request, on_behalf_of).await;
        reply.map(|reply| (key, reply)).map_err(Error::Unanswered)
    });
    let mut stopped = pin!(core.hearing.stop().cancelled());
    tokio::select! {
        replies = try_join_all(answering) => replies,
        () = &mut stopped => Err(Error::Closed),
    }
}

/// Sends the user to pages that a request needs, and waits until the user is done with them
/// ([2025-11-25, URL elicitation required](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#url-elicitation-required-error)).
async fn visit(
    core: &Arc<Core>,
    pages: Vec<Elicitation>,
    call: &Call<'static>,
    patience: &mut Patience,
    error: ErrorObject,
) -> Result<(), Error> {
    let begun = Instant::now();
    for page in pages {
        let Elicitation::Url { elicitation_id, .. } = &page else {
            continue;
        };
        let done = core.hearing.page(elicitation_id);
        let mut done = pin!(done.notified());
        done.as_mut().enable();
        let reply = core
            .hearing
            .answer(InputRequest::Elicit(page.clone()), subject(call))
            .await;
        match reply.map_err(Error::Unanswered)? {
            InputReply::Elicit(result) if result.action == Action::Accept => {}
            _ => return Err(Error::Refused(ServerError::new(call.method(), error))),
        }
        // A server need not say that the user is done. Then it is asked again, and says so if the user is not.
        let _ = tokio::time::timeout(PAGE, done).await;
    }
    patience.asked_within += begun.elapsed();
    Ok(())
}

/// What a call is about, for those who are asked on its behalf.
pub(super) fn subject<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    mirrored_name(call)
}

fn set_retry(call: &mut Call<'static>, retry: Retry<'static>) {
    match call {
        Call::CallTool(call) => call.retry = retry,
        Call::GetPrompt(prompt) => prompt.retry = retry,
        Call::ReadResource(read) => read.retry = retry,
        // Nothing else can be asked back about.
        _ => {}
    }
}

pub(super) fn unsayable(detail: &str) -> Error {
    Error::Unsayable(midfield_protocol::Error::InvalidParams {
        detail: detail.to_owned(),
    })
}

/// A question that got no answer, as the error of what was asked first.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Unanswered(refusal)
    }
}

/// How long a user may take on a page before the request is sent again all the same.
const PAGE: Duration = Duration::from_secs(15);

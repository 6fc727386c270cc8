//! What becomes of a request that needs input: its journal travels with the client, sealed, and comes
//! back with the answers
//! ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use midfield_durable::{Asked, Execution, Journal};
use midfield_protocol::types::{InputRequest, InputRequired};
use midfield_protocol::{Error, Principal, Raw, Retry};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::begin::Subject;
use super::{Context, Service};
use crate::clock::seconds_since_1970;
use crate::seal::Purpose;

/// Which request a journal belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The method, such as `tools/call`.
    pub(crate) method: &'static str,
    /// Which answers count.
    pub(crate) answers: Answers,
}

/// Which answers of a client count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Those to questions that it was asked, as its state says.
    Asked,
    /// Also those that come before anything was asked.
    Ahead,
}

impl Origin {
    /// Of a request by which only questions are answered that were asked.
    pub(crate) fn new(method: &'static str) -> Self {
        Self {
            method,
            answers: Answers::Asked,
        }
    }
}

/// What is sealed into a `requestState`.
#[derive(Serialize, Deserialize)]
struct State {
    /// What the request was, see [`request_digest`].
    request: String,
    /// When it ends, in seconds since 1970.
    expires: u64,
    journal: Journal,
    /// What the client was asked.
    asked: Vec<Asked>,
    /// What it has answered to questions that the handler had not come to again.
    unclaimed: BTreeMap<String, Raw>,
    /// What the keys of steps are made of, so that they are the same each time.
    id: String,
}

/// The limits of journals that travel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Travel {
    /// Most bytes of a journal.
    pub(super) max_size: usize,
    /// How long an answer may take.
    pub(super) lifetime: Duration,
}

/// The reply that asks for everything that is open, with the journal so far.
///
/// # Errors
/// When the journal has become too large to travel.
pub(super) fn input_required(context: &Context, origin: &Origin) -> Result<InputRequired, Error> {
    let execution = context.execution();
    let mut requests = Vec::new();
    for question in execution.open_questions() {
        let request: InputRequest = question.request.read().map_err(|error| {
            tracing::error!(%error, "a question cannot be read back");
            Error::Internal
        })?;
        requests.push((question.key, request));
    }
    let service = context.service();
    let travel = service.travel();
    let state = State {
        request: digest_of(context, *origin),
        expires: seconds_since_1970().saturating_add(seconds(travel.lifetime)),
        journal: execution.journal(),
        asked: execution.asked(),
        unclaimed: execution.unclaimed(),
        id: execution.id().to_owned(),
    };
    let content = serde_json::to_vec(&state).map_err(|_| Error::Internal)?;
    if content.len() > travel.max_size {
        return Err(Error::Failed {
            detail: format!(
                "the journal of `{}` has {} bytes, more than the {} that travel with a request; \
                 its author can declare it as a `task`, whose journal stays with the server, or let \
                 more travel by `Server::travelling_journal`",
                context.target(),
                content.len(),
                travel.max_size
            ),
        });
    }
    let sealed = service
        .sealer()
        .seal(Purpose::RequestState, context.principal(), &content)
        .map_err(|_| Error::Internal)?;
    Ok(InputRequired::new(requests).state(sealed))
}

/// The execution of a request: a new one, or one that goes on with the answers that came.
///
/// # Errors
/// When the state was not given to this principal for this request, or not any more.
pub(super) fn execution(
    service: &Service,
    principal: &Principal,
    subject: &Subject<'_>,
) -> Result<Execution, Error> {
    let Subject { origin, retry, .. } = subject;
    let Some(state) = &retry.state else {
        return Ok(match origin.answers {
            Answers::Asked => Execution::new(),
            Answers::Ahead => Execution::volunteered(given(retry)?),
        });
    };
    let refused = |detail: &str| Error::InvalidParams {
        detail: format!("`requestState`: {detail}; begin again without it"),
    };
    let content = service
        .sealer()
        .open(Purpose::RequestState, principal, state)
        .ok_or_else(|| refused("this server did not give it, or gave it to somebody else"))?;
    let state: State =
        serde_json::from_slice(&content).map_err(|_| refused("it is of another version"))?;
    if state.expires <= seconds_since_1970() {
        return Err(refused("it has expired"));
    }
    if state.request != request_digest(service, *origin, &subject.name, subject.arguments) {
        return Err(refused("it belongs to another request"));
    }
    let mut responses = state.unclaimed;
    responses.extend(given(retry)?);
    Ok(Execution::resume(state.journal, state.asked, responses).with_id(state.id))
}

fn given(retry: &Retry<'_>) -> Result<BTreeMap<String, Raw>, Error> {
    let Some(responses) = &retry.responses else {
        return Ok(BTreeMap::new());
    };
    serde_json::from_str(responses.get()).map_err(|error| Error::InvalidParams {
        detail: format!("`inputResponses`: {error}"),
    })
}

fn digest_of(context: &Context, origin: Origin) -> String {
    request_digest(
        context.service(),
        origin,
        context.target(),
        context.arguments(),
    )
}

/// What tells one request from another: the server and its version, the method, what it is about, and the
/// arguments whatever the order of their members.
fn request_digest(
    service: &Service,
    origin: Origin,
    subject: &str,
    arguments: Option<&RawValue>,
) -> String {
    let implementation = &service.encoder().description().implementation;
    let mut hash = Sha256::new();
    for part in [
        &implementation.name,
        &implementation.version,
        origin.method,
        subject,
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let arguments = arguments.map_or("{}", RawValue::get);
    match serde_json::from_str::<Value>(arguments) {
        Ok(mut value) => {
            value.sort_all_objects();
            hash.update(value.to_string());
        }
        Err(_) => hash.update(arguments),
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Most bytes that a journal which travels may be given. Sealed, it comes back within a body or a line, beside
/// the arguments, both of which have 4 MiB by default.
pub(super) const MAX_JOURNAL: usize = 2 * 1024 * 1024;

const _: () = assert!(Purpose::RequestState.opens(MAX_JOURNAL));

/// Rounded up, so that no answer comes too late that was in time.
fn seconds(lifetime: Duration) -> u64 {
    let begun = u64::from(lifetime.subsec_nanos() > 0);
    lifetime.as_secs().saturating_add(begun)
}

//! Everything that we write, made of the richest parts that there are, in one revision.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    ClientCapabilities, LogLevel, LogMessage, Progress, ProgressToken, ToolResult,
};
use midfield_protocol::wire::{self, Codec, Encoder};
use midfield_protocol::{Answer, Era, Error, Raw, Revision};
use serde_json::{Value, json};

use crate::rich;

/// One message and the definitions that it has to fit.
pub(crate) struct Written {
    /// What it is frozen under.
    pub(crate) name: &'static str,
    /// The message.
    pub(crate) bytes: Vec<u8>,
    /// What it has to fit.
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    /// A response with a result of this definition.
    Result(&'static str),
    /// A response with an error; the modern revision has a definition for some.
    Error(Option<&'static str>),
    /// An error about a request whose id could not be read.
    ErrorWithoutId,
    /// A notification of this definition.
    Notification(&'static str),
}

/// Everything that we write in `revision`.
pub(crate) fn messages(revision: Revision) -> Vec<Written> {
    let server = rich::server();
    let mut messages = match revision.era() {
        Era::Legacy => vec![initialized(&server, revision)],
        Era::Modern => vec![discovered(&server, revision)],
    };
    messages.extend(results(&server, revision));
    messages.extend(errors(&server, revision));
    messages.extend(notifications(revision));
    messages
}

fn initialized(server: &Encoder, revision: Revision) -> Written {
    Written {
        name: "initialize",
        bytes: server
            .initialized(revision, &RequestId::from(0))
            .expect("JSON"),
        kind: Kind::Result("InitializeResult"),
    }
}

fn discovered(server: &Encoder, revision: Revision) -> Written {
    let answer = server.answer(
        Codec::new(revision),
        &RequestId::from(0),
        &Answer::Discovery,
    );
    Written {
        name: "discover",
        bytes: answer.expect("JSON"),
        kind: Kind::Result("DiscoverResult"),
    }
}

fn results(server: &Encoder, revision: Revision) -> Vec<Written> {
    let codec = Codec::new(revision);
    let page = |next| {
        let page = server.tools_page(codec, &rich::tools(), next);
        Answer::Page(page.expect("JSON"))
    };
    let structured = |value: Value| {
        let value = Raw::of(&value).expect("JSON");
        Answer::Tool(ToolResult::structured(&value))
    };
    let call = "CallToolResult";
    let list = "ListToolsResult";
    let answers = [
        ("tools-page", list, page(Some("bzoz"))),
        ("tools-last-page", list, page(None)),
        ("content", call, Answer::Tool(rich::content())),
        ("structured", call, structured(json!({"mass": 0.25}))),
        ("structured-list", call, structured(json!(["pH", "mass"]))),
        (
            "tool-failed",
            call,
            Answer::Tool(ToolResult::error("no sample `s-99`")),
        ),
        ("empty", "EmptyResult", Answer::Empty),
    ];
    let id = RequestId::from("q-1");
    answers
        .into_iter()
        .map(|(name, definition, answer)| Written {
            name,
            bytes: server.answer(codec, &id, &answer).expect("JSON"),
            kind: Kind::Result(definition),
        })
        .collect()
}

fn errors(server: &Encoder, revision: Revision) -> Vec<Written> {
    let detail = "`sample` is missing".to_owned();
    let required: ClientCapabilities =
        serde_json::from_value(json!({"elicitation": {"form": {}}})).expect("capabilities");
    let unsupported = "1900-01-01"
        .parse::<Revision>()
        .expect_err("nobody speaks it");
    let errors = [
        (
            "error-invalid-request",
            None,
            Error::InvalidRequest {
                detail: detail.clone(),
            },
        ),
        (
            "error-invalid-params",
            Some("InvalidParamsError"),
            Error::InvalidParams { detail },
        ),
        (
            "error-method-not-found",
            Some("MethodNotFoundError"),
            Error::MethodNotFound {
                method: "prompts/list".into(),
            },
        ),
        (
            "error-unknown-tool",
            Some("InvalidParamsError"),
            Error::UnknownTool {
                name: "burn".into(),
            },
        ),
        (
            "error-invalid-cursor",
            Some("InvalidParamsError"),
            Error::InvalidCursor,
        ),
        (
            "error-header-mismatch",
            Some("HeaderMismatchError"),
            Error::HeaderMismatch {
                detail: "Mcp-Name is `a`, the body has `b`".into(),
            },
        ),
        (
            "error-missing-capability",
            Some("MissingRequiredClientCapabilityError"),
            Error::MissingCapability {
                required: Box::new(required),
            },
        ),
        (
            "error-unsupported-revision",
            Some("UnsupportedProtocolVersionError"),
            unsupported.into(),
        ),
        ("error-internal", Some("InternalError"), Error::Internal),
    ];
    let codec = Codec::new(revision);
    let id = RequestId::from(7);
    let mut written: Vec<Written> = errors
        .into_iter()
        .map(|(name, definition, error)| Written {
            name,
            bytes: server.error(codec, Some(&id), &error),
            kind: Kind::Error(definition.filter(|_| codec.revision().era() == Era::Modern)),
        })
        .collect();
    written.push(Written {
        name: "error-without-id",
        bytes: server.error(codec, None, &Error::Internal),
        kind: Kind::ErrorWithoutId,
    });
    written
}

fn notifications(revision: Revision) -> Vec<Written> {
    let codec = Codec::new(revision);
    let progress =
        |token: ProgressToken, step: &Progress| wire::progress(codec, &token, step).expect("JSON");
    let mut log = LogMessage::new(
        LogLevel::Warning,
        Raw::of(&json!({"balance": 7, "drift": 0.001})).expect("JSON"),
    );
    let named_log = {
        log.logger = Some("balance".into());
        wire::log(&log).expect("JSON")
    };
    let plain_log = LogMessage::new(LogLevel::Debug, Raw::of("warming up").expect("JSON"));
    let step = "ProgressNotification";
    let message = "LoggingMessageNotification";
    [
        (
            "progress",
            step,
            progress(
                ProgressToken(RequestId::from("p-1")),
                &Progress::new(2.0).total(8.0).message("weighing"),
            ),
        ),
        (
            "progress-without-end",
            step,
            progress(ProgressToken(RequestId::from(12)), &Progress::new(0.75)),
        ),
        ("log", message, named_log),
        (
            "log-without-logger",
            message,
            wire::log(&plain_log).expect("JSON"),
        ),
    ]
    .map(|(name, definition, bytes)| Written {
        name,
        bytes,
        kind: Kind::Notification(definition),
    })
    .into()
}

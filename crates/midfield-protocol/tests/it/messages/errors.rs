//! Everything that can go wrong.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{ClientCapabilities, Elicitation};
use midfield_protocol::wire::{Codec, Encoder};
use midfield_protocol::{Era, Error, Raw, Revision};
use serde_json::json;

use super::{Kind, Written};

/// An error: what it is frozen under, the modern definition that it fits, and itself.
type Failed = (&'static str, Option<&'static str>, Error);

pub(super) fn errors(server: &Encoder, revision: Revision) -> Vec<Written> {
    let errors = asked_wrongly()
        .into_iter()
        .chain(asked_too_early())
        .chain(failed());
    let codec = Codec::new(revision);
    let id = RequestId::from(7);
    let mut written: Vec<Written> = errors
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

/// The request does not fit, or names what is not there.
fn asked_wrongly() -> Vec<Failed> {
    let detail = "`sample` is missing".to_owned();
    vec![
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
            "error-unknown-prompt",
            Some("InvalidParamsError"),
            Error::UnknownPrompt {
                name: "burn".into(),
            },
        ),
        (
            "error-unknown-task",
            Some("InvalidParamsError"),
            Error::UnknownTask { id: "t-9".into() },
        ),
        (
            "error-task-required",
            Some("MethodNotFoundError"),
            Error::TaskRequired {
                name: "burn".into(),
            },
        ),
        (
            "error-task-forbidden",
            Some("MethodNotFoundError"),
            Error::TaskForbidden {
                name: "weigh".into(),
            },
        ),
        (
            "error-resource-not-found",
            Some("InvalidParamsError"),
            Error::ResourceNotFound {
                uri: "lab://samples/99".into(),
            },
        ),
    ]
}

/// The client has to do something else first.
fn asked_too_early() -> Vec<Failed> {
    let required: ClientCapabilities =
        serde_json::from_value(json!({"elicitation": {"form": {}}})).expect("capabilities");
    let unsupported = "1900-01-01"
        .parse::<Revision>()
        .expect_err("nobody speaks it");
    vec![
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
        (
            "error-url-elicitation-required",
            None,
            Error::UrlElicitationRequired {
                elicitations: vec![Elicitation::url(
                    "Please sign in.",
                    "https://laboratory.example/sign-in",
                    "e-1",
                )],
            },
        ),
    ]
}

/// The server, or an extension of it, failed.
fn failed() -> Vec<Failed> {
    vec![
        (
            "error-application",
            None,
            Error::Application {
                code: 4711,
                message: "the balance is in use".into(),
                data: Some(Raw::of(&json!({"until": "noon"})).expect("JSON")),
            },
        ),
        (
            "error-application-with-a-reserved-code",
            Some("InternalError"),
            Error::Application {
                code: -32_042,
                message: "not ours to say".into(),
                data: None,
            },
        ),
        ("error-internal", Some("InternalError"), Error::Internal),
    ]
}

//! Errors as the legacy revisions number them.

use serde::Serialize;

use crate::jsonrpc::{Code, ErrorObject};
use crate::types::{ClientCapabilities, Elicitation};
use crate::wire::{NotFound, application};
use crate::{Error, Revision};

/// Older than the specification's policy for codes; later revisions say it by other means.
const RESOURCE_NOT_FOUND: Code = Code::new(-32002);
pub(in crate::wire) const URL_ELICITATION_REQUIRED: Code = Code::new(-32042);

pub(in crate::wire) fn error_object(error: &Error, revision: Revision) -> ErrorObject {
    let object = |code| ErrorObject::new(code, error.to_string());
    match error {
        Error::MethodNotFound { .. } | Error::TaskRequired { .. } | Error::TaskForbidden { .. } => {
            object(Code::METHOD_NOT_FOUND)
        }
        Error::InvalidParams { .. }
        | Error::UnknownTool { .. }
        | Error::UnknownPrompt { .. }
        | Error::UnknownTask { .. }
        | Error::InvalidCursor => object(Code::INVALID_PARAMS),
        Error::ResourceNotFound { uri } => object(RESOURCE_NOT_FOUND).data_of(&NotFound { uri }),
        Error::UrlElicitationRequired { elicitations }
            if revision.rules().url_elicitation && elicitations.iter().any(is_page) =>
        {
            ErrorObject::new(
                URL_ELICITATION_REQUIRED,
                "the user has to open a page before this request can be served",
            )
            .data_of(&Pages {
                elicitations: elicitations.iter().filter(|item| is_page(item)).collect(),
            })
        }
        Error::MissingCapability { required } => ErrorObject::new(
            Code::INVALID_REQUEST,
            format!("{error}: {}", names(required)),
        ),
        Error::InvalidRequest { .. }
        | Error::HeaderMismatch { .. }
        | Error::UrlElicitationRequired { .. }
        | Error::UnsupportedRevision(_) => object(Code::INVALID_REQUEST),
        Error::Application {
            code,
            message,
            data,
        } => application(*code, message, data.as_ref()),
        Error::Failed { .. } | Error::Internal => object(Code::INTERNAL_ERROR),
    }
}

#[derive(Serialize)]
struct Pages<'a> {
    elicitations: Vec<&'a Elicitation>,
}

/// Whether it is what the error may hold: a page that has an id
/// ([2025-11-25, URL elicitation required](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#url-elicitation-required-error)).
fn is_page(elicitation: &Elicitation) -> bool {
    matches!(elicitation, Elicitation::Url { elicitation_id, .. } if !elicitation_id.is_empty())
}

/// The capabilities as a person writes them: `elicitation.url, roots`.
fn names(required: &ClientCapabilities) -> String {
    let mut names: Vec<String> = Vec::new();
    if required.roots.is_some() {
        names.push("roots".into());
    }
    if let Some(sampling) = &required.sampling {
        let parts = [("context", &sampling.context), ("tools", &sampling.tools)];
        push(&mut names, "sampling", &parts);
    }
    if let Some(elicitation) = &required.elicitation {
        let parts = [("form", &elicitation.form), ("url", &elicitation.url)];
        push(&mut names, "elicitation", &parts);
    }
    if let Some(tasks) = &required.tasks {
        let parts = [
            ("list", &tasks.list.then_some(())),
            ("cancel", &tasks.cancel.then_some(())),
            (
                "requests.sampling.createMessage",
                &tasks.sampling.then_some(()),
            ),
            (
                "requests.elicitation.create",
                &tasks.elicitation.then_some(()),
            ),
        ];
        push(&mut names, "tasks", &parts);
    }
    names.extend(required.extensions.keys().cloned());
    names.extend(required.experimental.keys().cloned());
    names.join(", ")
}

fn push<T>(names: &mut Vec<String>, whole: &str, parts: &[(&str, &Option<T>)]) {
    let before = names.len();
    for (part, value) in parts {
        if value.is_some() {
            names.push(format!("{whole}.{part}"));
        }
    }
    if names.len() == before {
        names.push(whole.to_owned());
    }
}

//! The specification's examples whose types the crate does not have yet, each with the reason.

use std::fs;
use std::path::{Path, PathBuf};

use midfield_protocol::Error;
use midfield_protocol::jsonrpc::{Incoming, Message};

use crate::examples::files;
use crate::support::{MODERN, text};

/// A part of the protocol that is not built.
pub(crate) struct NotYet {
    /// Why its examples are not checked.
    reason: &'static str,
    /// Words of the wire that no implementation of it can do without.
    words: &'static [&'static str],
    /// The folders of its examples.
    pub(crate) folders: &'static [&'static str],
}

/// What is not built.
pub(crate) const NOT_YET: &[NotYet] = &[
    NotYet {
        reason: "resources are not served yet; only links to them and their contents inside results",
        words: &[
            "resources/list",
            "resources/read",
            "resources/templates/list",
            "notifications/resources/list_changed",
            "notifications/resources/updated",
        ],
        folders: &[
            "ListResourceTemplatesRequest",
            "ListResourceTemplatesResult",
            "ListResourceTemplatesResultResponse",
            "ListResourcesRequest",
            "ListResourcesResult",
            "ListResourcesResultResponse",
            "ReadResourceRequest",
            "ReadResourceResult",
            "ReadResourceResultResponse",
            "Resource",
            "ResourceListChangedNotification",
            "ResourceUpdatedNotification",
            "ResourceUpdatedNotificationParams",
        ],
    },
    NotYet {
        reason: "prompts are not served yet",
        words: &[
            "prompts/list",
            "prompts/get",
            "notifications/prompts/list_changed",
        ],
        folders: &[
            "GetPromptRequest",
            "GetPromptRequestParams",
            "GetPromptResult",
            "GetPromptResultResponse",
            "ListPromptsRequest",
            "ListPromptsResult",
            "ListPromptsResultResponse",
            "PromptListChangedNotification",
        ],
    },
    NotYet {
        reason: "arguments of prompts and resource templates are not completed yet",
        words: &["completion/complete"],
        folders: &[
            "CompleteRequest",
            "CompleteRequestParams",
            "CompleteResult",
            "CompleteResultResponse",
        ],
    },
    NotYet {
        reason: "a server cannot ask the client's model yet",
        words: &["sampling/createMessage"],
        folders: &[
            "CreateMessageRequest",
            "CreateMessageRequestParams",
            "CreateMessageResult",
            "ModelPreferences",
            "SamplingMessage",
            "ToolResultContent",
            "ToolUseContent",
        ],
    },
    NotYet {
        reason: "a server cannot ask the client's user yet",
        words: &["elicitation/create"],
        folders: &[
            "BooleanSchema",
            "ElicitRequest",
            "ElicitRequestFormParams",
            "ElicitRequestURLParams",
            "ElicitResult",
            "NumberSchema",
            "StringSchema",
            "TitledMultiSelectEnumSchema",
            "TitledSingleSelectEnumSchema",
            "UntitledMultiSelectEnumSchema",
            "UntitledSingleSelectEnumSchema",
        ],
    },
    NotYet {
        reason: "a server cannot ask for the client's roots yet",
        words: &["roots/list"],
        folders: &["ListRootsRequest", "ListRootsResult", "Root"],
    },
    NotYet {
        reason: "requests of several round trips are not answered yet",
        words: &["input_required", "inputResponses", "requestState"],
        folders: &["InputRequests", "InputRequiredResult", "InputResponses"],
    },
    NotYet {
        reason: "nobody can subscribe to changes yet",
        words: &[
            "subscriptions/listen",
            "notifications/subscriptions/acknowledged",
            "notifications/tools/list_changed",
        ],
        folders: &[
            "SubscriptionsAcknowledgedNotification",
            "SubscriptionsListenRequest",
            "SubscriptionsListenResult",
            "SubscriptionsListenResultResponse",
            "ToolListChangedNotification",
        ],
    },
];

#[test]
fn what_is_not_built_is_nowhere_in_the_source() {
    let sources = sources();
    for part in NOT_YET {
        for word in part.words {
            let found = sources.iter().find(|(_, source)| source.contains(word));
            assert!(
                found.is_none(),
                "{:?} has `{word}`, so its examples can be checked: move {:?} into the checks ({})",
                found.map(|(path, _)| path),
                part.folders,
                part.reason,
            );
        }
    }
}

#[test]
fn requests_that_are_not_built_are_methods_not_found() {
    let mut refused = 0;
    for folder in NOT_YET.iter().flat_map(|part| part.folders) {
        for file in files(folder) {
            let text = text(&file);
            let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(text.as_bytes())
            else {
                continue;
            };
            let answer = MODERN.decode(&request);
            assert!(
                matches!(&answer, Err(Error::MethodNotFound { method }) if *method == request.method),
                "{file}: {answer:?}"
            );
            refused += 1;
        }
    }
    assert_eq!(
        refused, 7,
        "the requests among the examples that a client sends"
    );
}

/// The path and the text of every source file of the crate.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = fs::read_to_string(&path).expect("a source file in UTF-8");
                sources.push((path, source));
            }
        }
    }
    assert!(
        sources.len() > 10,
        "the sources of the crate are beside its tests"
    );
    sources
}

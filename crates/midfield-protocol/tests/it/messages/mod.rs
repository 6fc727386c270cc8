//! Everything that we write, made of the richest parts that there are, in one revision.

mod errors;
mod tasks;
mod told;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{Completion, InputRequest, InputRequired, ToolResult};
use midfield_protocol::wire::{Codec, Encoder, List};
use midfield_protocol::{Answer, Era, Raw, Revision};
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
    /// A request of ours of this definition.
    Request(&'static str),
}

/// Everything that we write in `revision`.
pub(crate) fn messages(revision: Revision) -> Vec<Written> {
    let server = rich::server();
    let mut messages = match revision.era() {
        Era::Legacy => vec![initialized(&server, revision)],
        Era::Modern => vec![discovered(&server, revision)],
    };
    messages.extend(results(&server, revision));
    messages.extend(errors::errors(&server, revision));
    messages.extend(tasks::answers(&server, revision));
    messages.extend(tasks::told(revision));
    messages.extend(told::notifications(revision));
    messages.extend(told::changes(revision));
    match revision.era() {
        Era::Legacy => messages.extend(told::questions(revision)),
        Era::Modern => messages.extend(modern_results(&server, revision)),
    }
    messages
}

fn initialized(server: &Encoder, revision: Revision) -> Written {
    Written {
        name: "initialize",
        bytes: server
            .initialized(
                revision,
                &midfield_protocol::Principal::Parent,
                &RequestId::from(0),
            )
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
    let page = |list: List<'_>, next| {
        let page = server.page(codec, list, next);
        Answer::Page(page.expect("JSON"))
    };
    let tools = rich::tools();
    let structured = |value: Value| {
        let value = Raw::of(&value).expect("JSON");
        Answer::Tool(ToolResult::structured(&value))
    };
    let call = "CallToolResult";
    let list = "ListToolsResult";
    let mut answers = vec![
        ("tools-page", list, page(List::Tools(&tools), Some("bzoz"))),
        ("tools-last-page", list, page(List::Tools(&tools), None)),
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
    answers.extend(offers(server, codec));
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

/// Results about resources, prompts and what extensions add.
fn offers(server: &Encoder, codec: Codec) -> Vec<(&'static str, &'static str, Answer)> {
    let page = |list: List<'_>, next| {
        let page = server.page(codec, list, next);
        Answer::Page(page.expect("JSON"))
    };
    vec![
        (
            "resources-page",
            "ListResourcesResult",
            page(List::Resources(&rich::resources()), Some("bzoz")),
        ),
        (
            "templates-page",
            "ListResourceTemplatesResult",
            page(List::ResourceTemplates(&rich::templates()), None),
        ),
        (
            "prompts-page",
            "ListPromptsResult",
            page(List::Prompts(&rich::prompts()), None),
        ),
        (
            "resource",
            "ReadResourceResult",
            Answer::Resource(rich::read_result()),
        ),
        (
            "prompt",
            "GetPromptResult",
            Answer::Prompt(rich::prompt_result()),
        ),
        (
            "completion",
            "CompleteResult",
            Answer::Completion(Completion::new(vec!["s-1".into(), "s-2".into()]).total(2)),
        ),
        (
            "extension",
            "EmptyResult",
            Answer::Raw(Raw::of(&json!({"_meta": {"com.example/cost": 1.50}})).expect("JSON")),
        ),
    ]
}

/// Results that only the modern era has.
fn modern_results(server: &Encoder, revision: Revision) -> Vec<Written> {
    let questions = [
        ("who", rich::form(true)),
        ("sign_in", rich::sign_in()),
        ("model", rich::plain_sample()),
        ("tools", rich::tools_sample()),
        ("roots", InputRequest::ListRoots),
    ]
    .map(|(key, question)| (key.to_owned(), question));
    let asking = InputRequired::new(questions.into()).state("c3RhdGU");
    let extension = json!({"resultType": "com.example/queued", "place": 3});
    let answers = [
        (
            "input-required",
            "InputRequiredResult",
            Answer::InputRequired(asking),
        ),
        (
            "listen-ended",
            "SubscriptionsListenResult",
            Answer::ListenEnded {
                subscription: RequestId::from(12),
            },
        ),
        (
            "extension-with-a-type",
            "Result",
            Answer::Raw(Raw::of(&extension).expect("JSON")),
        ),
    ];
    let id = RequestId::from("q-1");
    answers
        .into_iter()
        .map(|(name, definition, answer)| Written {
            name,
            bytes: server
                .answer(Codec::new(revision), &id, &answer)
                .expect("JSON"),
            kind: Kind::Result(definition),
        })
        .collect()
}

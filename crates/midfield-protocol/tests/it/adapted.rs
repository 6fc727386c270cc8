//! Whatever of the optional members a tool or a result has: each revision gets a message that its schema
//! takes, without members that it does not know.

use std::slice;

use jsonschema::Validator;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{Prompt, Resource, ResourceTemplate, Tool, ToolResult};
use midfield_protocol::wire::{Codec, List};
use midfield_protocol::{Answer, Raw, Revision};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::rich;
use crate::schemas::{Definitions, require};
use crate::support::value;

/// Members without which the parts would be no parts any more.
const REQUIRED: [&str; 14] = [
    "content",
    "contents",
    "messages",
    "role",
    "uriTemplate",
    "blob",
    "data",
    "inputSchema",
    "name",
    "resource",
    "src",
    "text",
    "type",
    "uri",
];

#[test]
fn any_tool_is_listed_as_its_revision_knows_tools() {
    let revisions = Subject::each("ListToolsResult");
    proptest!(ProptestConfig::with_cases(CASES), |(choices in choices())| {
        let tool = thinned(rich::rich_tool(), &choices);
        let tool: Tool = serde_json::from_value(tool).expect("a tool");
        for subject in &revisions {
            let codec = Codec::new(subject.revision);
            let page = rich::server().page(codec, List::Tools(slice::from_ref(&tool)), None).expect("JSON");
            subject.require(&value(page.get()));
        }
    });
}

#[test]
fn any_tool_result_is_written_as_its_revision_knows_results() {
    let revisions = Subject::each("CallToolResult");
    let server = rich::server();
    let id = RequestId::from(1);
    proptest!(ProptestConfig::with_cases(CASES), |(
        choices in choices(),
        is_error: bool,
        structured in prop::option::of(structured()),
    )| {
        let result = thinned(rich::rich_content(), &choices);
        let mut result: ToolResult = serde_json::from_value(result).expect("a tool result");
        result.is_error = is_error;
        result.structured_content = structured.map(|value| Raw::of(&value).expect("JSON"));
        for subject in &revisions {
            let answer = Answer::Tool(result.clone());
            let bytes = server.answer(Codec::new(subject.revision), &id, &answer).expect("JSON");
            subject.require(&value(bytes)["result"]);
        }
    });
}

#[test]
fn any_resource_template_or_prompt_is_listed_as_its_revision_knows_it() {
    let resources = Subject::each("ListResourcesResult");
    let templates = Subject::each("ListResourceTemplatesResult");
    let prompts = Subject::each("ListPromptsResult");
    let server = rich::server();
    proptest!(ProptestConfig::with_cases(CASES), |(choices in choices())| {
        let resource = part::<Resource>(rich::rich_resource(), &choices);
        let template = part::<ResourceTemplate>(rich::rich_template(), &choices);
        let prompt = part::<Prompt>(rich::rich_prompt(), &choices);
        let lists = [
            (&resources, List::Resources(slice::from_ref(&resource))),
            (&templates, List::ResourceTemplates(slice::from_ref(&template))),
            (&prompts, List::Prompts(slice::from_ref(&prompt))),
        ];
        for (subjects, list) in lists {
            for subject in subjects {
                let page = server.page(Codec::new(subject.revision), list, None).expect("JSON");
                subject.require(&value(page.get()));
            }
        }
    });
}

#[test]
fn any_prompt_and_contents_are_written_as_their_revision_knows_them() {
    let prompts = Subject::each("GetPromptResult");
    let contents = Subject::each("ReadResourceResult");
    let server = rich::server();
    let id = RequestId::from(1);
    proptest!(ProptestConfig::with_cases(CASES), |(choices in choices())| {
        let prompt = thinned(json!(rich::prompt_result()), &choices);
        let prompt = Answer::Prompt(serde_json::from_value(prompt).expect("messages"));
        let read = thinned(json!(rich::read_result()), &choices);
        let read = Answer::Resource(serde_json::from_value(read).expect("contents"));
        for (subjects, answer) in [(&prompts, &prompt), (&contents, &read)] {
            for subject in subjects {
                let bytes = server.answer(Codec::new(subject.revision), &id, answer).expect("JSON");
                subject.require(&value(bytes)["result"]);
            }
        }
    });
}

fn part<T: DeserializeOwned>(whole: Value, choices: &[bool]) -> T {
    serde_json::from_value(thinned(whole, choices)).expect("a part of the type")
}

#[test]
fn what_the_newest_legacy_revision_gets_is_the_whole() {
    let codec = Codec::new(Revision::NEWEST_LEGACY);
    let answer = Answer::Tool(rich::content());
    let bytes = rich::server()
        .answer(codec, &RequestId::from(1), &answer)
        .expect("JSON");
    assert_eq!(value(bytes)["result"], rich::rich_content());
}

/// One definition of one revision.
struct Subject {
    revision: Revision,
    name: &'static str,
    definitions: Definitions,
    validator: Validator,
}

impl Subject {
    fn each(name: &'static str) -> Vec<Self> {
        let subject = |revision| {
            let definitions = Definitions::of(revision);
            Self {
                revision,
                name,
                validator: definitions.validator(name),
                definitions,
            }
        };
        Revision::ALL.map(subject).into()
    }

    fn require(&self, written: &Value) {
        require(
            &self.validator,
            &format!("{} {}", self.revision, self.name),
            written,
        );
        let unknown = self.definitions.unknown(self.name, written);
        assert!(unknown.is_empty(), "{}: {unknown:#?}", self.revision);
    }
}

/// Which optional members stay, in the order in which they are met.
fn choices() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), 32..128)
}

fn structured() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"mass": 0.25})),
        Just(json!([1, "two"])),
        Just(json!("text")),
        Just(Value::Null),
    ]
}

/// `whole` without the optional members that `choices` drops.
fn thinned(mut whole: Value, choices: &[bool]) -> Value {
    let mut choices = choices.iter().copied().cycle();
    thin(&mut whole, &mut choices);
    whole
}

fn thin(value: &mut Value, choices: &mut impl Iterator<Item = bool>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| thin(item, choices)),
        Value::Object(members) => {
            // Media types are required of pictures and sounds.
            let has_data = members.contains_key("data");
            members.retain(|key, _| {
                REQUIRED.contains(&key.as_str())
                    || (has_data && key == "mimeType")
                    || choices.next().unwrap_or(true)
            });
            for (key, member) in members {
                if !["inputSchema", "outputSchema", "_meta"].contains(&key.as_str()) {
                    thin(member, choices);
                }
            }
        }
        _ => {}
    }
}

const CASES: u32 = 64;

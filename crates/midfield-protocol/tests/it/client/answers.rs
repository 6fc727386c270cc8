//! What a server writes, as a client reads it.

use midfield_protocol::jsonrpc::{Incoming, Message, RequestId};
use midfield_protocol::types::{
    Completion, Content, Prompt, PromptMessage, PromptResult, ReadResult, Resource,
    ResourceContents, Schema, Tool, ToolResult,
};
use midfield_protocol::wire::client::{Discovery, FromResult, Handshake, Outcome, Page};
use midfield_protocol::wire::{Codec, List};
use midfield_protocol::{Answer, Call, CallTool, Era, Principal, Raw, Revision};
use proptest::prelude::*;

use super::{any_text, json, name};
use crate::rich;

/// What the request `call` is answered with, as a client gets it.
fn answered(codec: Codec, call: &Call<'_>, answer: &Answer) -> Raw {
    let id = RequestId::Integer(7);
    let written = rich::server()
        .answer(codec, &id, answer)
        .expect("an answer");
    let Ok(Incoming::Single(Message::Response(response))) = Incoming::parse(&written) else {
        panic!("{}", String::from_utf8_lossy(&written));
    };
    assert_eq!(response.id, Some(id));
    match Outcome::read(codec, call, response.result.expect("no error")) {
        Ok(Outcome::Complete(result)) => result,
        other => panic!("{other:?}"),
    }
}

fn content() -> impl Strategy<Value = Vec<Content>> {
    let piece = prop_oneof![
        any_text().prop_map(Content::text),
        any::<Vec<u8>>().prop_map(|bytes| Content::image(bytes, "image/png")),
        (name(), any_text())
            .prop_map(|(uri, text)| Content::resource(ResourceContents::text(uri, text))),
    ];
    prop::collection::vec(piece, 0..4)
}

fn read<T: FromResult>(codec: Codec, result: &Raw) -> T {
    T::from_result(codec, result).unwrap_or_else(|error| panic!("{error}: {}", result.as_str()))
}

proptest! {
    #[test]
    fn a_result_of_a_tool_is_read_as_it_was_written(
        content in content(),
        structured in prop::option::of(json()),
        is_error in any::<bool>(),
    ) {
        for revision in Revision::ALL {
            let codec = Codec::new(revision);
            let mut result = ToolResult::new(content.clone());
            result.is_error = is_error;
            let has_room = revision >= Revision::V2025_06_18;
            let is_object = structured.as_ref().is_some_and(serde_json::Value::is_object);
            if has_room && (revision.era() == Era::Modern || is_object) {
                result.structured_content = structured.as_ref().map(|value| Raw::of(value).expect("JSON"));
            }
            let call = Call::CallTool(CallTool::new("any"));
            let raw = answered(codec, &call, &Answer::Tool(result.clone()));
            prop_assert_eq!(read::<ToolResult>(codec, &raw), result, "{}", revision);
        }
    }

    #[test]
    fn prompts_resources_and_completions_are_read_as_they_were_written(
        content in content(),
        texts in prop::collection::vec((name(), any_text()), 0..4),
        total in prop::option::of(0_u64..1 << 40),
    ) {
        for revision in Revision::ALL {
            let codec = Codec::new(revision);
            let messages = content.iter().cloned().map(PromptMessage::user).collect();
            let prompt = PromptResult::new(messages);
            let raw = answered(codec, &Call::Discover, &Answer::Prompt(prompt.clone()));
            prop_assert_eq!(read::<PromptResult>(codec, &raw), prompt);

            let contents: Vec<_> = texts.iter().map(|(uri, text)| ResourceContents::text(uri, text)).collect();
            let raw = answered(codec, &Call::Discover, &Answer::Resource(ReadResult::new(contents.clone())));
            prop_assert_eq!(read::<ReadResult>(codec, &raw).contents, contents);

            let mut completion = Completion::new(texts.iter().map(|(_, text)| text.clone()).collect());
            completion.total = total;
            let raw = answered(codec, &Call::Discover, &Answer::Completion(completion.clone()));
            prop_assert_eq!(read::<Completion>(codec, &raw), completion);
        }
    }

    #[test]
    fn pages_are_read_as_they_were_written(
        names in prop::collection::vec(name(), 0..5),
        cursor in prop::option::of(any_text()),
    ) {
        let tools: Vec<Tool> = names.iter().map(|name| Tool::new(name, Schema::default())).collect();
        let prompts: Vec<Prompt> = names.iter().map(Prompt::new).collect();
        let resources: Vec<Resource> = names.iter().map(|name| Resource::new(name, name)).collect();
        for revision in Revision::ALL {
            let codec = Codec::new(revision);
            let page = |list| {
                let page = rich::server().page(codec, list, cursor.as_deref()).expect("a page");
                answered(codec, &Call::Discover, &Answer::Page(page))
            };
            let raw = page(List::Tools(&tools));
            let read_tools: Page<Tool> = read(codec, &raw);
            prop_assert_eq!(&read_tools.next_cursor, &cursor);
            prop_assert!(read_tools.unreadable.is_empty());
            let read_names: Vec<_> = read_tools.items.iter().map(|tool| &tool.name).collect();
            prop_assert_eq!(read_names, names.iter().collect::<Vec<_>>());
            prop_assert_eq!(read::<Page<Prompt>>(codec, &page(List::Prompts(&prompts))).items, prompts.clone());
            prop_assert_eq!(read::<Page<Resource>>(codec, &page(List::Resources(&resources))).items, resources.clone());
        }
    }
}

#[test]
fn what_a_server_says_of_itself_is_read_in_each_era() {
    let server = rich::server();
    let modern = Codec::new(Revision::V2026_07_28);
    let raw = answered(modern, &Call::Discover, &Answer::Discovery);
    let discovery: Discovery = read(modern, &raw);
    assert!(discovery.supported.contains(&"2026-07-28".to_owned()));
    let name = discovery.implementation.map(|server| server.name);
    assert_eq!(
        name.as_ref(),
        Some(&server.description().implementation.name)
    );

    for revision in Revision::ALL {
        if revision.era() == Era::Modern {
            continue;
        }
        let written = server
            .initialized(revision, &Principal::Anonymous, &RequestId::Integer(1))
            .expect("an answer");
        let Ok(Incoming::Single(Message::Response(response))) = Incoming::parse(&written) else {
            panic!("{}", String::from_utf8_lossy(&written));
        };
        let handshake = Handshake::read(&response.result.expect("no error")).expect("a handshake");
        assert_eq!(handshake.revision, revision);
        assert_eq!(
            handshake.implementation.name,
            server.description().implementation.name
        );
    }
}

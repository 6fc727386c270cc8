//! Keys of `_meta` that authors set: those of the grammar, without the prefixes of the protocol
//! ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).

use midfield::extension::ui::Ui;
use midfield::prelude::*;
use midfield::types::{
    self, Meta, PromptMessage, PromptResult, ReadResult, ResourceContents, ResourceLink,
    SamplingMessage,
};
use midfield::{BuildError, Service};
use serde_json::{Value, json};

use super::all_of;
use crate::asking::{Peer, prompt_of, said, text};
use crate::log::Log;
use crate::messages::MODERN;
use crate::pipe::ask_one;

/// Keys that nobody may set: no keys at all, and those that are the protocol's.
const BAD: [&str; 9] = [
    "a key",
    "-a",
    "/a",
    "1a.example/b",
    "com..example/b",
    "com.example/b/c",
    "io.modelcontextprotocol/serverInfo",
    "dev.mcp/x",
    "com.mcp.tools/x",
];

/// Keys that anybody may set. A name may be empty, and the second label is another.
const GOOD: [&str; 5] = ["com.example/a", "plain", "com.example.mcp/x", "mcp/x", "a/"];

fn text_resource(uri: &str) -> Resource {
    Resource::new(uri, "thing", async || "text")
}

fn template(uri: &str) -> ResourceTemplate {
    ResourceTemplate::new(uri, "thing", async || "text").expect("a template")
}

/// Servers that each attach something under `key` to one description.
fn servers(key: &str) -> Vec<Server> {
    let server = || Server::new("meta", "1");
    vec![
        server().tool(Tool::new("thing", async || "text").meta(key, 1)),
        server().prompt(Prompt::new("thing", async || "text").meta(key, 1)),
        server().resource(text_resource("test:a").meta(key, 1)),
        server().resource(template("test:{a}").meta(key, 1)),
    ]
}

#[test]
fn a_description_with_a_key_that_is_none_makes_no_server() {
    for key in BAD {
        for server in servers(key) {
            let error = server.build().expect_err(key);
            assert!(matches!(error, BuildError::MetaKey { .. }), "{error}");
            let told = error.to_string();
            assert!(
                told.contains(key) && told.contains("com.example/name"),
                "{told}"
            );
        }
    }
    for key in GOOD {
        for server in servers(key) {
            assert!(server.build().is_ok(), "{key}");
        }
    }
}

#[test]
fn what_is_added_while_the_server_serves_has_keys_like_the_rest() {
    let server = Server::new("meta", "1").prompts_later().resources_later();
    let service = server.build().expect("a server");
    for key in ["a key", "dev.mcp/x"] {
        let refused = [
            service.add_tool(Tool::new("thing", async || "text").meta(key, 1)),
            service.add_prompt(Prompt::new("thing", async || "text").meta(key, 1)),
            service.add_resource(text_resource("test:a").meta(key, 1)),
            service.add_resource_template(template("test:{a}").meta(key, 1)),
        ];
        for refused in refused {
            assert!(
                matches!(refused, Err(BuildError::MetaKey { .. })),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn a_prefix_of_the_protocol_is_for_the_extensions_that_have_it() {
    for (key, is_taken) in [
        ("io.modelcontextprotocol/ui", true),
        ("io.modelcontextprotocol/other", true),
        ("io.modelcontextprotocol.api/x", false),
        ("dev.mcp/x", false),
        ("a key", false),
    ] {
        for server in servers(key) {
            let built = server.extension(Ui::new()).build();
            assert_eq!(built.is_ok(), is_taken, "{key}: {built:?}");
        }
    }
}

/// A `_meta` with every key of both kinds.
fn both() -> Meta {
    let keys = BAD.into_iter().chain(GOOD);
    keys.fold(Meta::new(), |meta, key| meta.with(key, 1))
}

/// Contents of every kind, with something attached to each.
fn contents() -> Vec<Content> {
    let mut inner = ResourceContents::text("test:a", "text");
    inner.meta = Some(both());
    let mut all = vec![
        Content::text("said"),
        Content::image([0], "image/png"),
        Content::audio([0], "audio/wav"),
        Content::ResourceLink(ResourceLink::new("test:a", "a")),
        Content::resource(inner),
    ];
    for content in &mut all {
        match content {
            Content::Text(text) => text.meta = Some(both()),
            Content::Image(image) => image.meta = Some(both()),
            Content::Audio(audio) => audio.meta = Some(both()),
            Content::ResourceLink(link) => link.meta = Some(both()),
            Content::Resource(resource) => resource.meta = Some(both()),
            _ => panic!("another kind"),
        }
    }
    all
}

async fn ask(cx: Context) -> Result<String> {
    let mut message = SamplingMessage::user("hello");
    message.meta = Some(both());
    let types::SamplingContent::Text(text) = &mut message.content[0] else {
        panic!("a text");
    };
    text.meta = Some(both());
    let question = prompt_of("first").message(message);
    Ok(cx.sample("model", question).await?.model)
}

/// A server whose handlers attach both kinds of keys to all that they say.
fn service() -> Service {
    let server = Server::new("meta", "1")
        .tool(Tool::new("thing", async || {
            let mut result = ToolResult::new(contents());
            result.meta = Some(both());
            result
        }))
        .tool(Tool::new("nothing_else", async || {
            let mut result = ToolResult::text("said");
            result.meta = Some(Meta::new().with("a key", 1));
            result
        }))
        .tool(Tool::new("ask", ask))
        .prompt(Prompt::new("thing", async || {
            let messages = contents().into_iter().map(PromptMessage::user);
            let mut result = PromptResult::new(messages.collect());
            result.meta = Some(both());
            result
        }))
        .resource(Resource::new("test:a", "thing", async || {
            let mut contents = ResourceContents::text("test:a", "text");
            contents.meta = Some(both());
            let mut result = ReadResult::new(vec![contents]);
            result.meta = Some(both());
            result
        }));
    server.build().expect("a server")
}

/// Asserts that `message` has this many `_meta`, each with all keys of the good kind and no other.
fn assert_good(message: &Value, count: usize) {
    let mut metas = Vec::new();
    all_of("_meta", message, &mut metas);
    assert_eq!(metas.len(), count, "{message}");
    for meta in metas {
        let keys = meta.as_object().expect("an object").keys();
        // What the protocol itself says in a result.
        let own = |key: &&String| *key != "io.modelcontextprotocol/serverInfo";
        let keys: Vec<_> = keys.filter(own).collect();
        assert_eq!(keys, GOOD, "{message}");
    }
}

#[tokio::test]
async fn what_a_handler_attaches_under_a_key_that_is_none_is_left_out_and_logged() {
    let service = service();
    let (log, _guard) = Log::start();
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        for (method, params, count) in [
            ("tools/call", json!({"name": "thing"}), 7),
            ("prompts/get", json!({"name": "thing"}), 7),
            ("resources/read", json!({"uri": "test:a"}), 2),
        ] {
            assert_good(&ask_one(&service, revision, method, params).await, count);
        }
    }
    let empty = json!({"name": "nothing_else"});
    let answer = ask_one(&service, "2025-11-25", "tools/call", empty).await;
    assert_eq!(answer["result"].get("_meta"), None);
    let log = log.text();
    for key in BAD {
        assert!(log.contains(&format!("key={key:?}")), "{key}: {log}");
    }
}

#[tokio::test]
async fn a_question_to_the_model_has_no_key_that_is_none() {
    let service = service();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let answer = json!({"type": "text", "text": "hi"});
        let response = peer.call("ask", |_| said(&answer)).await;
        assert_eq!(text(&response), "m");
        assert_good(&peer.rounds[0][0]["params"], 2);
    }
}

//! What providers are asked: everything that the protocol can say, as each of them wants it.

use midfield::client::{Asker, Sample as _};
use midfield::host::model::{AllowAll, Models};
use midfield::types::CreateMessage;
use serde_json::{Value, json};

use super::fake::{Api, BOTH, Fake, Reply};
use crate::harness::soon;

/// A request as it comes from a server.
pub(super) fn request(value: Value) -> CreateMessage {
    serde_json::from_value(value).expect("a request")
}

pub(super) fn asker() -> Asker {
    Asker::new("notes")
}

pub(super) fn text(api: Api) -> Reply {
    Reply::stream(match api {
        Api::Anthropic => include_str!("fixtures/anthropic_text.sse"),
        Api::OpenAi => include_str!("fixtures/open_ai_text.sse"),
    })
}

/// What the provider got, which took it, or what the server is told.
async fn sent(api: Api, value: Value) -> Result<Value, String> {
    let fake = Fake::start(api, [text(api)]).await;
    let answer = soon(fake.models().sample(request(value), asker())).await;
    match answer {
        Ok(_) => Ok(fake.asked().remove(0)),
        Err(refusal) => {
            assert_eq!(refusal.error().code.number(), -32602, "{refusal}");
            assert!(fake.asked().is_empty());
            Err(refusal.to_string())
        }
    }
}

fn everything() -> Value {
    json!({
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Which weather?"},
                {"type": "image", "data": "iVBORw==", "mimeType": "image/png"},
            ]},
            {"role": "user", "content": {"type": "text", "text": "In two cities."}},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "1", "name": "get.weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "b 2", "name": "get_weather", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "toolUseId": "1", "content": [
                    {"type": "text", "text": "See:"},
                    {"type": "image", "data": "R0lG", "mimeType": "image/gif"},
                    {"type": "resource_link", "uri": "notes://7", "name": "seven"},
                    {"type": "resource", "resource": {"uri": "notes://8", "text": "eight"}},
                ]},
                {"type": "tool_result", "toolUseId": "b 2", "isError": true, "content": [],
                    "structuredContent": {"code": 7}},
            ]},
            {"role": "assistant", "content": {"type": "tool_use", "id": "1", "name": "get.weather", "input": {"city": "Rome"}}},
            {"role": "user", "content": {"type": "tool_result", "toolUseId": "1", "isError": true, "content": []}},
        ],
        "systemPrompt": "Be brief.",
        "maxTokens": 100,
        "temperature": 1.5,
        "stopSequences": ["END", "\n\n"],
        "metadata": {"user_id": "u-7", "other": 1},
        "tools": [
            {"name": "get.weather", "description": "The weather.",
                "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}}},
            {"name": "get_weather", "inputSchema": {"type": "object"}},
        ],
        "toolChoice": {"mode": "required"},
    })
}

#[tokio::test]
async fn everything_that_can_be_asked_is_put_as_anthropic_wants_it() {
    let sent = sent(Api::Anthropic, everything()).await.expect("it fits");
    let picture = |kind: &str, data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}});
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        sent,
        json!({
            "model": "the-model",
            "max_tokens": 100,
            "stream": true,
            "messages": [
                {"role": "user", "content": [
                    text("Which weather?"), picture("image/png", "iVBORw=="), text("In two cities."),
                ]},
                {"role": "assistant", "content": [
                    text("I look."),
                    {"type": "tool_use", "id": "1", "name": "get_weather_2", "input": {"city": "Paris"}},
                    {"type": "tool_use", "id": "b_2", "name": "get_weather", "input": {}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "1", "content": [
                        text("See:"), picture("image/gif", "R0lG"), text("seven (notes://7)"),
                        text("notes://8:\neight"),
                    ]},
                    {"type": "tool_result", "tool_use_id": "b_2", "is_error": true, "content": [text("{\"code\":7}")]},
                ]},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "1_2", "name": "get_weather_2", "input": {"city": "Rome"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "1_2", "is_error": true,
                        "content": [text("The tool failed and did not say why.")]},
                ]},
            ],
            "system": "Be brief.",
            "temperature": 1.0,
            "stop_sequences": ["END"],
            "tools": [
                {"name": "get_weather_2", "description": "The weather.",
                    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
                {"name": "get_weather", "input_schema": {"type": "object"}},
            ],
            "tool_choice": {"type": "any"},
            "metadata": {"user_id": "u-7"},
        })
    );
}

#[tokio::test]
async fn everything_that_can_be_asked_is_put_as_openai_wants_it() {
    let mut asked = everything();
    let sound = json!({"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"});
    asked["messages"][1]["content"] = json!([{"type": "text", "text": "In two cities."}, sound]);
    let sent = sent(Api::OpenAi, asked).await.expect("it fits");
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let picture = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Which weather?"}, picture("data:image/png;base64,iVBORw=="),
            ]},
            {"role": "user", "content": [
                {"type": "text", "text": "In two cities."},
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            ]},
            {"role": "assistant", "content": "I look.", "tool_calls": [
                call("1", "get_weather_2", r#"{"city":"Paris"}"#), call("b_2", "get_weather", "{}"),
            ]},
            {"role": "tool", "tool_call_id": "1",
                "content": "See:\n(See the picture that follows.)\nseven (notes://7)\nnotes://8:\neight"},
            {"role": "tool", "tool_call_id": "b_2", "content": "The tool failed.\n{\"code\":7}"},
            {"role": "user", "content": [
                {"type": "text", "text": "The picture in the result of the call 1:"},
                picture("data:image/gif;base64,R0lG"),
            ]},
            {"role": "assistant", "tool_calls": [call("1_2", "get_weather_2", r#"{"city":"Rome"}"#)]},
            {"role": "tool", "tool_call_id": "1_2", "content": "The tool failed."},
        ])
    );
    let mut rest = sent;
    rest.as_object_mut().expect("an object").remove("messages");
    assert_eq!(
        rest,
        json!({
            "model": "the-model",
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 100,
            "temperature": 1.5,
            "stop": ["END", "\n\n"],
            "tools": [
                {"type": "function", "function": {"name": "get_weather_2", "description": "The weather.",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
                {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}},
            ],
            "tool_choice": "required",
            "user": "u-7",
        })
    );
}

#[tokio::test]
async fn tool_choices_are_told_where_there_are_tools_alone() {
    for api in BOTH {
        for (mode, anthropic, open_ai) in [
            ("auto", "auto", "auto"),
            ("required", "any", "required"),
            ("none", "none", "none"),
        ] {
            let mut asked = json!({
                "messages": [{"role": "user", "content": {"type": "text", "text": "Hm?"}}],
                "maxTokens": 5,
                "toolChoice": {"mode": mode},
            });
            let plain = sent(api, asked.clone()).await.expect("it fits");
            assert_eq!(plain.get("tool_choice"), None);
            asked["tools"] = json!([{"name": "a", "inputSchema": {"type": "object"}}]);
            let with_tools = sent(api, asked).await.expect("it fits");
            let told = match api {
                Api::Anthropic => json!({"type": anthropic}),
                Api::OpenAi => json!(open_ai),
            };
            assert_eq!(with_tools["tool_choice"], told);
        }
    }
}

#[tokio::test]
async fn what_a_provider_has_no_room_for_is_refused_before_it_is_asked() {
    use Api::{Anthropic, OpenAi};
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    let answered = |content: Value| {
        json!([
            {"role": "user", "content": {"type": "text", "text": "Look."}},
            {"role": "assistant", "content": {"type": "tool_use", "id": "1", "name": "a", "input": {}}},
            {"role": "user", "content": {"type": "tool_result", "toolUseId": "1", "content": [content]}},
        ])
    };
    let sound = |kind: &str| json!({"type": "audio", "data": "AAAA", "mimeType": kind});
    let blob = |kind: &str| json!({"type": "resource", "resource": {"uri": "x:y", "mimeType": kind, "blob": "AAAA"}});
    let tiff = json!({"type": "image", "data": "AAAA", "mimeType": "image/tiff"});
    let both = [Some(Anthropic), Some(OpenAi)];
    for (messages, refused_by, told) in [
        (user(sound("audio/wav")), [Some(Anthropic), None], "a sound"),
        (user(sound("audio/ogg")), both, "a sound"),
        (user(tiff.clone()), both, "\"image/tiff\""),
        (answered(tiff), both, "\"image/tiff\""),
        (answered(sound("audio/wav")), both, "a sound in the result"),
        (
            answered(blob("application/pdf")),
            [Some(OpenAi), None],
            "a PDF",
        ),
        (
            answered(blob("application/zip")),
            both,
            "neither text, picture nor PDF",
        ),
        (
            json!([{"role": "assistant", "content": {"type": "text", "text": "I?"}}]),
            [Some(Anthropic), None],
            "assistant begins",
        ),
        (
            user(json!({"type": "text", "text": ""})),
            [Some(Anthropic), None],
            "says nothing",
        ),
        (user(json!([])), both, "says nothing"),
    ] {
        for api in BOTH {
            let sent = sent(api, json!({"messages": messages, "maxTokens": 5})).await;
            if refused_by.contains(&Some(api)) {
                let refusal = sent.expect_err("no room");
                assert!(refusal.contains(told), "{refusal}");
            } else {
                sent.expect("there is room");
            }
        }
    }
}

#[tokio::test]
async fn a_model_that_has_no_room_is_passed_over() {
    let anthropic = Fake::start(Api::Anthropic, [text(Api::Anthropic)]).await;
    let open_ai = Fake::start(Api::OpenAi, [text(Api::OpenAi)]).await;
    let models = Models::new().approve(AllowAll);
    let models = models.model(anthropic.model()).model(open_ai.model());
    let mut asked = request(json!({
        "messages": [{"role": "user", "content": {"type": "audio", "data": "AAAA", "mimeType": "audio/mpeg"}}],
        "maxTokens": 5,
    }));
    soon(models.sample(asked.clone(), asker()))
        .await
        .expect("an answer");
    assert_eq!((anthropic.asked().len(), open_ai.asked().len()), (0, 1));
    asked.messages = everything()["messages"]
        .as_array()
        .map(|all| serde_json::from_value(json!(all[..1])).expect("messages"))
        .expect("an array");
    soon(models.sample(asked, asker()))
        .await
        .expect("an answer");
    assert_eq!((anthropic.asked().len(), open_ai.asked().len()), (1, 1));
}

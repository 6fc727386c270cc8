//! What providers answer: the same, whole and as a stream, and however the stream is cut.

use midfield::client::Sample as _;
use midfield::host::model::{AllowAll, Models};
use midfield::types::{SampleResult, SamplingContent};
use serde_json::{Value, json};

use super::fake::{Api, BOTH, Fake, Reply, STREAM};
use super::requests::{asker, request};
use crate::harness::soon;

/// A request with the tools that the recorded answers use.
pub(super) fn weather() -> Value {
    json!({
        "messages": [{"role": "user", "content": {"type": "text", "text": "How is it in Paris?"}}],
        "maxTokens": 1000,
        "tools": [
            {"name": "get_weather", "inputSchema": {"type": "object"}},
            {"name": "clock.now", "inputSchema": {"type": "object"}},
        ],
    })
}

pub(super) const fn tools_stream(api: Api) -> &'static str {
    match api {
        Api::Anthropic => include_str!("fixtures/anthropic_tools.sse"),
        Api::OpenAi => include_str!("fixtures/open_ai_tools.sse"),
    }
}

const fn tools_json(api: Api) -> &'static str {
    match api {
        Api::Anthropic => include_str!("fixtures/anthropic_tools.json"),
        Api::OpenAi => include_str!("fixtures/open_ai_tools.json"),
    }
}

pub(super) fn uses(result: &SampleResult) -> Vec<(&str, &str, Value)> {
    let uses = result.content.iter().filter_map(|content| match content {
        SamplingContent::ToolUse(it) => Some((&*it.id, &*it.name, json!(it.input))),
        _ => None,
    });
    uses.collect()
}

/// What the provider's answer comes to.
async fn answer(api: Api, reply: Reply) -> Result<SampleResult, String> {
    let fake = Fake::start(api, [reply]).await;
    let answer = soon(fake.models().sample(request(weather()), asker())).await;
    assert_eq!(fake.asked().len(), 1);
    answer.map_err(|refusal| {
        assert_eq!(refusal.error().code.number(), -32603);
        refusal.to_string()
    })
}

#[tokio::test]
async fn an_answer_is_the_same_whole_and_as_a_stream() {
    for api in BOTH {
        let streamed = answer(api, Reply::stream(tools_stream(api))).await;
        let whole = answer(api, Reply::json(tools_json(api))).await;
        assert_eq!(streamed, whole);
        let result = streamed.expect("an answer");
        assert_eq!(
            result.content[0],
            SamplingContent::text("I look at both: größer?")
        );
        assert_eq!(
            uses(&result),
            [
                ("toolu_01A", "get_weather", json!({"city": "Paris"})),
                ("toolu_01B", "clock.now", json!({})),
            ]
        );
        assert_eq!(result.stop_reason.as_deref(), Some("toolUse"));
        let model = match api {
            Api::Anthropic => "claude-opus-4-5-20251101",
            Api::OpenAi => "gpt-5-mini-2025-08-07",
        };
        assert_eq!(result.model, model);
    }
}

#[tokio::test]
async fn stop_reasons_are_the_protocols_own_or_the_providers() {
    let anthropic = |said: &str| {
        let body =
            json!({"model": "m", "content": [{"type": "text", "text": "x"}], "stop_reason": said});
        Reply::json(body.to_string())
    };
    let open_ai = |said: &str| {
        let body = json!({"choices": [{"message": {"content": "x"}, "finish_reason": said}]});
        Reply::json(body.to_string())
    };
    for (api, said, told) in [
        (Api::Anthropic, "end_turn", "endTurn"),
        (Api::Anthropic, "stop_sequence", "stopSequence"),
        (Api::Anthropic, "max_tokens", "maxTokens"),
        (Api::Anthropic, "refusal", "refusal"),
        (Api::OpenAi, "stop", "endTurn"),
        (Api::OpenAi, "length", "maxTokens"),
        (Api::OpenAi, "content_filter", "content_filter"),
    ] {
        let reply = match api {
            Api::Anthropic => anthropic(said),
            Api::OpenAi => open_ai(said),
        };
        let result = answer(api, reply).await.expect("an answer");
        assert_eq!(result.stop_reason.as_deref(), Some(told));
    }
}

#[tokio::test]
async fn answers_of_lenient_servers_are_read() {
    let read = async |body: Value| answer(Api::OpenAi, Reply::json(body.to_string())).await;
    // Arguments as an object, no ids, no index, `stop` where it is a use of tools, no model.
    let result = read(
        json!({"choices": [{"finish_reason": "stop", "message": {"content": null, "tool_calls": [
            {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}},
            {"id": "", "function": {"name": "get_weather", "arguments": ""}},
        ]}}]}),
    )
    .await
    .expect("an answer");
    let uses = uses(&result);
    assert_eq!(
        (uses[0].2["city"].as_str(), &uses[1].2),
        (Some("Paris"), &json!({}))
    );
    assert!(!uses[0].0.is_empty() && uses[0].0 != uses[1].0, "{uses:?}");
    assert_eq!(result.stop_reason.as_deref(), Some("toolUse"));
    assert_eq!(result.model, "the-model");
    // Nothing said, and a refusal in words of its own.
    let nothing =
        read(json!({"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]})).await;
    assert_eq!(
        nothing.expect("an answer").content,
        [SamplingContent::text("")]
    );
    let refused =
        read(json!({"choices": [{"message": {"refusal": "No."}, "finish_reason": "stop"}]})).await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.content, [SamplingContent::text("No.")]);
    assert_eq!(refused.stop_reason.as_deref(), Some("refusal"));
}

#[tokio::test]
async fn arguments_that_are_no_object_and_answers_that_are_none_are_failures_that_say_so() {
    let call = |arguments: &str, reason: &str| {
        json!({"choices": [{"finish_reason": reason, "message": {"tool_calls": [
            {"id": "1", "function": {"name": "get_weather", "arguments": arguments}}]}}]})
    };
    for (api, body, told) in [
        (
            Api::OpenAi,
            call("[1]", "tool_calls"),
            "arguments that it gives the tool \"get_weather\" are no JSON object",
        ),
        (Api::OpenAi, call("{\"a\":", "tool_calls"), "no JSON object"),
        (
            Api::OpenAi,
            call("{\"a\":", "length"),
            "reached `maxTokens` amid its use of the tool",
        ),
        (Api::OpenAi, json!({"choices": []}), "no choice"),
        (Api::OpenAi, json!("x"), "not as documented"),
        (
            Api::OpenAi,
            json!({"choices": [{"message": {"content": "x"}}]}),
            "why it stopped",
        ),
        (Api::Anthropic, json!({"content": 7}), "not as documented"),
        (Api::Anthropic, json!({"content": []}), "why it stopped"),
        (
            Api::Anthropic,
            json!({"stop_reason": "tool_use", "content": [
            {"type": "tool_use", "id": "1", "name": "get_weather", "input": "Paris"}]}),
            "no JSON object",
        ),
    ] {
        let failure = answer(api, Reply::json(body.to_string())).await;
        let failure = failure.expect_err("a failure");
        assert!(failure.contains(told), "{failure}");
    }
    for api in BOTH {
        let failure = answer(api, Reply::stream("data: {oh\n\n")).await;
        assert!(
            failure
                .expect_err("a failure")
                .contains("not as documented")
        );
        let failure = answer(api, Reply::json("<html>")).await;
        assert!(
            failure
                .expect_err("a failure")
                .contains("not as documented")
        );
    }
    let lost = "data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n";
    let failure = answer(Api::Anthropic, Reply::stream(lost)).await;
    assert!(
        failure
            .expect_err("a failure")
            .contains("belongs to no piece")
    );
}

/// A cut is seen by HTTP where the length was told, and not where the end of the connection is the end of the answer.
#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_a_failure_or_whole() {
    for api in BOTH {
        let stream = tools_stream(api);
        let length = format!("{STREAM}content-length: {}\r\n", stream.len());
        let whole = answer(api, Reply::stream(stream)).await.expect("an answer");
        for (headers, step) in [(STREAM, 1), (&length, 7)] {
            let places = (0..stream.len()).step_by(step);
            let cut = |at| Reply::new("200 OK", headers, &stream.as_bytes()[..at]);
            let fake = Fake::start(api, places.clone().map(cut)).await;
            let models = fake.models();
            for at in places.clone() {
                let answer = soon(models.sample(request(weather()), asker())).await;
                match answer {
                    Ok(answer) => assert_eq!(answer, whole, "{at}"),
                    Err(refusal) => {
                        let told = refusal.to_string();
                        assert!(
                            told.contains("ended before it was whole; ask again"),
                            "{at}: {told}"
                        );
                    }
                }
            }
            assert_eq!(fake.asked().len(), places.len());
        }
    }
}

#[tokio::test]
async fn a_model_that_uses_a_tool_though_it_has_none_is_a_failure() {
    for api in BOTH {
        let fake = Fake::start(api, [Reply::stream(tools_stream(api))]).await;
        let models = Models::new().model(fake.model()).approve(AllowAll);
        let mut asked = request(weather());
        asked.tools.clear();
        let refusal = soon(models.sample(asked, asker()))
            .await
            .expect_err("a failure");
        assert!(
            refusal
                .to_string()
                .contains("uses a tool though it was given none")
        );
    }
}

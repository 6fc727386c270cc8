//! Who may ask a model, for how much, and what is left out.

use std::time::Duration;

use midfield::client::{Asker, Refusal, Sample as _};
use midfield::host::model::{
    AllowAll, Approve, Budget, DenyAll, Limits, Model, Models, Price, Provider, Rules, Scope,
    Scripted, When,
};
use midfield::types::{
    Content, CreateMessage, IncludeContext, Role, SampleResult, SamplingContent, SamplingMessage,
    ToolAnswer,
};
use serde_json::json;

use super::fake::{Api, BOTH, Fake, Reply};
use super::requests::{asker, text};
use crate::harness::soon;

fn question() -> CreateMessage {
    CreateMessage::new(100).message(SamplingMessage::user("Which city?"))
}

fn scripted(script: &Scripted) -> Models {
    Models::new().model(Model::new("m", Provider::own(script.clone())))
}

/// The code and the text of a refusal.
fn told(answer: Result<SampleResult, Refusal>) -> (i32, String) {
    let refusal = answer.expect_err("a refusal");
    (refusal.error().code.number(), refusal.to_string())
}

#[tokio::test]
async fn nobody_is_answered_until_somebody_approves() {
    let script = Scripted::new().says("Paris.");
    let rejected = (-1, "User rejected sampling request".to_owned());
    for models in [
        scripted(&script),
        scripted(&script).approve(DenyAll),
        scripted(&script).approve(Rules::new().allow("maps")),
        scripted(&script).approve(Rules::new().allow_others().deny("notes")),
        scripted(&script).approve(When::new(|request: &CreateMessage, _: &Asker| {
            request.max_tokens < 50
        })),
    ] {
        assert_eq!(told(models.sample(question(), asker()).await), rejected);
    }
    assert!(script.asked().is_empty());
    let models = scripted(&script).approve(Rules::new().allow("notes"));
    assert!(models.sample(question(), asker()).await.is_ok());
}

/// Edits what is asked, and keeps some answers back.
struct Editor;

impl Approve for Editor {
    async fn before(
        &self,
        mut request: CreateMessage,
        _: &Asker,
    ) -> Result<CreateMessage, Refusal> {
        request.system_prompt = Some("Tell no names.".to_owned());
        Ok(request)
    }

    async fn after(
        &self,
        request: &CreateMessage,
        result: SampleResult,
        asker: &Asker,
    ) -> Result<SampleResult, Refusal> {
        assert_eq!(request.system_prompt.as_deref(), Some("Tell no names."));
        if result.content == [SamplingContent::text("Ann")] {
            return Err(Refusal::rejected(format!("not for {}", asker.server)));
        }
        Ok(result)
    }
}

#[tokio::test]
async fn a_request_can_be_edited_and_an_answer_kept_back() {
    let script = Scripted::new().says("Ann").says("Somebody");
    let models = scripted(&script).approve(Editor);
    let kept = models.sample(question(), asker()).await;
    assert_eq!(told(kept), (-1, "not for notes".to_owned()));
    let answer = models.sample(question(), asker()).await.expect("an answer");
    assert_eq!(answer.content, [SamplingContent::text("Somebody")]);
    assert_eq!(
        script.asked()[0].0.system_prompt.as_deref(),
        Some("Tell no names.")
    );
}

#[tokio::test]
async fn conversations_out_of_balance_and_beyond_the_limits_bother_nobody() {
    let script = Scripted::new();
    let never = When::new(|_: &CreateMessage, _: &Asker| panic!("nobody is asked"));
    let models = scripted(&script).approve(never);
    let uses = json!({"type": "tool_use", "id": "1", "name": "a", "input": {}});
    let uses: SamplingContent = serde_json::from_value(uses).expect("content");
    let used = question().message(SamplingMessage::new(Role::Assistant, vec![uses]));
    let result = SamplingContent::ToolResult(ToolAnswer::new("1", vec![Content::text("x")]));
    let mixed = vec![result, SamplingContent::text("and")];
    let mixed = used
        .clone()
        .message(SamplingMessage::new(Role::User, mixed));
    let with_more = |limits: Limits| models.clone().limits(limits);
    for (models, request, code, text) in [
        (
            models.clone(),
            used,
            -32602,
            "Tool result missing in request",
        ),
        (
            models.clone(),
            mixed,
            -32602,
            "Tool results mixed with other content",
        ),
        (models.clone(), CreateMessage::new(5), -32602, "no message"),
        (
            models.clone(),
            CreateMessage::new(0).message(SamplingMessage::user("x")),
            -32602,
            "`maxTokens`",
        ),
        (
            with_more(Limits::new().messages(0)),
            question(),
            -1,
            "at most 0",
        ),
        (
            with_more(Limits::new().bytes(50)),
            question(),
            -1,
            "larger than the 50 bytes",
        ),
    ] {
        let (was, told) = told(models.sample(request, asker()).await);
        assert!(was == code && told.contains(text), "{was} {told}");
    }
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn context_of_servers_is_neither_declared_nor_added() {
    let script = Scripted::new().says("1").says("2");
    let models = scripted(&script).approve(AllowAll);
    assert_eq!(json!(models.capability()), json!({"tools": {}}));
    for context in [IncludeContext::ThisServer, IncludeContext::AllServers] {
        let mut asked = question();
        asked.include_context = Some(context);
        models.sample(asked, asker()).await.expect("an answer");
    }
    assert!(script.asked().iter().all(|(asked, _)| *asked == question()));
}

#[tokio::test]
async fn no_model_writes_more_than_is_asked_for_or_than_it_may() {
    for api in BOTH {
        let fake = Fake::start(api, [text(api)]).await;
        let field = match api {
            Api::Anthropic => "max_tokens",
            Api::OpenAi => "max_completion_tokens",
        };
        let provider = fake.provider().max_completion_tokens();
        let model = Model::new("m", provider).max_tokens(64);
        let models = Models::new().model(model).approve(AllowAll);
        for (asked, sent) in [(50, 50), (500, 64)] {
            let asked = CreateMessage::new(asked).message(SamplingMessage::user("x"));
            soon(models.sample(asked, asker()))
                .await
                .expect("an answer");
            assert_eq!(fake.asked().last().expect("one")[field], sent);
        }
    }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn what_was_spent_is_counted_and_what_was_set_aside_is_freed() {
    for api in BOTH {
        let fake = Fake::start(api, [text(api)]).await;
        let model = fake.model().price(Price::new(10.0, 100.0));
        // Each answer costs 612 tokens: 600 * 10 + 12 * 100 = 7,200 millionths. At most it may cost 100 tokens and what it reads.
        for (budget, what) in [
            (Budget::new(HOUR).tokens(2 * 612 + 100), "tokens"),
            (Budget::new(HOUR).cost(0.014_4 + 0.01), "cost"),
            (Budget::new(HOUR).calls(2), "calls"),
        ] {
            let models = Models::new().model(model.clone()).approve(AllowAll);
            let models = models.budget(Scope::EachServer, budget);
            for _ in 0..2 {
                soon(models.sample(question(), asker()))
                    .await
                    .expect("an answer");
            }
            let (code, told) = told(soon(models.sample(question(), asker())).await);
            assert_eq!(code, -1);
            assert!(told.contains(&format!("this server for {what}")), "{told}");
            assert!(told.contains("free again in"), "{told}");
            let other = soon(models.sample(question(), Asker::new("maps"))).await;
            assert!(other.is_ok(), "{other:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_provider_costs_a_call_and_no_tokens() {
    let fake = Fake::start(
        Api::Anthropic,
        [
            Reply::new(
                "400 Bad Request",
                "",
                r#"{"error":{"type":"invalid_request_error"}}"#,
            ),
            text(Api::Anthropic),
        ],
    )
    .await;
    let budget = Budget::new(HOUR).tokens(200).calls(3);
    let models = fake.models().budget(Scope::Everyone, budget);
    let (code, told) = told(soon(models.sample(question(), asker())).await);
    assert_eq!(code, -32603);
    assert!(
        told.contains("status 400 (invalid_request_error)"),
        "{told}"
    );
    soon(models.sample(question(), asker()))
        .await
        .expect("there is room");
}

#[tokio::test]
async fn a_server_that_asks_for_more_than_the_whole_budget_is_told_so() {
    let script = Scripted::new();
    let models = scripted(&script).approve(AllowAll);
    let models = models.budget(
        Scope::Server("notes".to_owned()),
        Budget::new(HOUR).tokens(99),
    );
    let (_, told) = told(models.sample(question(), asker()).await);
    assert!(
        told.contains("is 99 in 3600 s") && told.ends_with("ask for less"),
        "{told}"
    );
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn what_a_provider_does_not_count_stays_spent() {
    for (api, usages) in [
        (
            Api::OpenAi,
            [json!({}), json!({"completion_tokens": 1}), json!(null)],
        ),
        (
            Api::Anthropic,
            [json!({}), json!({"output_tokens": 1}), json!(null)],
        ),
    ] {
        for usage in usages {
            let body = match api {
                Api::OpenAi => json!({"usage": usage, "choices": [
                    {"message": {"content": "Paris."}, "finish_reason": "stop"}]}),
                Api::Anthropic => json!({"usage": usage, "model": "m", "stop_reason": "end_turn",
                    "content": [{"type": "text", "text": "Paris."}]}),
            };
            let fake = Fake::start(api, [Reply::json(body.to_string())]).await;
            // Each request sets 100 tokens aside, and some more.
            let budget = Budget::new(HOUR).tokens(250);
            let models = fake.models().budget(Scope::Everyone, budget);
            let first = soon(models.sample(question(), asker())).await;
            first.expect("there is room");
            let (code, told) = told(soon(models.sample(question(), asker())).await);
            assert_eq!((code, fake.asked().len()), (-1, 1), "{usage} {told}");
        }
    }
}

#[tokio::test]
async fn a_file_in_a_result_is_set_aside_by_its_size() {
    let uses = json!({"type": "tool_use", "id": "1", "name": "a", "input": {}});
    let uses: SamplingContent = serde_json::from_value(uses).expect("content");
    let ask = |media_type: &str| {
        let blob = "AAAA".repeat(100_000);
        let file = json!({"type": "resource", "resource": {"uri": "a:b", "mimeType": media_type, "blob": blob}});
        let file: Content = serde_json::from_value(file).expect("content");
        let result = SamplingContent::ToolResult(ToolAnswer::new("1", vec![file]));
        question()
            .message(SamplingMessage::new(Role::Assistant, vec![uses.clone()]))
            .message(SamplingMessage::new(Role::User, vec![result]))
    };
    for (media_type, tokens) in [
        ("application/pdf", 100_000),
        ("image/png", 2_000),
        ("audio/wav", 800),
    ] {
        for (budget, is_room) in [(tokens, false), (tokens + 400, true)] {
            let script = Scripted::new().says("1");
            let models = scripted(&script).approve(AllowAll);
            let models = models.budget(Scope::Everyone, Budget::new(HOUR).tokens(budget));
            let answer = models.sample(ask(media_type), asker()).await;
            assert_eq!(answer.is_ok(), is_room, "{media_type} {budget}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_host_without_models_says_so() {
    let models = Models::new().approve(AllowAll);
    let (code, told) = told(models.sample(question(), asker()).await);
    assert!(code == -32603 && told.contains("no model"), "{told}");
}

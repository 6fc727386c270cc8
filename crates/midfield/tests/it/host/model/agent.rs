//! The loop of an agent, as a server would run it: a model that uses tools at once until it has an answer.

use futures_util::future::join_all;
use midfield::client::{Asker, Sample};
use midfield::host::model::{AllowAll, Limits, Model, Models, Provider, Scripted};
use midfield::types::{
    Content, CreateMessage, Role, SampleResult, SamplingContent, SamplingMessage, ToolAnswer,
};
use serde_json::{Map, json};

use super::answers::{tools_stream, uses, weather};
use super::fake::{BOTH, Fake, Reply};
use super::requests::{asker, request, text};
use crate::harness::soon;

/// Asks until the model uses no tool any more. Gives the last answer and how often it was asked.
async fn run(model: &impl Sample, mut request: CreateMessage) -> (SampleResult, usize) {
    for round in 1.. {
        let answer = soon(model.sample(request.clone(), asker()))
            .await
            .expect("an answer");
        let results = uses(&answer).into_iter().map(async |(id, name, input)| {
            let result = format!("{name} of {input}");
            SamplingContent::ToolResult(ToolAnswer::new(id, vec![Content::text(result)]))
        });
        let results = join_all(results).await;
        if results.is_empty() {
            return (answer, round);
        }
        request = request
            .message(SamplingMessage::new(Role::Assistant, answer.content))
            .message(SamplingMessage::new(Role::User, results));
    }
    unreachable!("it is left from within");
}

#[tokio::test]
async fn an_agent_uses_tools_at_once_until_it_has_an_answer() {
    for api in BOTH {
        let round = || Reply::stream(tools_stream(api));
        let fake = Fake::start(api, [round(), round(), text(api)]).await;
        let (answer, rounds) = run(&fake.models(), request(weather())).await;
        assert_eq!(rounds, 3);
        assert_eq!(
            answer.content,
            [SamplingContent::text("18 degrees in Paris.")]
        );
        assert_eq!(answer.stop_reason.as_deref(), Some("endTurn"));
        // The server took all three: every use has its result, though both rounds had the same ids.
        let last = &fake.asked()[2];
        assert!(last.to_string().contains("clock.now of {}"), "{last}");
    }
}

#[tokio::test]
async fn the_loop_of_an_agent_ends_by_the_limit_of_rounds() {
    let used = |rounds: usize| {
        let mut asked = request(weather());
        for _ in 0..rounds {
            let uses = json!({"type": "tool_use", "id": "1", "name": "get_weather", "input": {}});
            let uses = serde_json::from_value(uses).expect("content");
            let result = ToolAnswer::new("1", vec![Content::text("x")]);
            asked = asked
                .message(SamplingMessage::new(Role::Assistant, vec![uses]))
                .message(SamplingMessage::new(
                    Role::User,
                    vec![SamplingContent::ToolResult(result)],
                ));
        }
        asked
    };
    for (limits, most) in [(Limits::new(), 25), (Limits::new().rounds(2), 2)] {
        let script = Scripted::new().says("Done.");
        let model = Model::new("m", Provider::own(script.clone()));
        let models = Models::new().model(model).approve(AllowAll).limits(limits);
        let refused = models
            .sample(used(most + 1), asker())
            .await
            .expect_err("too many");
        assert_eq!(refused.error().code.number(), -1);
        assert!(
            refused
                .to_string()
                .contains(&format!("this client allows {most};")),
            "{refused}"
        );
        assert!(script.asked().is_empty());
        models
            .sample(used(most), asker())
            .await
            .expect("the last one");
    }
}

#[tokio::test]
async fn a_scripted_model_answers_in_order_and_says_when_its_script_has_ended() {
    let mut paris = Map::new();
    paris.insert("city".to_owned(), json!("Paris"));
    let script = Scripted::new()
        .uses([("get_weather", paris.clone()), ("clock.now", Map::new())])
        .says("Fine.");
    let (answer, rounds) = run(&script, request(weather())).await;
    assert_eq!(
        (rounds, answer.content),
        (2, vec![SamplingContent::text("Fine.")])
    );
    let asked = script.asked();
    assert_eq!(asked[0], (request(weather()), Asker::new("notes")));
    assert_eq!(asked[1].0.messages.len(), 3);
    let ended = script
        .sample(request(weather()), asker())
        .await
        .expect_err("no more");
    assert!(
        ended.to_string().contains("ended after 2 answers"),
        "{ended}"
    );
}

//! One assistant for clients of every era, with and without tasks.

use midfield::Client;
use midfield::client::{Error, Speak};
use midfield::types::{SamplingContent, ToolChoiceMode};
use serde_json::json;

use crate::{Advice, LOG, advice, model, over_stdio, reservations};

#[tokio::test]
async fn the_assistant_uses_the_servers_tools_by_the_clients_model_in_both_eras() {
    // In a session over stdio a question does not say which call it belongs to.
    for (speak, on_behalf_of) in [(Speak::Modern, Some("advise")), (Speak::Legacy, None)] {
        let state = tempfile::tempdir().expect("a folder");
        let model = model();
        let client = Client::builder()
            .speak(speak)
            .without_tasks()
            .sampling(model.clone())
            .connect(over_stdio(state.path()))
            .await
            .expect("the example");
        let said: Advice = client
            .call("advise", json!({"question": "Something about the sea?"}))
            .await
            .expect("advice");
        assert_eq!(said, advice());
        assert_eq!(reservations(state.path()), [LOG]);
        let asked = model.asked();
        let [(first, asker), (second, _)] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        assert_eq!(asker.on_behalf_of.as_deref(), on_behalf_of);
        let offered: Vec<&str> = first.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(offered, ["find_books", "is_on_shelf", "reserve"]);
        assert_eq!(
            first.tool_choice.as_ref().and_then(|choice| choice.mode),
            Some(ToolChoiceMode::Auto)
        );
        // Both uses were answered, in one message and in the order in which they were made.
        let results: Vec<_> = second.messages[2].content.iter().collect();
        let [
            SamplingContent::ToolResult(found),
            SamplingContent::ToolResult(reserved),
        ] = results.as_slice()
        else {
            panic!("{results:?}");
        };
        let titles = found.structured_content.as_ref().expect("a structure");
        assert!(titles.as_str().contains(LOG), "{found:?}");
        assert_eq!(
            (found.is_error, reserved.tool_use_id.as_str()),
            (None, "call-2")
        );
        client.close().await;
    }
}

#[tokio::test]
async fn the_assistant_works_as_a_task_in_both_eras() {
    for speak in [Speak::Modern, Speak::Legacy] {
        let state = tempfile::tempdir().expect("a folder");
        let client = Client::builder()
            .speak(speak)
            .sampling(model())
            .connect(over_stdio(state.path()))
            .await
            .expect("the example");
        let task = client
            .call_task("advise", json!({"question": "Something about the sea?"}))
            .await
            .expect("a task");
        assert!(task.answered().is_none(), "it was answered at once");
        let result = task.result().await.expect("a result");
        let said: Advice = result
            .structured_content
            .expect("a structure")
            .read()
            .expect("advice");
        assert_eq!(said, advice());
        assert_eq!(reservations(state.path()), [LOG]);
        client.close().await;
    }
}

#[tokio::test]
async fn a_client_without_a_model_is_told_what_it_lacks() {
    let state = tempfile::tempdir().expect("a folder");
    let client = Client::connect(over_stdio(state.path()))
        .await
        .expect("the example");
    let error = client
        .call_tool("advise", json!({"question": "Which?"}))
        .await
        .expect_err("no model");
    assert!(
        matches!(&error, Error::Refused(refused) if refused.code == MISSING_CAPABILITY),
        "{error}"
    );
    client.close().await;
}

/// What 2026-07-28 has for a capability that the client did not declare.
const MISSING_CAPABILITY: i32 = -32021;

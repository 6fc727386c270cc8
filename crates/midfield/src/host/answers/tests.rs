use midfield_protocol::types::{Action, ElicitResult, Elicitation, Schema};
use serde_json::{Value, json};

use super::{Answers, ScriptedUser};
use crate::client::{AnswerElicitation, Asker, Refusal};

fn form(message: &str, properties: &Value, required: &[&str]) -> Elicitation {
    let schema = json!({"type": "object", "properties": properties, "required": required});
    Elicitation::form(message, Schema::new(schema.as_object().cloned().unwrap()))
}

fn how_much() -> Elicitation {
    let properties = json!({
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "size": {"type": "string", "enum": ["s", "l"], "default": "s"},
    });
    form("How much is it?", &properties, &["count"])
}

fn page(url: &str) -> Elicitation {
    Elicitation::url("Sign in.", url, "1")
}

async fn answered(answers: &Value, elicitation: Elicitation) -> Result<ElicitResult, Refusal> {
    let answers = Answers::read(answers.to_string().as_bytes()).unwrap();
    answers.answer(elicitation, Asker::new("shop")).await
}

fn content(result: ElicitResult) -> Value {
    assert_eq!(result.action, Action::Accept);
    result.content.unwrap().into()
}

#[tokio::test]
async fn the_first_rule_that_is_about_a_form_answers_it() {
    let answers = json!({"rules": [
        {"server": "other", "action": "cancel"},
        {"message": "How many", "action": "cancel"},
        {"server": "shop", "message": "How much", "content": {"count": 3}},
        {"action": "cancel"},
    ]});
    let result = answered(&answers, how_much()).await.unwrap();
    assert_eq!(content(result), json!({"count": 3, "size": "s"}));
}

#[tokio::test]
async fn a_form_without_a_rule_is_filled_in_by_the_names_of_its_fields() {
    let answers = json!({"fields": {"count": 4, "name": "Ada"}});
    let result = answered(&answers, how_much()).await.unwrap();
    assert_eq!(content(result), json!({"count": 4, "size": "s"}));
    for answers in [
        json!({}),
        json!({"fields": {"name": "Ada"}}),
        json!({"fields": {"count": 12}}),
    ] {
        let result = answered(&answers, how_much()).await.unwrap();
        assert_eq!(result, ElicitResult::new(Action::Decline), "{answers}");
    }
}

#[tokio::test]
async fn nothing_is_agreed_to_that_nobody_wrote_down() {
    let answers = json!({"fields": {"count": 4}});
    let consent = form("Delete everything?", &json!({}), &[]);
    let result = answered(&answers, consent).await.unwrap();
    assert_eq!(result.action, Action::Decline);
    let declining = Answers::decline();
    let optional = form("Anything?", &json!({"note": {"type": "string"}}), &[]);
    for asked in [how_much(), optional, page("https://example.com/")] {
        let result = declining.answer(asked, Asker::new("shop")).await.unwrap();
        assert_eq!(result, ElicitResult::new(Action::Decline));
    }
}

#[tokio::test]
async fn no_secret_is_sent_whatever_the_rules_say() {
    let answers =
        json!({"rules": [{"content": {"api_key": "sk-1"}}], "fields": {"api_key": "sk-1"}});
    let asked = form(
        "Key?",
        &json!({"api_key": {"type": "string"}}),
        &["api_key"],
    );
    let result = answered(&answers, asked).await.unwrap();
    assert_eq!(result, ElicitResult::new(Action::Decline));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error_that_does_not_repeat_it() {
    for (value, told) in [
        (json!({"count": 4711}), "`count`: it must be at most 9"),
        (json!({"size": "s"}), "`count`: it is required"),
        (
            json!({"count": 1, "other": 4711}),
            "`other`: the form has no such field",
        ),
    ] {
        let answers = json!({"rules": [{"content": value}]});
        let refusal = answered(&answers, how_much()).await.unwrap_err();
        assert!(refusal.to_string().contains(told), "{refusal}");
        assert!(!refusal.to_string().contains("4711"), "{refusal}");
    }
}

#[tokio::test]
async fn a_page_is_answered_by_its_real_host_alone() {
    let answers = json!({"rules": [{"host": "mcp.example.com"}, {"content": {}}]});
    let action = async |url: &str| answered(&answers, page(url)).await.map(|it| it.action);
    assert_eq!(
        action("https://mcp.example.com/a").await,
        Ok(Action::Accept)
    );
    for other in [
        "https://mcp.example.com.evil.example/",
        "https://mcp.example.com@evil.example/",
        "https://evil.example/mcp.example.com",
    ] {
        assert_eq!(action(other).await, Ok(Action::Decline), "{other}");
    }
    let refusal = action("javascript:alert(1)//mcp.example.com").await;
    assert_eq!(refusal.unwrap_err().error().code.number(), -32602);
    let with_pages = Answers::read(answers.to_string().as_bytes()).unwrap();
    assert!(with_pages.modes().url.is_some());
    assert!(Answers::decline().modes().url.is_none());
}

#[test]
fn a_file_with_what_nobody_reads_is_none() {
    for wrong in [
        "",
        "[1]",
        r#"{"rule": []}"#,
        r#"{"rules": [{"messages": "a"}]}"#,
    ] {
        assert!(Answers::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Answers::read(&vec![b' '; (1 << 20) + 1]).is_err());
}

#[tokio::test]
async fn a_scripted_user_answers_in_order_and_remembers() {
    let filled = json!({"count": 2}).as_object().cloned().unwrap();
    let wrong = json!({"count": 20}).as_object().cloned().unwrap();
    let user = ScriptedUser::new().fill(filled).fill(wrong).cancel();
    let ask = async || user.answer(how_much(), Asker::new("shop")).await;
    assert_eq!(
        content(ask().await.unwrap()),
        json!({"count": 2, "size": "s"})
    );
    assert!(
        ask()
            .await
            .unwrap_err()
            .to_string()
            .contains("does not fit")
    );
    assert_eq!(ask().await.unwrap().action, Action::Cancel);
    assert!(ask().await.unwrap_err().to_string().contains("no further"));
    assert_eq!(user.asked(), vec![(how_much(), Asker::new("shop")); 4]);
}

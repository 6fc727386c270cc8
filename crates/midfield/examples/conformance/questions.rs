//! Tools that ask the client's user and its model while they work.

use std::sync::Arc;

use midfield::prelude::*;
use midfield::server::Form;
use midfield::types::{CreateMessage, SampleResult, SamplingContent, SamplingMessage, Schema};
use serde_json::{Map, Value, json};

#[derive(Deserialize, JsonSchema)]
struct Sampling {
    /// What the model is asked.
    prompt: String,
}

#[derive(Deserialize, JsonSchema)]
struct Asking {
    /// What the user is asked.
    message: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Contact {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

pub(crate) fn tools() -> Result<Vec<Tool>, Box<dyn std::error::Error>> {
    Ok(vec![
        Tool::new("test_sampling", sample)
            .asks(Asks::sampling())
            .description("Asks the client's model."),
        Tool::new("test_elicitation", elicit)
            .asks(Asks::form())
            .form::<Contact>()
            .description("Asks the user."),
        asking("test_elicitation_sep1034_defaults", &defaults())?
            .description("Asks the user, with a default for each kind of field."),
        asking("test_elicitation_sep1330_enums", &choices())?
            .description("Asks the user to choose, in each of the five forms."),
    ])
}

/// The text of what a model answered.
pub(crate) fn text_of(result: &SampleResult) -> String {
    let texts = result.content.iter().filter_map(|content| match content {
        SamplingContent::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect()
}

async fn sample(Args(sampling): Args<Sampling>, cx: Context) -> Result<String> {
    let request = CreateMessage::new(100).message(SamplingMessage::user(sampling.prompt));
    let result = cx.sample("prompt", request).await?;
    Ok(format!("LLM response: {}", text_of(&result)))
}

async fn elicit(Args(asking): Args<Asking>, cx: Context) -> Result<String> {
    let answer = cx.elicit::<Contact>("contact", asking.message).await?;
    Ok(match answer {
        Answer::Accepted(contact) => format!(
            "User response: action: accept, content: {}",
            serde_json::to_string(&contact)?
        ),
        Answer::Declined => "User response: action: decline".to_owned(),
        Answer::Cancelled => "User response: action: cancel".to_owned(),
    })
}

/// A tool that asks for the fields of a hand-written schema.
fn asking(name: &'static str, properties: &Value) -> Result<Tool, Box<dyn std::error::Error>> {
    let schema: Schema =
        serde_json::from_value(json!({ "type": "object", "properties": properties }))?;
    let form = Arc::new(Form::new(&schema)?);
    let handler = move |cx: Context| {
        let form = form.clone();
        async move {
            let answer = cx.elicit_form("fields", "Please fill in", &form).await?;
            Ok::<_, Error>(completed(answer))
        }
    };
    Ok(Tool::new(name, handler).asks(Asks::form()))
}

fn completed(answer: Answer<Map<String, Value>>) -> String {
    let (action, content) = match answer {
        Answer::Accepted(content) => ("accept", Value::Object(content)),
        Answer::Declined => ("decline", Value::Null),
        Answer::Cancelled => ("cancel", Value::Null),
    };
    format!("Elicitation completed: action={action}, content={content}")
}

/// Fields with defaults
/// ([SEP-1034](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema)).
fn defaults() -> Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": {
            "type": "string",
            "enum": ["active", "inactive", "pending"],
            "default": "active",
        },
        "verified": { "type": "boolean", "default": true },
    })
}

/// The forms of a choice
/// ([SEP-1330](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema)).
fn choices() -> Value {
    let titled = json!([
        { "const": "value1", "title": "First Option" },
        { "const": "value2", "title": "Second Option" },
        { "const": "value3", "title": "Third Option" },
    ]);
    json!({
        "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
        "titledSingle": { "type": "string", "oneOf": titled },
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {
            "type": "array",
            "items": { "type": "string", "enum": ["option1", "option2", "option3"] },
        },
        "titledMulti": { "type": "array", "items": { "anyOf": titled } },
    })
}

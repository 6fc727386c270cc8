//! Tools whose questions a client of revision 2026-07-28 answers by repeating its request
//! ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
//!
//! Nothing in them is about that: they ask as any tool does. One takes an answer before it has asked, as the
//! suite sends one without any first round.

use midfield::prelude::*;
use midfield::types::{CreateMessage, Root, SamplingMessage};

use crate::questions::text_of;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    ok: bool,
}

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("test_input_required_result_elicitation", elicitation)
            .asks(Asks::form())
            .form::<Name>()
            .answers_ahead()
            .description("Asks the user's name."),
        Tool::new("test_input_required_result_sampling", sampling)
            .asks(Asks::sampling())
            .description("Asks the client's model."),
        Tool::new("test_input_required_result_list_roots", list_roots)
            .asks(Asks::roots())
            .description("Asks which directories the client works in."),
        Tool::new("test_input_required_result_request_state", request_state)
            .asks(Asks::form())
            .form::<Confirmation>()
            .description("Asks for a confirmation."),
        Tool::new(
            "test_input_required_result_multiple_inputs",
            multiple_inputs,
        )
        .asks(Asks::form().and(Asks::sampling()).and(Asks::roots()))
        .description("Asks three questions at once."),
        Tool::new("test_input_required_result_multi_round", multi_round)
            .asks(Asks::form())
            .form::<Color>()
            .description("Asks one question after another."),
        Tool::new("test_input_required_result_tampered_state", request_state)
            .asks(Asks::form())
            .description("Asks for a confirmation, and for an unchanged state."),
        Tool::new("test_input_required_result_capabilities", capabilities)
            .description("Asks whatever the client can answer."),
    ]
}

async fn elicitation(cx: Context) -> Result<String> {
    let answer = cx.elicit::<Name>("user_name", "What is your name?").await?;
    Ok(match answer.accepted() {
        Some(user) => format!("Hello, {}!", user.name),
        None => "Hello, whoever you are!".to_owned(),
    })
}

async fn sampling(cx: Context) -> Result<String> {
    let request =
        CreateMessage::new(100).message(SamplingMessage::user("What is the capital of France?"));
    let result = cx.sample("capital_question", request).await?;
    Ok(text_of(&result))
}

async fn list_roots(cx: Context) -> Result<String> {
    Ok(named(&cx.roots("client_roots").await?))
}

async fn request_state(cx: Context) -> Result<&'static str> {
    let answer = cx.elicit::<Confirmation>("confirm", "Go on?").await?;
    Ok(match answer.accepted() {
        Some(Confirmation { ok: true }) => "state-ok, and confirmed",
        _ => "state-ok, but not confirmed",
    })
}

async fn multiple_inputs(cx: Context) -> Result<String> {
    let greeting = CreateMessage::new(50).message(SamplingMessage::user("Generate a greeting"));
    let (user, greeting, roots) = tokio::join!(
        cx.elicit::<Name>("user_name", "What is your name?"),
        cx.sample("greeting", greeting),
        cx.roots("client_roots"),
    );
    let name = user?.accepted().map(|user| user.name);
    Ok(format!(
        "{} {}, you work in {}",
        text_of(&greeting?),
        name.as_deref().unwrap_or("stranger"),
        named(&roots?)
    ))
}

async fn multi_round(cx: Context) -> Result<String> {
    let first = cx.elicit::<Name>("step1", "What is your name?").await?;
    let Some(user) = first.accepted() else {
        return Ok("no name, no more questions".to_owned());
    };
    let question = format!("What is your favourite colour, {}?", user.name);
    let second = cx.elicit::<Color>("step2", question).await?;
    let color = second.accepted().map(|answer| answer.color);
    Ok(format!(
        "{} likes {}",
        user.name,
        color.as_deref().unwrap_or("no colour")
    ))
}

async fn capabilities(cx: Context) -> Result<String> {
    let mut asked = Vec::new();
    if cx.capabilities().sampling.is_some() {
        let request = CreateMessage::new(50).message(SamplingMessage::user("Say something"));
        asked.push(text_of(&cx.sample("something", request).await?));
    }
    if cx.capabilities().elicitation.is_some() {
        let answer = cx.elicit::<Name>("user_name", "What is your name?").await?;
        asked.extend(answer.accepted().map(|user| user.name));
    }
    Ok(format!("The client said: {}", asked.join(", ")))
}

fn named(roots: &[Root]) -> String {
    let names = roots
        .iter()
        .map(|root| root.name.as_deref().unwrap_or(&root.uri));
    names.collect::<Vec<_>>().join(", ")
}

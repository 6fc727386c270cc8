//! What a server asks back while it works on a call.

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::{Asker, Error};
use midfield::types::{CreateMessage, Elicitation, SamplingContent};
use serde_json::{Map, json};

use super::peer::{Peer, ROOTS, same, text};
use super::report::{Report, Verdict};

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check("elicitation-form", "a form is filled in", form(peer))
        .await;
    report
        .check("elicitation-form", "a form is declined", declined(peer))
        .await;
    report
        .check(
            "elicitation-form",
            "two forms are filled in, with a state in between",
            twice(peer),
        )
        .await;
    report
        .check("elicitation-url", "a page is agreed to", page(peer))
        .await;
    report
        .check("sampling", "a model is asked", model(peer))
        .await;
    report
        .check(
            "sampling-tools",
            "a model is asked, and uses a tool",
            model_with_tools(peer),
        )
        .await;
    report
        .check("roots", "the roots are listed", roots(peer))
        .await;
    if peer.url.is_some() {
        report
            .check(
                "elicitation-form",
                "a client that nobody answers for is not asked",
                undeclared(peer),
            )
            .await;
    }
}

/// The one question that was asked since the last check, on behalf of this tool.
pub(crate) fn the_question(peer: &Peer, tool: &str) -> Result<Elicitation> {
    let mut asked = peer.person.take_asked();
    let (question, asker) = asked.pop().context("nobody was asked")?;
    ensure!(asked.is_empty(), "more was asked: {asked:?}");
    must_be_for(&asker, tool)?;
    Ok(question)
}

/// Where it is known for which call something is asked, it is for this one.
fn must_be_for(asker: &Asker, tool: &str) -> Result<()> {
    ensure!(!asker.server.is_empty());
    match &asker.on_behalf_of {
        Some(name) => same(name.as_str(), tool),
        None => Ok(()),
    }
}

async fn form(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    same(
        peer.text("ask_name", json!({})).await?.as_str(),
        "hello Ada",
    )?;
    match the_question(peer, "ask_name")? {
        Elicitation::Form { message, .. } => same(message.as_str(), "What is your name?")?,
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn declined(peer: &Peer) -> Result<Verdict> {
    peer.person.decline_next();
    same(peer.text("ask_name", json!({})).await?.as_str(), "decline")?;
    peer.person.take_asked();
    Ok(Verdict::Passed)
}

async fn twice(peer: &Peer) -> Result<Verdict> {
    same(
        peer.text("ask_twice", json!({})).await?.as_str(),
        "Ada likes blue",
    )?;
    same(peer.person.take_asked().len(), 2)?;
    Ok(Verdict::Passed)
}

async fn page(peer: &Peer) -> Result<Verdict> {
    same(peer.text("ask_page", json!({})).await?.as_str(), "accept")?;
    match the_question(peer, "ask_page")? {
        Elicitation::Url { url, message, .. } => {
            same(url.as_str(), "https://example.com/sign-in")?;
            same(message.as_str(), "Please sign in")?;
        }
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

/// What the model was asked last, on behalf of this tool.
fn the_request(peer: &Peer, tool: &str) -> Result<CreateMessage> {
    let asked = peer.model.asked().pop();
    let (request, asker) = asked.context("the model was not asked")?;
    must_be_for(&asker, tool)?;
    Ok(request)
}

async fn model(peer: &Peer) -> Result<Verdict> {
    drop(peer.model.clone().says("Paris"));
    same(peer.text("ask_model", json!({})).await?.as_str(), "Paris")?;
    let request = the_request(peer, "ask_model")?;
    same(request.max_tokens, 100)?;
    let question = &request.messages.first().context("no message")?.content;
    match question.as_slice() {
        [SamplingContent::Text(text)] => {
            same(text.text.as_str(), "What is the capital of France?")?;
        }
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn model_with_tools(peer: &Peer) -> Result<Verdict> {
    let input = Map::from_iter([("what".to_owned(), json!("France"))]);
    drop(peer.model.clone().uses([("look_up", input)]));
    let said = peer.text("ask_model_with_tools", json!({})).await?;
    same(said.as_str(), "toolUse look_up")?;
    let request = the_request(peer, "ask_model_with_tools")?;
    same(request.tools.len(), 1)?;
    ensure!(request.tool_choice.is_some(), "{request:?}");
    Ok(Verdict::Passed)
}

async fn roots(peer: &Peer) -> Result<Verdict> {
    same(peer.text("list_roots", json!({})).await?, ROOTS.join(","))?;
    Ok(Verdict::Passed)
}

/// A server must not ask for what the client does not declare. One that does all the same gets a refusal.
async fn undeclared(peer: &Peer) -> Result<Verdict> {
    let url = peer.url.as_deref().context("there is no address")?;
    let bare = peer.another(url.try_into()?).await?;
    let answer = bare.call_tool("ask_name", json!({})).await;
    bare.close().await;
    match answer {
        Ok(result) if result.is_error => Ok(Verdict::Passed),
        Ok(result) => {
            same(text(&result)?.as_str(), "decline")?;
            peer.deviates("asks-undeclared", "it asked")
        }
        Err(Error::Refused(_)) => Ok(Verdict::Passed),
        Err(error) => Err(error.into()),
    }
}

//! `@modelcontextprotocol/server-everything`, which has tools of its own.

use std::future::IntoFuture as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::Reference;
use midfield::types::{Content, Elicitation, Progress, SamplingContent};
use serde::Deserialize;
use serde_json::json;

use super::data::{not_found, read_text};
use super::peer::{Heard, Peer, ROOTS, refusal, same, soon};
use super::questions::the_question;
use super::report::{ALWAYS, Report, Verdict};

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(
            ALWAYS,
            "tools that depend on the client come late",
            late_tools(peer),
        )
        .await;
    report
        .check(ALWAYS, "a text comes back as it was sent", echo(peer))
        .await;
    report
        .check(
            "structured",
            "a structured result is read into a type",
            structured(peer),
        )
        .await;
    report
        .check("content", "each kind of content is read", contents(peer))
        .await;
    report
        .check(ALWAYS, "a tool that is not there is refused", unknown(peer))
        .await;
    report
        .check(
            "progress",
            "progress is heard, each step beyond the last",
            progress(peer),
        )
        .await;
    report
        .check(
            ALWAYS,
            "a dropped call ends at once, and the server can be used after it",
            dropped(peer),
        )
        .await;
    report
        .check(
            "elicitation-form",
            "a form with every kind of field is filled in by its defaults",
            form(peer),
        )
        .await;
    report
        .check("elicitation-url", "a page is agreed to", page(peer))
        .await;
    report
        .check("sampling", "a model is asked", model(peer))
        .await;
    report
        .check("roots", "the roots are listed", roots(peer))
        .await;
    report
        .check(
            "resources",
            "resources are listed, and each is read",
            resources(peer),
        )
        .await;
    report
        .check(
            "resources",
            "a resource that is not there is refused",
            not_found(peer, "demo://nothing"),
        )
        .await;
    report
        .check(
            "templates",
            "templates are listed, and one is read",
            template(peer),
        )
        .await;
    report
        .check("prompts", "prompts are listed and filled in", prompts(peer))
        .await;
    report
        .check(
            "completion",
            "an argument is completed, as another was chosen",
            completed(peer),
        )
        .await;
}

/// They come after the handshake, each with a notification.
async fn late_tools(peer: &Peer) -> Result<Verdict> {
    let find = async {
        loop {
            let tools = peer.client.tools().await?;
            if tools
                .iter()
                .any(|tool| tool.name == "trigger-sampling-request")
            {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("a tool", find).await??;
    peer.deviates("late-tools", "tools came after the handshake")
}

async fn echo(peer: &Peer) -> Result<Verdict> {
    let said = "grüße, 世界 🦀\n\"twice\"";
    same(
        peer.text("echo", json!({"message": said})).await?,
        format!("Echo: {said}"),
    )?;
    Ok(Verdict::Passed)
}

async fn structured(peer: &Peer) -> Result<Verdict> {
    #[derive(Debug, Deserialize)]
    struct Weather {
        temperature: f64,
        conditions: String,
    }
    let call = peer
        .client
        .call("get-structured-content", json!({"location": "Chicago"}));
    let weather: Weather = call.await?;
    same(weather.temperature, 36.0)?;
    same(weather.conditions.as_str(), "Light rain / drizzle")?;
    Ok(Verdict::Passed)
}

async fn contents(peer: &Peer) -> Result<Verdict> {
    let message = json!({"messageType": "error", "includeImage": true});
    let result = peer
        .client
        .call_tool("get-annotated-message", message)
        .await?;
    match result.content.as_slice() {
        [Content::Text(text), Content::Image(image)] => {
            let annotations = text.annotations.clone().unwrap_or_default();
            same(
                (annotations.priority, annotations.audience.len()),
                (Some(1.0), 2),
            )?;
            same(image.mime_type.as_str(), "image/png")?;
        }
        other => bail!("{other:?}"),
    }
    let result = peer
        .client
        .call_tool("get-resource-links", json!({"count": 2}))
        .await?;
    let links = result.content.iter().filter_map(|content| match content {
        Content::ResourceLink(link) => Some(link.uri.clone()),
        _ => None,
    });
    let dynamic = [
        "demo://resource/dynamic/blob/1",
        "demo://resource/dynamic/text/2",
    ];
    same(
        links.collect::<Vec<_>>(),
        dynamic.map(str::to_owned).to_vec(),
    )?;
    let reference = json!({"resourceType": "Blob", "resourceId": 1});
    let result = peer
        .client
        .call_tool("get-resource-reference", reference)
        .await?;
    let is_embedded = |content: &Content| matches!(content, Content::Resource(embedded) if embedded.resource.blob.is_some());
    ensure!(
        result.content.iter().any(is_embedded),
        "{:?}",
        result.content
    );
    Ok(Verdict::Passed)
}

async fn unknown(peer: &Peer) -> Result<Verdict> {
    match peer.client.call_tool("no-such-tool", json!({})).await {
        Ok(result) if result.is_error => {
            peer.deviates("unknown-tool-as-result", "it gives a result")
        }
        answer => {
            same(refusal(answer)?, super::calls::INVALID_PARAMS)?;
            Ok(Verdict::Passed)
        }
    }
}

async fn progress(peer: &Peer) -> Result<Verdict> {
    let heard = Heard::new();
    let arguments = json!({"duration": 0.2, "steps": 4});
    let call = peer
        .client
        .call_tool("trigger-long-running-operation", arguments);
    call.on_progress(heard.add()).await?;
    let heard: Vec<Progress> = heard.all();
    let steps: Vec<f64> = heard.iter().map(|it| it.progress).collect();
    same(steps, vec![1.0, 2.0, 3.0, 4.0])?;
    Ok(Verdict::Passed)
}

async fn dropped(peer: &Peer) -> Result<Verdict> {
    let arguments = json!({"duration": 60, "steps": 1});
    let call = peer
        .client
        .call_tool("trigger-long-running-operation", arguments);
    let ended = tokio::time::timeout(Duration::from_millis(300), call.into_future()).await;
    ensure!(ended.is_err(), "it has ended: {ended:?}");
    soon("an answer", peer.text("echo", json!({"message": "after"}))).await??;
    Ok(Verdict::Passed)
}

/// The texts of a result, one after the other.
async fn texts(peer: &Peer, tool: &str, arguments: serde_json::Value) -> Result<String> {
    let result = peer.client.call_tool(tool, arguments).await?;
    ensure!(!result.is_error, "{result:?}");
    let texts = result.content.iter().filter_map(|content| match content {
        Content::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    Ok(texts.collect::<Vec<_>>().join("\n"))
}

async fn form(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    let said = texts(peer, "trigger-elicitation-request", json!({})).await?;
    the_question(peer, "trigger-elicitation-request")?;
    for part in [
        "Name: Ada",
        "Agreed to terms: true",
        "Favorite Integer: 42",
        "Favorite Number: 3.14",
        "\"fish-1\"",
        "\"pet-1\"",
        "\"hero-1\"",
        "dark and stormy",
    ] {
        ensure!(said.contains(part), "{part} is not in {said}");
    }
    Ok(Verdict::Passed)
}

async fn page(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    let arguments = json!({"url": "https://example.com/sign-in", "message": "Please sign in", "elicitationId": "page-1"});
    let said = texts(peer, "trigger-url-elicitation", arguments).await?;
    ensure!(
        said.contains("completed the URL elicitation flow"),
        "{said}"
    );
    match the_question(peer, "trigger-url-elicitation")? {
        Elicitation::Url {
            url,
            elicitation_id,
            ..
        } => {
            same(url.as_str(), "https://example.com/sign-in")?;
            same(elicitation_id.as_str(), "page-1")?;
        }
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn model(peer: &Peer) -> Result<Verdict> {
    drop(peer.model.clone().says("Paris"));
    let arguments = json!({"prompt": "What is the capital of France?", "maxTokens": 100});
    let said = peer.text("trigger-sampling-request", arguments).await?;
    ensure!(said.contains("Paris") && said.contains("endTurn"), "{said}");
    let (request, _) = peer
        .model
        .asked()
        .pop()
        .context("the model was not asked")?;
    same(request.temperature, Some(0.7))?;
    same(
        request.system_prompt.as_deref(),
        Some("You are a helpful test server."),
    )?;
    let message = request.messages.first().context("there is no message")?;
    match message.content.as_slice() {
        [SamplingContent::Text(text)] => ensure!(text.text.ends_with("of France?")),
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn roots(peer: &Peer) -> Result<Verdict> {
    let said = peer.text("get-roots-list", json!({})).await?;
    for root in ROOTS {
        ensure!(said.contains(root), "{root} is not in {said}");
    }
    Ok(Verdict::Passed)
}

async fn resources(peer: &Peer) -> Result<Verdict> {
    let resources = peer.client.resources().await?;
    ensure!(resources.len() > 1, "there are {}", resources.len());
    for resource in resources.iter() {
        ensure!(!read_text(peer, &resource.uri).await?.is_empty());
    }
    Ok(Verdict::Passed)
}

async fn template(peer: &Peer) -> Result<Verdict> {
    same(peer.client.resource_templates().await?.len(), 2)?;
    let said = read_text(peer, "demo://resource/dynamic/text/7").await?;
    ensure!(said.starts_with("Resource 7:"), "{said}");
    let read = peer
        .client
        .read_resource("demo://resource/dynamic/blob/7")
        .await?;
    ensure!(read.contents.first().is_some_and(|it| it.blob.is_some()));
    Ok(Verdict::Passed)
}

async fn prompts(peer: &Peer) -> Result<Verdict> {
    same(peer.client.prompts().await?.len(), 4)?;
    let prompt = peer
        .client
        .get_prompt_with("args-prompt", [("city", "Bern")])
        .await?;
    match prompt.messages.first().map(|it| &it.content) {
        Some(Content::Text(text)) => same(text.text.as_str(), "What's weather in Bern?")?,
        other => bail!("{other:?}"),
    }
    same(
        peer.client
            .get_prompt("simple-prompt")
            .await?
            .messages
            .len(),
        1,
    )?;
    Ok(Verdict::Passed)
}

async fn completed(peer: &Peer) -> Result<Verdict> {
    let prompt = || Reference::Prompt {
        name: "completable-prompt".into(),
    };
    let completion = peer.client.complete(prompt(), "department", "M").await?;
    same(completion.values, vec!["Marketing".to_owned()])?;
    let chosen = [("department", "Sales")];
    let completion = peer
        .client
        .complete_with(prompt(), "name", "E", chosen)
        .await?;
    same(completion.values, vec!["Eve".to_owned()])?;
    Ok(Verdict::Passed)
}

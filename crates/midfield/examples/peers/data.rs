//! Resources, templates, prompts, completion.

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::Reference;
use midfield::types::Content;

use super::calls::{INVALID_PARAMS, PIXEL};
use super::peer::{Peer, refusal, same};
use super::report::{Report, Verdict};

/// What `touch` changes.
pub(crate) const COUNTER: &str = "memo://counter";

/// JSON-RPC's "internal error".
const INTERNAL_ERROR: i32 = -32603;

/// [2025-11-25, resources](https://modelcontextprotocol.io/specification/2025-11-25/server/resources#error-handling).
pub(crate) const NOT_FOUND: i32 = -32002;

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check("resources", "resources are listed", listed(peer))
        .await;
    report
        .check("resources", "a text is read", text(peer))
        .await;
    report
        .check("resources", "bytes are read", bytes(peer))
        .await;
    report
        .check(
            "resources",
            "a resource that is not there is refused",
            not_found(peer, "memo://nothing"),
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
        .check("prompts", "prompts are listed", prompts(peer))
        .await;
    report
        .check("prompts", "a prompt is filled in", filled(peer))
        .await;
    report
        .check("prompts", "a prompt shows a picture", picture(peer))
        .await;
    report
        .check(
            "prompts",
            "a prompt without its argument is refused",
            incomplete(peer),
        )
        .await;
    report
        .check("completion", "an argument is completed", completed(peer))
        .await;
}

async fn listed(peer: &Peer) -> Result<Verdict> {
    let resources = peer.client.resources().await?;
    for uri in [COUNTER, "memo://pixel"] {
        ensure!(
            resources.iter().any(|it| it.uri == uri),
            "{uri} is not among them"
        );
    }
    Ok(Verdict::Passed)
}

/// The text of the only contents at `uri`.
pub(crate) async fn read_text(peer: &Peer, uri: &str) -> Result<String> {
    let read = peer.client.read_resource(uri).await?;
    let [contents] = read.contents.as_slice() else {
        bail!("{:?}", read.contents);
    };
    same(contents.uri.as_str(), uri)?;
    contents.text.clone().context("it is no text")
}

async fn text(peer: &Peer) -> Result<Verdict> {
    let _: u64 = read_text(peer, COUNTER).await?.parse()?;
    Ok(Verdict::Passed)
}

async fn bytes(peer: &Peer) -> Result<Verdict> {
    let read = peer.client.read_resource("memo://pixel").await?;
    let contents = read.contents.first().context("there are none")?;
    same(contents.blob.as_deref(), Some(PIXEL))?;
    same(contents.mime_type.as_deref(), Some("image/png"))?;
    Ok(Verdict::Passed)
}

pub(crate) async fn not_found(peer: &Peer, uri: &str) -> Result<Verdict> {
    let code = refusal(peer.client.read_resource(uri).await)?;
    if !peer.is_modern() && code == INVALID_PARAMS {
        return peer.deviates("not-found-code", "the code is -32602");
    }
    same(
        code,
        if peer.is_modern() {
            INVALID_PARAMS
        } else {
            NOT_FOUND
        },
    )?;
    Ok(Verdict::Passed)
}

async fn template(peer: &Peer) -> Result<Verdict> {
    let templates = peer.client.resource_templates().await?;
    same(
        templates.first().map(|it| it.uri_template.as_str()),
        Some("memo://note/{name}"),
    )?;
    same(
        read_text(peer, "memo://note/Berlin").await?.as_str(),
        "a note on Berlin",
    )?;
    Ok(Verdict::Passed)
}

async fn prompts(peer: &Peer) -> Result<Verdict> {
    let prompts = peer.client.prompts().await?;
    let mut names: Vec<&str> = prompts.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    same(names, vec!["greet", "picture"])?;
    Ok(Verdict::Passed)
}

async fn filled(peer: &Peer) -> Result<Verdict> {
    let prompt = peer
        .client
        .get_prompt_with("greet", [("city", "Bern")])
        .await?;
    match prompt.messages.first().map(|it| &it.content) {
        Some(Content::Text(text)) => same(text.text.as_str(), "Greet Bern")?,
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn picture(peer: &Peer) -> Result<Verdict> {
    let prompt = peer.client.get_prompt("picture").await?;
    match prompt.messages.first().map(|it| &it.content) {
        Some(Content::Image(image)) => same(image.data.as_str(), PIXEL)?,
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn incomplete(peer: &Peer) -> Result<Verdict> {
    let code = refusal(peer.client.get_prompt("greet").await)?;
    if code == INTERNAL_ERROR {
        return peer.deviates("prompt-error-code", "the code is -32603");
    }
    same(code, INVALID_PARAMS)?;
    Ok(Verdict::Passed)
}

async fn completed(peer: &Peer) -> Result<Verdict> {
    let prompt = Reference::Prompt {
        name: "greet".into(),
    };
    let completion = peer.client.complete(prompt, "city", "B").await?;
    same(
        completion.values,
        ["Berlin", "Bern", "Bremen"].map(str::to_owned).to_vec(),
    )?;
    let template = Reference::Resource {
        uri: "memo://note/{name}".into(),
    };
    let completion = peer.client.complete(template, "name", "P").await?;
    same(completion.values, vec!["Paris".to_owned()])?;
    Ok(Verdict::Passed)
}

//! Tools: listed, called, failing, reporting, cancelled.

use std::future::IntoFuture as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use midfield::client::Error;
use midfield::types::{Content, LogLevel, Progress};
use serde::Deserialize;
use serde_json::{Value, json};

use super::peer::{Heard, Peer, refusal, same, text};
use super::report::{ALWAYS, Report, Verdict};

/// A picture of one pixel, which all servers have.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// JSON-RPC's "invalid params".
pub(crate) const INVALID_PARAMS: i32 = -32602;

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(ALWAYS, "the server says what it is", async {
            described(peer)
        })
        .await;
    report
        .check(ALWAYS, "the server is there", there(peer))
        .await;
    report
        .check("pages", "tools are listed over several pages", pages(peer))
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
    report.check("audio", "a sound is read", sound(peer)).await;
    report
        .check(ALWAYS, "a tool that fails says so", fails(peer))
        .await;
    report
        .check(ALWAYS, "a tool that is not there is refused", unknown(peer))
        .await;
    report
        .check(
            ALWAYS,
            "arguments that do not fit are refused",
            misfit(peer),
        )
        .await;
    report
        .check(
            "progress",
            "progress is heard, each step beyond the last",
            progress(peer),
        )
        .await;
    report
        .check(ALWAYS, "many calls at once are told apart", at_once(peer))
        .await;
    report
        .check(
            "cancel",
            "a dropped call ends at once, and the server can be used after it",
            dropped(peer),
        )
        .await;
    report
        .check(
            "cancel",
            "a call that takes too long is given up",
            too_long(peer),
        )
        .await;
    report
        .check(
            "logging",
            "lines of the log are heard from their level on",
            logging(peer),
        )
        .await;
    report
        .check(
            "header",
            "an argument is repeated in a header",
            header(peer),
        )
        .await;
}

fn described(peer: &Peer) -> Result<Verdict> {
    let server = peer.client.server();
    same(server.instructions.as_deref(), Some("Call `echo` first."))?;
    ensure!(
        server
            .implementation
            .is_some_and(|it| it.name.ends_with("-peer"))
    );
    Ok(Verdict::Passed)
}

async fn there(peer: &Peer) -> Result<Verdict> {
    peer.client.ping().await?;
    Ok(Verdict::Passed)
}

async fn pages(peer: &Peer) -> Result<Verdict> {
    let tools = peer.client.tools().await?;
    // Pages have five.
    ensure!(tools.len() >= 16, "there are only {}", tools.len());
    for name in ["echo", "touch"] {
        same(tools.iter().filter(|tool| tool.name == name).count(), 1)?;
    }
    Ok(Verdict::Passed)
}

async fn echo(peer: &Peer) -> Result<Verdict> {
    let said = "grüße, 世界 🦀\n\"twice\" \\u0041 \u{7f}";
    same(
        peer.text("echo", json!({"text": said})).await?.as_str(),
        said,
    )?;
    Ok(Verdict::Passed)
}

async fn structured(peer: &Peer) -> Result<Verdict> {
    #[derive(Debug, Deserialize)]
    struct Sum {
        total: f64,
    }
    let sum: Sum = peer
        .client
        .call("add", json!({"a": 5300, "b": 17.5}))
        .await?;
    same(sum.total, 5317.5)?;
    Ok(Verdict::Passed)
}

async fn contents(peer: &Peer) -> Result<Verdict> {
    let result = peer.client.call_tool("contents", json!({})).await?;
    let mut seen = Vec::new();
    for content in &result.content {
        seen.push(match content {
            Content::Text(text) => {
                let annotations = text.annotations.clone().unwrap_or_default();
                same(annotations.priority, Some(0.5))?;
                format!("text {}", text.text)
            }
            Content::Image(image) => {
                same(image.data.as_str(), PIXEL)?;
                format!("image {}", image.mime_type)
            }
            Content::Audio(_) => continue,
            Content::ResourceLink(link) => format!("link {}", link.uri),
            Content::Resource(embedded) => {
                format!(
                    "resource {}",
                    embedded.resource.text.as_deref().unwrap_or_default()
                )
            }
            other => bail!("what is {other:?}?"),
        });
    }
    let expected = [
        "text text",
        "image image/png",
        "link memo://counter",
        "resource embedded",
    ];
    same(seen, expected.map(str::to_owned).to_vec())?;
    Ok(Verdict::Passed)
}

async fn sound(peer: &Peer) -> Result<Verdict> {
    let result = peer.client.call_tool("contents", json!({})).await?;
    let is_sound = |it: &Content| matches!(it, Content::Audio(audio) if audio.mime_type == "audio/wav" && audio.data.starts_with("UklGR"));
    ensure!(
        result.content.iter().any(is_sound),
        "none among {:?}",
        result.content
    );
    Ok(Verdict::Passed)
}

async fn fails(peer: &Peer) -> Result<Verdict> {
    let result = peer.client.call_tool("fail", json!({})).await?;
    ensure!(result.is_error, "{result:?}");
    match peer.client.call::<Value>("fail", json!({})).await {
        Err(Error::Tool(result)) => match result.content.as_slice() {
            [Content::Text(text)] => same(text.text.as_str(), "this tool always fails")?,
            other => bail!("{other:?}"),
        },
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

/// [2026-07-28, error handling](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#error-handling).
async fn unknown(peer: &Peer) -> Result<Verdict> {
    match peer.client.call_tool("no_such_tool", json!({})).await {
        Ok(result) if result.is_error => {
            peer.deviates("unknown-tool-as-result", "it gives a result")
        }
        answer => {
            same(refusal(answer)?, INVALID_PARAMS)?;
            Ok(Verdict::Passed)
        }
    }
}

/// A result that says so, or an error: revisions differ.
async fn misfit(peer: &Peer) -> Result<Verdict> {
    match peer.client.call_tool("echo", json!({})).await {
        Ok(result) => ensure!(result.is_error, "{result:?}"),
        answer => same(refusal(answer)?, INVALID_PARAMS)?,
    }
    Ok(Verdict::Passed)
}

async fn progress(peer: &Peer) -> Result<Verdict> {
    let heard = Heard::new();
    let call = peer.client.call_tool("progress", json!({"steps": 5}));
    let result = call.on_progress(heard.add()).await?;
    same(text(&result)?.as_str(), "done")?;
    let heard: Vec<Progress> = heard.all();
    let steps: Vec<f64> = heard.iter().map(|it| it.progress).collect();
    same(steps, vec![1.0, 2.0, 3.0, 4.0, 5.0])?;
    ensure!(
        heard
            .iter()
            .all(|it| it.total == Some(5.0) && it.message.is_some()),
        "{heard:?}"
    );
    Ok(Verdict::Passed)
}

async fn at_once(peer: &Peer) -> Result<Verdict> {
    let calls = (0..20).map(|number| async move {
        let said = peer
            .text("echo", json!({"text": format!("call {number}")}))
            .await?;
        same(said, format!("call {number}"))
    });
    futures_util::future::try_join_all(calls).await?;
    Ok(Verdict::Passed)
}

async fn dropped(peer: &Peer) -> Result<Verdict> {
    let begin = Instant::now();
    let call = peer.client.call_tool("slow", json!({"ms": 60_000}));
    let ended = tokio::time::timeout(Duration::from_millis(300), call.into_future()).await;
    ensure!(ended.is_err(), "it has ended: {ended:?}");
    same(
        peer.text("echo", json!({"text": "after"})).await?.as_str(),
        "after",
    )?;
    ensure!(
        begin.elapsed() < Duration::from_secs(10),
        "took {:?}",
        begin.elapsed()
    );
    Ok(Verdict::Passed)
}

async fn too_long(peer: &Peer) -> Result<Verdict> {
    let call = peer.client.call_tool("slow", json!({"ms": 60_000}));
    match call.timeout(Duration::from_millis(300)).await {
        Err(Error::Timeout { method, .. }) => same(method.as_str(), "tools/call")?,
        other => bail!("{other:?}"),
    }
    same(peer.text("slow", json!({"ms": 1})).await?.as_str(), "done")?;
    Ok(Verdict::Passed)
}

async fn logging(peer: &Peer) -> Result<Verdict> {
    peer.forget_lines().await;
    for (level, text) in [("info", "heard"), ("debug", "not heard"), ("error", "last")] {
        peer.text("log", json!({"level": level, "text": text}))
            .await?;
    }
    let (first, second) = (peer.line().await?, peer.line().await?);
    same(
        (first.level, second.level),
        (LogLevel::Info, LogLevel::Error),
    )?;
    let said: Value = first.data.read()?;
    if said["msg"] == "heard" {
        return peer.deviates("log-data-wrapped", "what is said is within an object");
    }
    same(said, json!("heard"))?;
    same(first.logger.as_deref(), Some("servers"))?;
    Ok(Verdict::Passed)
}

/// The server compares the header with the argument, in the modern era over HTTP.
async fn header(peer: &Peer) -> Result<Verdict> {
    // What a header cannot hold as it is goes in base64.
    for region in ["eu-west", "Köln", " padded ", "=?base64?eA==?="] {
        let said = peer.text("region", json!({"region": region})).await?;
        same(said, format!("region {region}"))?;
    }
    Ok(Verdict::Passed)
}

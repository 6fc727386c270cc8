//! Connections that break, over HTTP.

use std::future::IntoFuture as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use midfield::Client;
use midfield::client::Error;
use serde_json::{Value, json};

use super::peer::{Peer, same, text};
use super::relay::Relay;
use super::report::{ALWAYS, Report, Verdict};

/// How long it takes until a call is cut off.
const BEFORE: Duration = Duration::from_millis(300);

/// How long a call takes that is over when its stream is resumed, and one that is not: servers let clients wait up to 3 s.
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_millis(4_500);

/// How long the result of a call may take that was cut off.
const RESUME_LIMIT: Duration = Duration::from_secs(7);

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    let Some(url) = peer.url.as_deref() else {
        return;
    };
    report
        .check(
            ALWAYS,
            "what only reads is sent again over a new connection",
            again(peer, url),
        )
        .await;
    if peer.is_modern() {
        report
            .check(
                ALWAYS,
                "a call that is cut off is not made twice unless it may be",
                not_twice(peer, url),
            )
            .await;
        return;
    }
    if peer.has("resume") {
        // They mostly wait, so they go on at once.
        let early = resumed(peer, url, LONG, Duration::ZERO, "resume-early");
        let late = resumed(peer, url, SHORT, SHORT, "resume-late");
        let (early, late) = tokio::join!(early, late);
        let claim = "a stream is resumed before its call has ended";
        report.check("resume", claim, async { early }).await;
        let claim = "a stream is resumed after its call has ended";
        report.check("resume", claim, async { late }).await;
    }
}

/// A tool that takes its time, with its arguments and what it says in the end.
fn slow(peer: &Peer, time: Duration) -> (&'static str, Value, &'static str) {
    if peer.is_everything {
        let tool = "trigger-long-running-operation";
        return (
            tool,
            json!({"duration": time.as_secs_f64(), "steps": 1}),
            "Long running operation completed",
        );
    }
    ("slow", json!({"ms": time.as_millis()}), "done")
}

async fn open(peer: &Peer, url: &str) -> Result<(Relay, Client)> {
    let relay = Relay::open(url).await?;
    let client = peer.another(relay.url().clone().try_into()?).await?;
    Ok((relay, client))
}

async fn again(peer: &Peer, url: &str) -> Result<Verdict> {
    let (relay, client) = open(peer, url).await?;
    let before = client.resources().await?;
    relay.cut(Duration::from_millis(300));
    client.ping().await?;
    same(client.resource_templates().await?.is_empty(), false)?;
    ensure!(!before.is_empty());
    client.close().await;
    Ok(Verdict::Passed)
}

async fn not_twice(peer: &Peer, url: &str) -> Result<Verdict> {
    let (relay, client) = open(peer, url).await?;
    let (tool, arguments, said) = slow(peer, SHORT);
    let cut = async {
        tokio::time::sleep(BEFORE).await;
        relay.cut(Duration::ZERO);
    };
    let call = client.call_tool(tool, arguments.clone()).into_future();
    match tokio::join!(call, cut).0 {
        Err(Error::Interrupted { .. }) => {}
        other => bail!("{other:?}"),
    }
    let cut = async {
        tokio::time::sleep(BEFORE).await;
        relay.cut(Duration::ZERO);
    };
    let call = client.call_tool(tool, arguments).idempotent().into_future();
    same(text(&tokio::join!(call, cut).0?)?.as_str(), said)?;
    client.close().await;
    Ok(Verdict::Passed)
}

/// A call that takes `time` is cut off, and nothing comes through for `outage` after that
/// ([2025-11-25, resumability](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery)).
async fn resumed(
    peer: &Peer,
    url: &str,
    time: Duration,
    outage: Duration,
    deviation: &'static str,
) -> Result<Verdict> {
    let (relay, client) = open(peer, url).await?;
    let (tool, arguments, said) = slow(peer, time);
    let cut = async {
        tokio::time::sleep(BEFORE).await;
        relay.cut(outage);
    };
    let call = client
        .call_tool(tool, arguments)
        .timeout(RESUME_LIMIT)
        .into_future();
    let (result, ()) = tokio::join!(call, cut);
    let verdict = match result {
        Ok(result) => {
            let text = text(&result)?;
            ensure!(text.starts_with(said), "{text}");
            Verdict::Passed
        }
        Err(error @ (Error::Timeout { .. } | Error::Interrupted { .. })) => peer
            .deviates(deviation, "the result did not come")
            .with_context(|| error.to_string())?,
        Err(error) => return Err(error.into()),
    };
    client.close().await;
    Ok(verdict)
}

//! What changes at run time: told, and asked for anew only then.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::{Change, Error, Subscription};
use midfield::types::Filter;
use serde_json::json;

use super::data::{COUNTER, read_text};
use super::peer::{NEWS_LIMIT, Peer, same, soon};
use super::report::{ALWAYS, Report, Verdict};

/// The deviation of a server that acknowledges a subscription too early.
const LOST: &str = "change-lost";

/// How long it takes until a change is made again that may be lost.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    if peer.is_modern() {
        report
            .check(
                "cache",
                "a list that may be kept is not asked for again",
                kept(peer),
            )
            .await;
    }
    let feature = if peer.is_modern() {
        "listen"
    } else {
        "subscribe"
    };
    if peer.has(feature) {
        report
            .check(feature, "a resource that changes is told", resource(peer))
            .await;
        report
            .check(
                feature,
                "the end of one subscription is not the end of another",
                ended(peer),
            )
            .await;
    } else {
        report
            .check(
                ALWAYS,
                "a subscription that the server does not have is refused or empty",
                refused(peer),
            )
            .await;
    }
    if !peer.is_modern() || peer.has("listen") {
        report
            .check(
                "list-changed",
                "a tool that is added is told, listed and called",
                added(peer),
            )
            .await;
    }
}

/// [2026-07-28, caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching).
async fn kept(peer: &Peer) -> Result<Verdict> {
    let (first, second) = (peer.client.tools().await?, peer.client.tools().await?);
    ensure!(Arc::ptr_eq(&first, &second), "the list was asked for again");
    Ok(Verdict::Passed)
}

fn of_counter() -> Filter {
    let mut filter = Filter::default();
    filter.resource_subscriptions = vec![COUNTER.to_owned()];
    filter
}

/// Makes a change, and waits until it is told. It is made again where the server may have lost the first one.
async fn told(
    peer: &Peer,
    changes: &mut Subscription,
    expected: Change,
    make: impl AsyncFn(&str) -> Result<()>,
) -> Result<Verdict> {
    make("once").await?;
    let patience = if peer.may_deviate(LOST) {
        AGAIN
    } else {
        NEWS_LIMIT
    };
    if let Ok(change) = tokio::time::timeout(patience, changes.next()).await {
        same(change, Some(expected))?;
        return Ok(Verdict::Passed);
    }
    make("again").await?;
    same(soon("the change", changes.next()).await?, Some(expected))?;
    peer.deviates(LOST, "only the second change was told")
}

async fn touch(peer: &Peer, changes: &mut Subscription) -> Result<Verdict> {
    let counter = Change::Resource(COUNTER.to_owned());
    let touch = async |_: &str| peer.text("touch", json!({})).await.map(drop);
    told(peer, changes, counter, touch).await
}

async fn resource(peer: &Peer) -> Result<Verdict> {
    let before: u64 = read_text(peer, COUNTER).await?.parse()?;
    let mut changes = peer.client.subscribe(of_counter()).await?;
    same(
        changes.accepted().resource_subscriptions.clone(),
        vec![COUNTER.to_owned()],
    )?;
    let verdict = touch(peer, &mut changes).await?;
    let after: u64 = read_text(peer, COUNTER).await?.parse()?;
    ensure!(after > before, "{after} after {before}");
    Ok(verdict)
}

/// What the first one's end sends does not reach the second one.
async fn ended(peer: &Peer) -> Result<Verdict> {
    drop(peer.client.subscribe(of_counter()).await?);
    let mut changes = peer.client.subscribe(of_counter()).await?;
    let verdict = touch(peer, &mut changes).await?;
    // By now whatever was sent has arrived.
    peer.text("touch", json!({})).await?;
    let change = soon("the second change", changes.next()).await?;
    same(change, Some(Change::Resource(COUNTER.to_owned())))?;
    Ok(verdict)
}

async fn refused(peer: &Peer) -> Result<Verdict> {
    match peer.client.subscribe(of_counter()).await {
        Ok(changes) => ensure!(changes.accepted().resource_subscriptions.is_empty()),
        Err(Error::Refused(_)) if peer.is_modern() => {
            return peer.deviates("no-listen", "`subscriptions/listen` is refused");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Verdict::Passed)
}

/// A name that no other run gives a tool of the same server: a server allows only letters.
fn new_name() -> String {
    let number = std::process::id().to_string();
    let letters = number.bytes().map(|digit| char::from(digit - b'0' + b'a'));
    format!("added_{}", letters.collect::<String>())
}

async fn added(peer: &Peer) -> Result<Verdict> {
    let name = new_name();
    let before = peer.client.tools().await?;
    let mut filter = Filter::default();
    filter.tools_list_changed = true;
    let mut changes = peer.client.subscribe(filter).await?;
    let is_announced = changes.accepted().tools_list_changed;
    let add = async |when: &str| {
        let name = format!("{name}_{when}");
        peer.text("add_tool", json!({"name": name})).await.map(drop)
    };
    let verdict = if is_announced {
        told(peer, &mut changes, Change::Tools, add).await?
    } else {
        add("once").await?;
        Verdict::Passed
    };
    let name = format!("{name}_once");
    let after = peer.client.tools().await?;
    ensure!(
        after.len() > before.len(),
        "{} tools, as before",
        after.len()
    );
    after
        .iter()
        .find(|tool| tool.name == name)
        .context("it is not listed")?;
    same(peer.text(&name, json!({})).await?, name)?;
    if !is_announced {
        if peer.is_modern() {
            bail!("the server does not tell of tools");
        }
        return peer.deviates(
            "list-changed-unannounced",
            "`tools.listChanged` is not announced",
        );
    }
    Ok(verdict)
}

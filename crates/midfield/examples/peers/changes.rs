//! What changes at run time: told, and asked for anew only then.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::{Change, Error};
use midfield::types::Filter;
use serde_json::json;

use super::data::{COUNTER, read_text};
use super::peer::{Peer, same, soon};
use super::report::{ALWAYS, Report, Verdict};

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
                "nothing is told after the end of a subscription",
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

async fn resource(peer: &Peer) -> Result<Verdict> {
    let before: u64 = read_text(peer, COUNTER).await?.parse()?;
    let mut changes = peer.client.subscribe(of_counter()).await?;
    same(
        changes.accepted().resource_subscriptions.clone(),
        vec![COUNTER.to_owned()],
    )?;
    peer.text("touch", json!({})).await?;
    let change = soon("the change", changes.next()).await?;
    same(change, Some(Change::Resource(COUNTER.to_owned())))?;
    let after: u64 = read_text(peer, COUNTER).await?.parse()?;
    ensure!(after > before, "{after} after {before}");
    Ok(Verdict::Passed)
}

/// The subscription that is left hears each change but once, so that nothing is left of the one before it.
async fn ended(peer: &Peer) -> Result<Verdict> {
    drop(peer.client.subscribe(of_counter()).await?);
    let mut changes = peer.client.subscribe(of_counter()).await?;
    for _ in 0..2 {
        peer.text("touch", json!({})).await?;
        let change = soon("the change", changes.next()).await?;
        same(change, Some(Change::Resource(COUNTER.to_owned())))?;
    }
    Ok(Verdict::Passed)
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
    peer.text("add_tool", json!({"name": name})).await?;
    if is_announced {
        let change = soon("the change", changes.next()).await?;
        same(change, Some(Change::Tools))?;
    }
    let after = peer.client.tools().await?;
    same(after.len(), before.len() + 1)?;
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
    Ok(Verdict::Passed)
}

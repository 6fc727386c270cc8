//! What `@modelcontextprotocol/server-everything` tells of what changes in it.

use anyhow::{Result, bail, ensure};
use midfield::client::Change;
use midfield::types::{Content, Filter};
use serde_json::json;

use super::peer::{Peer, same, soon};
use super::report::{Report, Verdict};

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(
            "logging",
            "a subscription is told in the log",
            logging(peer),
        )
        .await;
    report
        .check(
            "subscribe",
            "a resource that changes is told",
            subscribed(peer),
        )
        .await;
    report
        .check(
            "list-changed",
            "a resource that is added is told, listed and read",
            added(peer),
        )
        .await;
}

const SUBSCRIBED: &str = "demo://resource/dynamic/text/1";

fn of_one() -> Filter {
    let mut filter = Filter::default();
    filter.resource_subscriptions = vec![SUBSCRIBED.to_owned()];
    filter
}

async fn logging(peer: &Peer) -> Result<Verdict> {
    peer.forget_lines().await;
    drop(peer.client.subscribe(of_one()).await?);
    // Roots that were asked for are told there too.
    loop {
        let line: String = peer.line().await?.data.read()?;
        if line.starts_with("Received Subscribe Resource request") {
            return Ok(Verdict::Passed);
        }
    }
}

async fn subscribed(peer: &Peer) -> Result<Verdict> {
    let mut changes = peer.client.subscribe(of_one()).await?;
    peer.text("toggle-subscriber-updates", json!({})).await?;
    let change = soon("the change", changes.next()).await?;
    same(change, Some(Change::Resource(SUBSCRIBED.to_owned())))?;
    peer.text("toggle-subscriber-updates", json!({})).await?;
    Ok(Verdict::Passed)
}

async fn added(peer: &Peer) -> Result<Verdict> {
    let before = peer.client.resources().await?;
    let mut filter = Filter::default();
    filter.resources_list_changed = true;
    let mut changes = peer.client.subscribe(filter).await?;
    let arguments =
        json!({"name": "note.gz", "data": "data:text/plain,hello", "outputType": "resourceLink"});
    let result = peer
        .client
        .call_tool("gzip-file-as-resource", arguments)
        .await?;
    let [Content::ResourceLink(link)] = result.content.as_slice() else {
        bail!("{result:?}");
    };
    same(
        soon("the change", changes.next()).await?,
        Some(Change::Resources),
    )?;
    same(peer.client.resources().await?.len(), before.len() + 1)?;
    let read = peer.client.read_resource(&link.uri).await?;
    // A gzip stream begins so.
    ensure!(
        read.contents
            .first()
            .and_then(|it| it.blob.as_deref())
            .is_some_and(|it| it.starts_with("H4sI"))
    );
    Ok(Verdict::Passed)
}

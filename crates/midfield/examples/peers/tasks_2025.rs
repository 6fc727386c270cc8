//! The tasks of revision 2025-11-25, which the client asks for
//! ([2025-11-25, tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)).

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::future::try_join3;
use midfield::client::Error;
use midfield::types::{TaskStatus, ToolResult};
use serde_json::json;

use super::peer::{Peer, same, text};
use super::questions::the_question;
use super::report::{Report, Verdict};
use super::tasks::{begin, until_cancelled, watch};

/// It takes four seconds, and asks in its middle where the topic is ambiguous.
const TOOL: &str = "simulate-research-query";

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(
            "tasks-2025",
            "tasks are watched, asked back, driven by a plain call, and listed",
            all(peer),
        )
        .await;
    report
        .check("tasks-2025", "a task is cancelled", cancelled(peer))
        .await;
}

/// Each takes seconds, so all go on at once.
async fn all(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    let plain = async {
        let result = peer.client.call_tool(TOOL, json!({"topic": "plain"})).await;
        must_be_about(&result.context("a plain call")?, "plain")
    };
    let watched = async { watched(peer).await.context("a task that is watched") };
    let asked = async { asked(peer).await.context("a task that asks") };
    try_join3(plain, watched, asked).await?;
    let listed = peer.client.tasks().await?;
    ensure!(listed.len() >= 3, "only {} are listed", listed.len());
    Ok(Verdict::Passed)
}

fn must_be_about(result: &ToolResult, topic: &str) -> Result<()> {
    let said = text(result)?;
    ensure!(said.contains(&format!("**Topic**: {topic}\n")), "{said}");
    Ok(())
}

async fn watched(peer: &Peer) -> Result<()> {
    let handle = begin(peer, TOOL, json!({"topic": "watched"})).await?;
    let states = watch(&handle).await?;
    same(
        states.first().map(|it| it.task.status),
        Some(TaskStatus::Working),
    )?;
    same(
        states.last().map(|it| it.task.status),
        Some(TaskStatus::Completed),
    )?;
    ensure!(states.len() > 2, "{states:?}");
    let found = peer.client.task(&handle.to_string())?;
    must_be_about(&found.result().await?, "watched")
}

async fn asked(peer: &Peer) -> Result<()> {
    let handle = begin(peer, TOOL, json!({"topic": "asked", "ambiguous": true})).await?;
    let result = handle.result().await?;
    must_be_about(&result, "asked")?;
    ensure!(
        text(&result)?.contains("**Clarification**: technical"),
        "{result:?}"
    );
    the_question(peer, TOOL).map(drop)
}

async fn cancelled(peer: &Peer) -> Result<Verdict> {
    let handle = begin(peer, TOOL, json!({"topic": "cancelled"})).await?;
    handle.cancel().await?;
    until_cancelled(&handle).await?;
    match handle.result().await {
        Err(Error::Task { status, .. }) => same(status, TaskStatus::Cancelled)?,
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

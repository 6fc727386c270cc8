//! The extension for tasks, of the modern era
//! ([SEP-2663](https://modelcontextprotocol.io/seps/2663-tasks-extension)); in the legacy one the same tools have no tasks.

use std::future::IntoFuture as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{StreamExt as _, pin_mut};
use midfield::client::{Error, TaskHandle, TaskState};
use midfield::types::TaskStatus;
use serde_json::json;

use super::calls::INVALID_PARAMS;
use super::peer::{Peer, refusal, same, soon, text};
use super::questions::the_question;
use super::report::{Report, Verdict};

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(
            "tasks",
            "a plain call waits for what is a task",
            plain(peer),
        )
        .await;
    if !peer.is_modern() {
        report
            .check(
                "tasks",
                "a call that cannot be a task has its answer at once",
                answered(peer),
            )
            .await;
        return;
    }
    report
        .check(
            "tasks",
            "a task is watched from its beginning to its end",
            watched(peer),
        )
        .await;
    report
        .check(
            "tasks",
            "a task is found again by what was written down",
            found(peer),
        )
        .await;
    report
        .check(
            "tasks",
            "a question in the middle of a task is answered",
            asked(peer),
        )
        .await;
    report
        .check(
            "tasks",
            "a question of a task is answered by hand",
            asked_by_hand(peer),
        )
        .await;
    report
        .check(
            "tasks",
            "a task fails with an error of the protocol",
            failed(peer),
        )
        .await;
    report
        .check("tasks", "a task is cancelled", cancelled(peer))
        .await;
    report
        .check(
            "tasks",
            "a call that is dropped ends its task",
            dropped(peer),
        )
        .await;
    report
        .check(
            "tasks",
            "a task that is not there is refused",
            unknown(peer),
        )
        .await;
}

async fn plain(peer: &Peer) -> Result<Verdict> {
    let said: String = peer.client.call("task_work", json!({"ms": 100})).await?;
    same(said.as_str(), "worked 100 ms")?;
    peer.person.take_asked();
    let said: String = peer.client.call("task_ask", json!({})).await?;
    same(said.as_str(), "hello Ada")?;
    the_question(peer, "task_ask")?;
    Ok(Verdict::Passed)
}

async fn answered(peer: &Peer) -> Result<Verdict> {
    let handle = peer.client.call_task("task_work", json!({"ms": 1})).await?;
    let answered = handle.answered().context("it became a task")?;
    same(text(answered)?.as_str(), "worked 1 ms")?;
    same(text(&handle.result().await?)?.as_str(), "worked 1 ms")?;
    Ok(Verdict::Passed)
}

/// A call that has become a task.
pub(crate) async fn begin(
    peer: &Peer,
    tool: &str,
    arguments: serde_json::Value,
) -> Result<TaskHandle> {
    let handle = peer.client.call_task(tool, arguments).await?;
    ensure!(handle.answered().is_none(), "it was answered at once");
    ensure!(!handle.id().is_empty(), "it has no id");
    Ok(handle)
}

/// All states up to the last.
pub(crate) async fn watch(handle: &TaskHandle) -> Result<Vec<TaskState>> {
    let states = handle.watch();
    pin_mut!(states);
    let mut seen = Vec::new();
    while let Some(state) = states.next().await {
        seen.push(state?);
    }
    Ok(seen)
}

async fn watched(peer: &Peer) -> Result<Verdict> {
    let handle = begin(peer, "task_work", json!({"ms": 300})).await?;
    let state = handle.status().await?;
    same(state.task.id.as_str(), handle.id())?;
    ensure!(
        state.task.ttl.is_none_or(|ttl| ttl > Duration::ZERO),
        "{state:?}"
    );
    let states = watch(&handle).await?;
    same(
        states.first().map(|it| it.task.status),
        Some(TaskStatus::Working),
    )?;
    let last = states.last().context("there is none")?;
    same(last.task.status, TaskStatus::Completed)?;
    match &last.outcome {
        Some(Ok(result)) => same(text(result)?.as_str(), "worked 300 ms")?,
        other => bail!("{other:?}"),
    }
    // It can be asked for as often as one likes.
    for _ in 0..2 {
        same(text(&handle.result().await?)?.as_str(), "worked 300 ms")?;
    }
    Ok(Verdict::Passed)
}

async fn found(peer: &Peer) -> Result<Verdict> {
    let written = begin(peer, "task_work", json!({"ms": 100}))
        .await?
        .to_string();
    let found = peer.client.task(&written)?;
    same(text(&found.result().await?)?.as_str(), "worked 100 ms")?;
    Ok(Verdict::Passed)
}

async fn asked(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    let handle = begin(peer, "task_ask", json!({})).await?;
    same(text(&handle.result().await?)?.as_str(), "hello Ada")?;
    the_question(peer, "task_ask")?;
    Ok(Verdict::Passed)
}

async fn asked_by_hand(peer: &Peer) -> Result<Verdict> {
    peer.person.take_asked();
    let handle = begin(peer, "task_ask", json!({})).await?;
    soon("the question", async {
        let states = handle.watch();
        pin_mut!(states);
        while let Some(state) = states.next().await {
            let state = state?;
            ensure!(!state.task.status.is_terminal(), "it is over: {state:?}");
            if state.task.status == TaskStatus::InputRequired {
                same(state.inputs.len(), 1)?;
                return Ok(());
            }
        }
        bail!("its states end")
    })
    .await??;
    same(handle.answer_questions().await?, 1)?;
    same(text(&handle.result().await?)?.as_str(), "hello Ada")?;
    the_question(peer, "task_ask")?;
    Ok(Verdict::Passed)
}

async fn failed(peer: &Peer) -> Result<Verdict> {
    let handle = begin(peer, "task_fail", json!({})).await?;
    match handle.result().await {
        Err(Error::Refused(error)) => {
            ensure!(error.message.contains("this task always fails"), "{error}");
            same(error.code, -32603)?;
        }
        other => bail!("{other:?}"),
    }
    same(handle.status().await?.task.status, TaskStatus::Failed)?;
    Ok(Verdict::Passed)
}

/// Waits until the task is cancelled.
pub(crate) async fn until_cancelled(handle: &TaskHandle) -> Result<()> {
    let states = soon("the end of the task", watch(handle)).await??;
    same(
        states.last().map(|it| it.task.status),
        Some(TaskStatus::Cancelled),
    )
}

async fn cancelled(peer: &Peer) -> Result<Verdict> {
    let handle = begin(peer, "task_work", json!({"ms": 60_000})).await?;
    handle.cancel().await?;
    until_cancelled(&handle).await?;
    match handle.result().await {
        Err(Error::Task { id, status, .. }) => {
            same((id.as_str(), status), (handle.id(), TaskStatus::Cancelled))?;
        }
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

async fn dropped(peer: &Peer) -> Result<Verdict> {
    let begin = Instant::now();
    let call = peer.client.call_tool("task_work", json!({"ms": 60_000}));
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

async fn unknown(peer: &Peer) -> Result<Verdict> {
    let nothing = peer.client.task_by_id("no-such-task");
    same(refusal(nothing.status().await)?, INVALID_PARAMS)?;
    Ok(Verdict::Passed)
}

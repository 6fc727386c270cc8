//! What a client is told of changes: by `resources/subscribe` and unsolicited notifications in the legacy era, on a
//! `subscriptions/listen` stream in the modern one.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rmcp::model::{ServerNotification, SubscriptionFilter};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::checks::Checks;
use crate::plan::{Plan, Step, Subscription, Trigger};
use crate::steps::{REQUEST_LIMIT, params};
use crate::{Client, Mode};

/// How long a notification may take after its cause.
const NEWS_LIMIT: Duration = Duration::from_secs(3);
/// How long to wait for a notification that must not come.
const SILENCE: Duration = Duration::from_millis(500);
/// How often the cause is repeated: a client may open the stream on which it hears of it a moment later.
const TRIES: usize = 3;

/// Checks every subscription of the plan.
pub(crate) async fn check(client: &Client, plan: &Plan, mode: Mode, checks: &mut Checks) {
    for step in plan.subscriptions.iter().filter(|step| step.is_for(mode)) {
        let subject = step.uri.as_ref().or(step.list.as_ref());
        let name = format!(
            "notifications about {}",
            subject.map_or("nothing", String::as_str)
        );
        let outcome = match mode {
            Mode::Legacy => timeout(REQUEST_LIMIT, legacy(client, step)).await,
            Mode::Modern | Mode::Auto => timeout(REQUEST_LIMIT, modern(client, step)).await,
        };
        checks.record(&name, outcome.context("it took too long").flatten());
    }
}

#[expect(deprecated, reason = "the legacy era has no other way to subscribe")]
async fn legacy(client: &Client, step: &Subscription) -> Result<()> {
    let partner = client.service();
    partner.forget_told();
    let Some(uri) = &step.uri else {
        let list = step
            .list
            .as_deref()
            .context("the subscription names nothing")?;
        return until_told(client, &step.trigger, list).await;
    };
    client.subscribe(params(json!({"uri": uri}))?).await?;
    until_told(client, &step.trigger, uri).await?;
    client.unsubscribe(params(json!({"uri": uri}))?).await?;
    // What was sent before the server knew may still arrive.
    tokio::time::sleep(SILENCE).await;
    partner.forget_told();
    pull(client, &step.trigger).await?;
    if timeout(SILENCE, partner.until_told(uri)).await.is_ok() {
        bail!("it was told of {uri} after it had unsubscribed");
    }
    Ok(())
}

async fn until_told(client: &Client, trigger: &Trigger, event: &str) -> Result<()> {
    for _ in 0..TRIES {
        pull(client, trigger).await?;
        if timeout(NEWS_LIMIT, client.service().until_told(event))
            .await
            .is_ok()
        {
            return Ok(());
        }
    }
    bail!("it was not told of {event}")
}

async fn modern(client: &Client, step: &Subscription) -> Result<()> {
    let filter = match (&step.uri, step.list.as_deref()) {
        (Some(uri), _) => json!({"resourceSubscriptions": [uri]}),
        (None, Some("tools")) => json!({"toolsListChanged": true}),
        (None, Some("prompts")) => json!({"promptsListChanged": true}),
        (None, Some("resources")) => json!({"resourcesListChanged": true}),
        (None, other) => bail!("there is no list {other:?}"),
    };
    let requested: SubscriptionFilter = params(filter.clone())?;
    let mut stream = client.listen(requested).await?;
    let honoured = serde_json::to_value(stream.acknowledged())?;
    crate::compare::must_equal(&honoured, &filter, "the acknowledged filter")?;
    pull(client, &step.trigger).await?;
    let news = timeout(NEWS_LIMIT, stream.next())
        .await
        .context("nothing was told")??;
    let news = news.context("the stream ended before anything was told")?;
    let told = match &news {
        ServerNotification::ResourceUpdatedNotification(update) => Some(update.params.uri.clone()),
        ServerNotification::ToolListChangedNotification(_) => Some("tools".to_owned()),
        ServerNotification::PromptListChangedNotification(_) => Some("prompts".to_owned()),
        ServerNotification::ResourceListChangedNotification(_) => Some("resources".to_owned()),
        _ => None,
    };
    if told != step.uri.clone().or(step.list.clone()) {
        bail!("it was told of something else: {news:?}");
    }
    stream.cancel().await?;
    Ok(())
}

/// Brings about the change.
async fn pull(client: &Client, trigger: &Trigger) -> Result<()> {
    let arguments: Value = trigger.arguments.clone().unwrap_or_default().into();
    let result = client
        .call_tool(params(
            json!({"name": trigger.tool, "arguments": arguments}),
        )?)
        .await?;
    if result.is_error == Some(true) {
        bail!("{} failed: {result:?}", trigger.tool);
    }
    Ok(())
}

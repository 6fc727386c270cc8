//! Work whose answer comes later: tools that run as tasks, with `--tasks`.

use std::time::Duration;

use midfield::prelude::*;

pub(crate) fn all() -> Vec<Tool> {
    tools![count, ship].to_vec()
}

/// How soon clients look again: nobody here works for minutes.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Between two things that are counted.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the tasks are kept: in memory, for as long as the example runs.
pub(crate) fn kept() -> Tasks {
    Tasks::in_memory().poll_interval(POLL_INTERVAL)
}

#[derive(Serialize, JsonSchema)]
struct Counted {
    things: u32,
}

/// Count things one by one, as a task where the client wants one.
#[tool(task)]
async fn count(#[schemars(range(min = 1, max = 1000))] things: u32, cx: &Context) -> Counted {
    for thing in 1..=things {
        cx.progress(thing, things).await;
        cx.sleep("pause", PAUSE).await;
    }
    Counted { things }
}

#[derive(Deserialize, JsonSchema)]
struct Consent {
    /// Send it off?
    ok: bool,
}

/// Ship something once somebody has agreed, which may take days: always a task.
#[tool(destructive, task = "required", asks(form))]
async fn ship(article: String, cx: &Context) -> Result<String> {
    let question = format!("Ship {article}?");
    Ok(match cx.elicit::<Consent>("consent", question).await? {
        Answer::Accepted(Consent { ok: true }) => format!("shipped {article}"),
        _ => format!("{article} stays here"),
    })
}

//! What the task does: forty steps, two of them at once, one that is done at most once, two sleeps and two questions. What it
//! ends with depends on nothing but its arguments and the answers.

use std::time::Duration;

use midfield::Error;
use midfield::prelude::*;
use midfield::server::{Attempt, Retry};
use midfield::types::{CreateMessage, SamplingContent, SamplingMessage};

use crate::killer::Killer;
use crate::ledger::Ledger;

/// What the tool works with.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) killer: Killer,
    pub(crate) ledger: Ledger,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Order {
    /// How many bytes the result has beside what it says.
    #[serde(default)]
    padding: usize,
    /// What takes room in the store, and nothing else.
    #[serde(default, rename = "memo")]
    _memo: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirm {
    name: String,
}

/// The tool.
pub(crate) async fn order(
    cx: Context,
    trial: State<Trial>,
    Args(order): Args<Order>,
) -> Result<String> {
    let work = Work::new(&cx, &trial);
    let mut total = 0;
    for number in 1..=10 {
        add(&mut total, work.step(&format!("prepare-{number}")).await?);
    }
    work.sleep("cool", Duration::from_millis(20)).await;
    let (left, right) = tokio::join!(work.step("left"), work.step("right"));
    add(&mut total, left?);
    add(&mut total, right?);
    let name = work.confirm().await?;
    for number in 1..=12 {
        add(&mut total, work.step(&format!("pack-{number}")).await?);
    }
    add(&mut total, work.charge().await?);
    work.sleep("rest", Duration::from_millis(50)).await;
    let note = work.note().await?;
    for number in 1..=15 {
        add(&mut total, work.step(&format!("send-{number}")).await?);
    }
    let padding: String = (0..order.padding).map(letter).collect();
    Ok(format!(
        "{total:016x} for {name}, with the note {note}{padding}"
    ))
}

struct Work<'a> {
    cx: &'a Context,
    trial: &'a Trial,
    task: String,
}

impl<'a> Work<'a> {
    fn new(cx: &'a Context, trial: &'a Trial) -> Self {
        let task = cx.task_id().unwrap_or_default();
        Self { cx, trial, task }
    }

    async fn step(&self, name: &str) -> Result<u64> {
        let work = async |attempt: Attempt| self.effect(name, &attempt);
        self.around(self.cx.step_with(name, &Retry::once(), work))
            .await
    }

    /// Done at most once. Whether it was done when its process died, the ledger knows; what it says is a step too, so that it
    /// stays what it was. What was not done is done under another name, so that the ledger tells the one from the other.
    async fn charge(&self) -> Result<u64> {
        let work = async |attempt: Attempt| {
            self.enter("charge", &attempt, "begun")?;
            self.effect("charge", &attempt)
        };
        let charged = self.around(self.cx.step_at_most_once("charge", work)).await;
        match charged {
            Err(error) if error.is_outcome_unknown() => {}
            charged => return charged,
        }
        let look = async || Ok::<_, Error>(self.trial.ledger.holds(&self.task, "charge")?);
        if !self.around(self.cx.step("look", look)).await? {
            self.step("charge-again").await?;
        }
        Ok(value("charge"))
    }

    async fn sleep(&self, name: &str, duration: Duration) {
        self.around(self.cx.sleep(name, duration)).await;
    }

    async fn confirm(&self) -> Result<String> {
        let asked = self.cx.elicit::<Confirm>("confirm", "who confirms?");
        Ok(match self.around(asked).await? {
            Answer::Accepted(answer) => answer.name,
            Answer::Declined => "nobody".to_owned(),
            Answer::Cancelled => "no answer".to_owned(),
        })
    }

    async fn note(&self) -> Result<String> {
        let mut request = CreateMessage::new(100);
        request.messages = vec![SamplingMessage::user("which note?")];
        let said = self.around(self.cx.sample("note", request)).await?;
        Ok(match said.content.first() {
            Some(SamplingContent::Text(text)) => text.text.clone(),
            _ => "none".to_owned(),
        })
    }

    /// A call of the context is a point to be killed at, before it and after it.
    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        let turn = self.trial.killer.turn("context");
        turn.begins();
        let said = call.await;
        turn.is_done();
        said
    }

    fn effect(&self, step: &str, attempt: &Attempt) -> Result<u64> {
        let turn = self.trial.killer.turn("effect");
        turn.begins();
        self.enter(step, attempt, "done")?;
        turn.is_done();
        Ok(value(step))
    }

    fn enter(&self, step: &str, attempt: &Attempt, what: &str) -> Result<()> {
        let key = attempt.key.to_string();
        Ok(self.trial.ledger.enter(&self.task, step, &key, what)?)
    }
}

/// Something that depends on the order, too.
fn add(total: &mut u64, value: u64) {
    *total = total.rotate_left(7) ^ value;
}

/// What a step comes to.
fn value(step: &str) -> u64 {
    step.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Letters that do not repeat at the length of a page.
fn letter(at: usize) -> char {
    char::from(b'a' + u8::try_from((at / 4093 + at) % 26).unwrap_or(0))
}

//! What stands on the bench: instruments that take their time. They write to a log, so that it is seen what was done, and how
//! often.

use std::time::Duration;

use midfield::prelude::*;
use midfield::server::Attempt;

/// The instruments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bench;

/// What a person finds on the display of the plate reader.
#[derive(Deserialize, JsonSchema)]
struct Display {
    /// Was the plate read?
    was_read: bool,
}

impl Bench {
    /// Puts the plate into the incubator.
    pub(crate) async fn load(&self, plate: &str) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tracing::info!(plate, "the arm has loaded a plate");
        Ok(())
    }

    /// Reads the plate, which uses the sample up.
    pub(crate) async fn detect(&self, plate: &str) -> Result<Vec<f64>> {
        tracing::info!(plate, "the reader begins to read");
        tokio::time::sleep(Duration::from_secs(5)).await;
        tracing::info!(plate, "the reader has read a plate");
        Ok(readings(plate))
    }

    /// What is on the reader's display, when nobody knows whether a plate was read.
    pub(crate) async fn ask_the_reader(&self, cx: &Context, plate: &str) -> Result<Vec<f64>> {
        let question =
            format!("The power went while {plate} was read. Does the reader show its values?");
        match cx.elicit::<Display>("display", question).await? {
            Answer::Accepted(Display { was_read: true }) => Ok(readings(plate)),
            _ => Err(Error::tool(format!("{plate} has to be prepared anew"))),
        }
    }

    /// Files the report. The archive takes a key, so that a report is filed once, however often it is sent.
    pub(crate) async fn file(&self, plate: &str, attempt: Attempt) -> Result<String> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let key = attempt.key.as_str();
        tracing::info!(plate, key, "the archive has a report");
        Ok(format!("R-{}", key.chars().take(6).collect::<String>()))
    }
}

/// The values of a plate: the same each time, as the sample is.
fn readings(plate: &str) -> Vec<f64> {
    let seed = plate.bytes().fold(7_u32, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    let well = |well: u32| f64::from((seed ^ well.wrapping_mul(2_654_435_761)) % 1_000) / 500.0;
    (0..8).map(well).collect()
}

//! The assay: straight-line code that takes minutes, asks a person in the middle and a model at the end.
//!
//! Nothing in it says that it survives the process. What passes through the context does: steps are not done again, time that
//! has passed has passed, and nobody is asked twice.

use std::time::Duration;

use midfield::prelude::*;
use midfield::server::{Agent, Attempt, Retry};

use crate::bench::Bench;

/// What an assay comes to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// The barcode of the plate.
    plate: String,
    /// What was measured, well by well.
    absorbances: Vec<f64>,
    /// Who approved it, and why.
    approval: String,
    /// What a model makes of it.
    interpretation: Option<String>,
    /// The number under which the report was filed.
    number: String,
}

/// What a person decides in the middle.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Approval {
    /// Go on with the detection, which uses the sample up?
    approve: bool,
    /// Your initials.
    initials: String,
}

/// Run an assay on a plate: incubate, ask for approval, detect, interpret, file a report. Takes minutes.
#[tool(task = "required", timeout = "8h", asks(form))]
pub(crate) async fn run_assay(
    /** The barcode of the plate. */
    plate: String,
    /** How many minutes each of the three incubations takes; 1 when nothing is said. */
    minutes: Option<f64>,
    cx: &Context,
    bench: State<Bench>,
) -> Result<Report> {
    let minutes = minutes.unwrap_or(1.0).clamp(0.0, 24.0 * 60.0);
    cx.step("load", || bench.load(&plate)).await?;
    for round in 1..=3 {
        cx.report_stage(round, &format!("incubating, {round} of 3"))
            .await;
        cx.sleep("incubate", Duration::from_secs_f64(minutes * 60.0))
            .await;
    }

    let question =
        format!("The incubation of {plate} is over. Detection uses the sample up: go on?");
    let approval = match cx.elicit::<Approval>("approve", question).await? {
        Answer::Accepted(approval) if approval.approve => approval,
        _ => {
            return Err(Error::tool(format!(
                "nobody approved the detection of {plate}"
            )));
        }
    };

    // The sample is there once. If the process dies while it is measured, nobody knows whether it was: a person must look.
    cx.report_stage(4, "detecting").await;
    let detected = cx
        .step_at_most_once("detect", |_| bench.detect(&plate))
        .await;
    let absorbances: Vec<f64> = match detected {
        Err(error) if error.is_outcome_unknown() => bench.ask_the_reader(cx, &plate).await?,
        detected => detected?,
    };

    let interpretation = interpret(cx, &plate, &absorbances).await?;
    cx.report_stage(5, "filing the report").await;
    let filed = |attempt: Attempt| bench.file(&plate, attempt);
    let number = cx.step_with("file", &Retry::once(), filed).await?;
    Ok(Report {
        plate,
        absorbances,
        approval: format!("approved by {}", approval.initials),
        interpretation,
        number,
    })
}

/// What the client's model says, where the client has one.
async fn interpret(cx: &Context, plate: &str, absorbances: &[f64]) -> Result<Option<String>> {
    if cx.capabilities().sampling.is_none() {
        return Ok(None);
    }
    let agent = Agent::new(300)
        .system("You read absorbances of an ELISA. Say in one sentence which wells are positive.")
        .user(format!("Plate {plate}: {absorbances:?}"));
    Ok(Some(cx.agent("interpret", agent).await?.text))
}

/// Says how far an assay is.
trait Stages {
    async fn report_stage(&self, stage: u32, message: &str);
}

impl Stages for Context {
    async fn report_stage(&self, stage: u32, message: &str) {
        let progress = midfield::types::Progress::new(f64::from(stage)).total(5.0);
        self.report(progress.message(message)).await;
    }
}

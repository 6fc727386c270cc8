//! What the protocol itself does not have: a view beside a tool's answer, and skills.

use midfield::extension::skills::{Skill, SkillError, Skills};
use midfield::extension::ui::{Ui, View};

/// Where the view of a weight is.
pub(crate) const SCALE: &str = "ui://everything/scale";

/// A page that the client shows beside what `weigh` answers, where it can.
pub(crate) fn views() -> Ui {
    let page = "<!doctype html><title>Scale</title><p>Weights are shown here.</p>";
    Ui::new().view(View::html(SCALE, page).prefers_border(true))
}

/// What a model may want to know how to do.
pub(crate) fn skills() -> Result<Skills, SkillError> {
    let titration = Skill::new(
        "titration",
        "Finds out how much acid is in a sample. Use it when asked for a concentration.",
        "Call `measure`, then read `table.md`, then `note` the result.",
    )?
    .file("table.md", "| ml | mol |\n|---|---|\n| 1 | 0.1 |\n")?;
    Ok(Skills::new().skill(titration))
}

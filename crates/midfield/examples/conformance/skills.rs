//! Skills, which the suite lists, reads and walks through.

use midfield::extension::skills::{Skill, SkillError, Skills};

pub(crate) fn skills() -> Result<Skills, SkillError> {
    let review = Skill::new(
        "code-review",
        "Reviews a change. Use it before a merge.",
        "Read the change, then `references/style.md`, then say what is wrong.",
    )?
    .file("references/style.md", "# Style\n\nShort names.\n")?
    .file("scripts/count.py", "print(sum(1 for _ in open(0)))\n")?;
    let release = Skill::new("release-notes", "Writes release notes.", "Group by kind.")?
        .under("team/writing")?;
    Ok(Skills::new().skill(review).skill(release))
}

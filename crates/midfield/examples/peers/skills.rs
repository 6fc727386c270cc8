//! The extension for skills: listed, read, verified.

use anyhow::{Context as _, Result, bail, ensure};
use midfield::client::{Error, SkillEntry};

use super::peer::{Peer, same};
use super::report::{Report, Verdict};

const TALLY: &str = "skill://tally/SKILL.md";

pub(crate) async fn check(peer: &Peer, report: &mut Report) {
    report
        .check(
            "skills",
            "skills are listed, and each of their files is what the list says",
            loaded(peer),
        )
        .await;
    report
        .check("skills", "a skill is found by its address", found(peer))
        .await;
    report
        .check(
            "skills",
            "a skill that is not what the list says is not loaded",
            spoiled(peer),
        )
        .await;
}

async fn tally(peer: &Peer) -> Result<SkillEntry> {
    let skills = peer.client.skills().await?;
    same(skills.len(), 1)?;
    skills.into_iter().next().context("there is none")
}

async fn loaded(peer: &Peer) -> Result<Verdict> {
    let skill = tally(peer).await?;
    same((skill.uri.as_str(), skill.name()), (TALLY, "tally"))?;
    let text = peer.client.load_skill(&skill).await?;
    ensure!(text.ends_with("Call `add`.\n"), "{text}");
    for file in &skill.resources {
        let bytes = peer.client.skill_file(&skill, &file.uri).await?;
        ensure!(!bytes.is_empty(), "{} is empty", file.uri);
    }
    Ok(Verdict::Passed)
}

async fn found(peer: &Peer) -> Result<Verdict> {
    same(peer.client.skill(TALLY).await?, tally(peer).await?)?;
    Ok(Verdict::Passed)
}

async fn spoiled(peer: &Peer) -> Result<Verdict> {
    let mut skill = tally(peer).await?;
    for file in &mut skill.resources {
        file.size += 1;
    }
    match peer.client.load_skill(&skill).await {
        Err(Error::Unverified { uri, .. }) => same(uri.as_str(), TALLY)?,
        other => bail!("{other:?}"),
    }
    Ok(Verdict::Passed)
}

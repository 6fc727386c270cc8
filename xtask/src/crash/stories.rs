//! What happens in each story, and what must hold in it.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::{Signal, geteuid};
use serde_json::json;

use super::case::{Case, Story};
use super::peer::Said;
use super::stage::{LARGE, Numbers, Stage, Task, padded};
use super::subject::Subject;

/// Results of runs that nobody disturbs.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) small: String,
    pub(super) large: String,
}

/// What became of a case.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) kills: usize,
    /// Whether all points to be killed at were come to.
    pub(super) has_come_to_all: bool,
    /// What is wrong, and the processes' logs.
    pub(super) fault: Option<String>,
}

/// Plays a case in `folder`, which is made for it.
pub(super) fn play(
    program: &Path,
    folder: &Path,
    case: &Case,
    expected: &Expected,
) -> Result<Played> {
    let mut stage = Stage::new(program, folder, case)?;
    let fault = tell(&mut stage, case, expected).err();
    Ok(Played {
        kills: stage.kills(),
        has_come_to_all: stage.subjects.iter().all(Subject::has_come_to_all),
        fault: fault.map(|fault| format!("{fault:#}")),
    })
}

fn tell(stage: &mut Stage, case: &Case, expected: &Expected) -> Result<()> {
    match case.story {
        Story::Order => order(stage, 0, &expected.small),
        Story::Large => order(stage, LARGE, &expected.large),
        Story::Cancel => cancel(stage),
        Story::Expiry => expiry(stage, case, expected),
        Story::Stopped(lines) => stopped(stage, lines, expected),
        Story::Full(bytes) => {
            let bytes = bytes.to_string();
            stage.subjects[0].arguments(&["--most-bytes", &bytes]);
            full(stage, expected)
        }
        Story::Limit(blocks) => {
            stage.subjects[0].file_limit = Some(blocks);
            full(stage, expected)
        }
        Story::ReadOnly => read_only(stage, expected),
        Story::Clock(hours) => clock(stage, hours, expected),
        Story::Compact(micros) => compact(stage, micros, expected),
        Story::Random(seed) => {
            stage.kill_at_random(seed, 8);
            let padding = if seed % 5 == 0 { LARGE } else { 0 };
            let expected = if padding == 0 {
                &expected.small
            } else {
                &expected.large
            };
            order(stage, padding, expected)
        }
    }
}

/// The result of a run that nobody disturbs.
pub(super) fn undisturbed(program: &Path, folder: &Path, padding: usize) -> Result<String> {
    let case: Case = "order 2026-07-28 1 ".parse()?;
    let mut stage = Stage::new(program, folder, &case)?;
    let mut task = stage.create("key", padded(padding))?;
    stage.finish(&mut task)?;
    ensure!(
        task.history.status() == "completed",
        "a task that nobody disturbed is {}",
        task.history.status()
    );
    Ok(task.history.result().unwrap_or_default().to_owned())
}

fn order(stage: &mut Stage, padding: usize, expected: &str) -> Result<()> {
    let mut task = stage.create("key", padded(padding))?;
    stage.finish(&mut task)?;
    stage.must_stay(&mut task, expected)
}

/// Once the wish is acknowledged, the task is cancelled for ever; one whose acknowledgement was lost is cancelled or is not.
fn cancel(stage: &mut Stage) -> Result<()> {
    let mut task = stage.create("key", padded(0))?;
    stage.until_lines(5)?;
    let id = task.id.clone();
    let said = stage.ask("cancelling", |peer| peer.about("tasks/cancel", &id))?;
    stage.look(&mut task)?;
    ensure!(
        task.history.status() == "cancelled",
        "after {said:?} the task is {}",
        task.history.status()
    );
    for subject in &mut stage.subjects {
        subject.kill()?;
    }
    let lines = stage.ledger().done();
    let until = Instant::now() + Duration::from_millis(150);
    while Instant::now() < until {
        stage.look(&mut task)?;
    }
    ensure!(stage.ledger().done() == lines, "a cancelled task went on");
    stage.ledger().check()?;
    stage.must_be_found(&task)
}

/// One task lives long, the other one's time is over soon: that one fails, and goes; the other one is not touched.
fn expiry(stage: &mut Stage, case: &Case, expected: &Expected) -> Result<()> {
    let points = stage.subjects[0].take_points();
    let mut long = stage.create("long", padded(0))?;
    for subject in &mut stage.subjects {
        subject.kill()?;
        subject.arguments(&["--lifetime", "250", "--grace", "150", "--lease", "300"]);
    }
    for point in points {
        stage.subjects[0].point(&point);
    }
    let mut short = stage.create("short", padded(0))?;
    let id = short.id.clone();
    loop {
        match stage.ask("looking", |peer| peer.about("tasks/get", &id))? {
            Said::Result(seen) => short.history.saw(&seen)?,
            Said::Refused(_) => break,
        }
        stage.look(&mut long)?;
        stage.must_have_time(&format!("{case}: the task does not go"))?;
        thread::sleep(Duration::from_millis(4));
    }
    for _ in 0..5 {
        let said = stage.ask("looking", |peer| peer.about("tasks/get", &id))?;
        ensure!(
            matches!(said, Said::Refused(_)),
            "a task that was gone is there: {said:?}"
        );
    }
    stage.finish(&mut long)?;
    stage.must_stay(&mut long, &expected.small)
}

/// A process is stopped for longer than its lease, and goes on when another one may have its task.
fn stopped(stage: &mut Stage, lines: usize, expected: &Expected) -> Result<()> {
    for subject in &mut stage.subjects {
        subject.arguments(&["--lease", "300"]);
    }
    let has_other = stage.subjects.len() > 1;
    let mut task = stage.create("key", padded(0))?;
    // It runs where it was made, or where it was taken later: any one of them is stopped.
    let victim = if has_other { lines % 2 } else { 0 };
    while stage.ledger().done() < lines && !task.history.has_ended() {
        let seen = stage.look(&mut task)?;
        if task.history.status() == "input_required" {
            stage.answer(&mut task, &seen)?;
        }
    }
    stage.subjects[victim].signal(Signal::STOP);
    let stopped = Instant::now();
    if has_other {
        stage.only = Some(1 - victim);
        while stopped.elapsed() < Duration::from_millis(700) && !task.history.has_ended() {
            let seen = stage.look(&mut task)?;
            if task.history.status() == "input_required" {
                stage.answer(&mut task, &seen)?;
            }
            thread::sleep(Duration::from_millis(4));
        }
        stage.only = None;
    } else {
        thread::sleep(Duration::from_millis(700));
    }
    stage.subjects[victim].signal(Signal::CONT);
    stage.finish(&mut task)?;
    stage.must_stay(&mut task, &expected.small)
}

/// New work is refused when there is no room, what was acknowledged is there, and it goes on when there is room again.
fn full(stage: &mut Stage, expected: &Expected) -> Result<()> {
    let arguments = json!({"memo": "m".repeat(8 * 1024)});
    let mut tasks = Vec::new();
    let message = loop {
        let key = format!("key-{}", tasks.len());
        match stage.ask("making", |peer| peer.create(&key, &arguments, None))? {
            Said::Result(task) => tasks.push(Task::made(&key, arguments.clone(), &task)?),
            Said::Refused(message) => break message,
        }
        ensure!(tasks.len() < 500, "there was room for 500 tasks");
    };
    ensure!(
        !tasks.is_empty(),
        "there was no room for one task: {message}"
    );
    ensure!(
        message.contains("store"),
        "what was refused for lack of room was told `{message}`"
    );
    for task in &mut tasks {
        stage.look(task)?;
    }
    stage.subjects[0].kill()?;
    stage.subjects[0].file_limit = None;
    stage.subjects[0].arguments(&[]);
    let mut one = stage.create("one-more", padded(0))?;
    for task in &mut tasks {
        stage.look(task)?;
        stage.must_be_found(task)?;
    }
    tasks.truncate(3);
    for task in &mut tasks {
        stage.finish(task)?;
        stage.must_stay(task, &expected.small)?;
    }
    stage.finish(&mut one)?;
    stage.must_stay(&mut one, &expected.small)
}

/// A file that may not be written to is refused with its name, and is as it was when it may be again.
fn read_only(stage: &mut Stage, expected: &Expected) -> Result<()> {
    const NOBODY: u32 = 65_534;
    let mut task = stage.create("key", padded(0))?;
    stage.look_until(&mut task, |seen| seen["status"] == "input_required")?;
    stage.subjects[0].kill()?;
    let file = stage.folder.join("tasks.db");
    let mode = |mode: u32| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
    let is_root = geteuid().is_root();
    if is_root {
        // Root may write everywhere: another user has to try.
        for file in std::fs::read_dir(&stage.folder)? {
            chown(file?.path(), Some(NOBODY), Some(NOBODY))?;
        }
        chown(&stage.folder, Some(NOBODY), Some(NOBODY))?;
    }
    mode(0o400)?;
    let told = stage.subjects[0].refusal(is_root.then_some(NOBODY))?;
    mode(0o600)?;
    ensure!(
        told.contains("tasks.db") && told.contains("write"),
        "a file that cannot be written to was refused with `{told}`"
    );
    stage.look(&mut task)?;
    stage.finish(&mut task)?;
    stage.must_stay(&mut task, &expected.small)
}

/// The clock is wrong after a restart, or in one of two processes, and right again later.
fn clock(stage: &mut Stage, hours: i64, expected: &Expected) -> Result<()> {
    let hours = hours.to_string();
    let mut task = stage.create("key", padded(0))?;
    let has_other = stage.subjects.len() > 1;
    stage.look_until(&mut task, |seen| seen["status"] == "input_required")?;
    stage.subjects[0].kill()?;
    stage.subjects[0].arguments(&["--lease", "300", "--clock-hours", &hours]);
    let seen = stage.look(&mut task)?;
    stage.answer(&mut task, &seen)?;
    if !has_other {
        stage.look_until(&mut task, |_| true)?;
        stage.until_lines(14)?;
        stage.subjects[0].kill()?;
        stage.subjects[0].arguments(&["--lease", "300"]);
    }
    stage.finish(&mut task)?;
    stage.must_stay(&mut task, &expected.small)
}

/// A file whose compacting was killed is whole, and everything is there.
fn compact(stage: &mut Stage, micros: u64, expected: &Expected) -> Result<()> {
    let mut numbers = Numbers(micros | 1);
    let mut tasks = Vec::new();
    for number in 0..6 {
        let arguments = json!({"memo": "m".repeat(usize::try_from(numbers.next() % 60_000)?)});
        tasks.push(stage.create(&format!("key-{number}"), arguments)?);
    }
    // What is gone leaves room.
    let gone = tasks.split_off(4);
    for mut task in gone {
        let id = task.id.clone();
        stage.ask("cancelling", |peer| peer.about("tasks/cancel", &id))?;
        stage.look(&mut task)?;
    }
    stage.subjects[0].kill()?;
    let mut compacting = stage.subjects[0].run(&["compact"])?;
    thread::sleep(Duration::from_micros(micros));
    if compacting.try_wait()?.is_none() {
        compacting.kill()?;
        stage.subjects[0].kills += 1;
    }
    compacting.wait()?;
    let status = stage.subjects[0].run(&["check"])?.wait()?;
    ensure!(
        status.success(),
        "the file is damaged: {}",
        stage.subjects[0].tail()
    );
    for task in &mut tasks {
        stage.look(task)?;
        stage.finish(task)?;
        stage.must_stay(task, &expected.small)?;
    }
    Ok(())
}

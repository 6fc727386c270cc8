//! `cargo xtask crash`: servers that are killed at every point, over and over, and must not lose what they acknowledged.
//!
//! A case is one story of one client (`stories.rs`), played against processes (`subject.rs`) of the example `crash` of the crate
//! `midfield`, which end by SIGKILL where `CRASH_AT` says. What a client may see is in `history.rs`, what the world outside may
//! see in `ledger.rs`. The cases are in `rows.rs`: all of them, or a few of each row in `cargo xtask test`.

mod case;
mod history;
mod ledger;
mod peer;
mod rows;
mod stage;
mod stories;
mod subject;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::case::Case;
use self::rows::{Row, Series};
use self::stories::{Expected, play, undisturbed};
use crate::process::run;
use crate::table::Table;
use crate::workspace::{build, cargo};

/// How much to kill.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often processes are killed at the least: after all points, at random times.
    #[arg(long, default_value_t = 500)]
    kills: usize,
    /// How many seeds the simulation of the engine goes through; 0 leaves it out.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// Run one case alone, as a failure names it.
    #[arg(long)]
    case: Option<String>,
    /// Run a few cases of each row.
    #[arg(long)]
    short: bool,
    /// How many cases run at once.
    #[arg(long, default_value_t = 3)]
    jobs: usize,
}

/// How many cases are killed at random times at the least.
const AT_RANDOM: usize = 30;

/// How long the simulation may take.
const SIMULATION_LIMIT: Duration = Duration::from_hours(2);

/// Runs the matrix; fails when anything was lost or wrong.
pub(crate) fn crash(options: &Options) -> Result<()> {
    let matrix = Matrix::build()?;
    let began = Instant::now();
    if let Some(case) = &options.case {
        return matrix.one(&case.parse()?);
    }
    let rows = rows::rows();
    if options.short {
        let short = |(number, row): (usize, Row)| (row.name, series_of(row.short(number)));
        let rows = rows.into_iter().enumerate().map(short).collect();
        return judge(&matrix.run(rows, options.jobs, 0), began);
    }
    let mut all: Vec<_> = rows.into_iter().map(|row| (row.name, row.series)).collect();
    let random = rows::random(options.kills.max(AT_RANDOM) as u64);
    all.push((random.name, random.series));
    let results = matrix.run(all, options.jobs, options.kills);
    judge(&results, began)?;
    simulate(options.seeds)
}

/// A few cases of each row: about twenty seconds.
pub(crate) fn short() -> Result<()> {
    crash(&Options {
        kills: 0,
        seeds: 0,
        case: None,
        short: true,
        jobs: 3,
    })
}

/// Each case for itself.
fn series_of(cases: Vec<Case>) -> Vec<Series> {
    let series = |case| Series {
        cases: vec![case],
        until_missed: false,
        usual: 1,
    };
    cases.into_iter().map(series).collect()
}

/// Cases that need not wait for each other.
fn apart(series: Series) -> Vec<Series> {
    if series.until_missed {
        vec![series]
    } else {
        series_of(series.cases)
    }
}

/// Files of cases that failed are worth a look; others are not.
impl Drop for Matrix {
    fn drop(&mut self) {
        if !self.has_failed.load(Ordering::Relaxed) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// What became of a row.
#[derive(Debug)]
struct Tally {
    name: &'static str,
    cases: usize,
    kills: usize,
    lost: Vec<String>,
    wrong: Vec<String>,
}

/// What is killed, where, and what it comes to when nobody kills it.
#[derive(Debug)]
struct Matrix {
    program: PathBuf,
    folder: PathBuf,
    expected: Expected,
    has_failed: AtomicBool,
}

impl Matrix {
    fn build() -> Result<Self> {
        let program = build(&["--locked", "--package", "midfield", "--example", "crash"])?;
        // Another user has to reach it, in one of the cases.
        let folder = std::env::temp_dir().join(format!("midfield-crash-{}", std::process::id()));
        let mut matrix = Self {
            program,
            folder,
            expected: Expected::default(),
            has_failed: AtomicBool::new(false),
        };
        let undisturbed =
            |padding| undisturbed(&matrix.program, &matrix.folder.join("undisturbed"), padding);
        matrix.expected = Expected {
            small: undisturbed(0)?,
            large: undisturbed(stage::LARGE)?,
        };
        Ok(matrix)
    }

    fn one(&self, case: &Case) -> Result<()> {
        let folder = self.folder.with_extension("case");
        let began = Instant::now();
        let played = play(&self.program, &folder, case, &self.expected)?;
        println!(
            "{case}: {} kills in {} ms; its files are in {}",
            played.kills,
            began.elapsed().as_millis(),
            folder.display()
        );
        if !played.has_come_to_all {
            println!("it has not come to all of its points");
        }
        match played.fault {
            None => Ok(()),
            Some(fault) => bail!("{fault}"),
        }
    }

    /// Runs the rows, the last one only until there were so many kills.
    fn run(&self, rows: Vec<(&'static str, Vec<Series>)>, jobs: usize, kills: usize) -> Vec<Tally> {
        let tally = |(name, _): &(&'static str, Vec<Series>)| Tally {
            name,
            cases: 0,
            kills: 0,
            lost: Vec::new(),
            wrong: Vec::new(),
        };
        let tallies: Mutex<Vec<Tally>> = Mutex::new(rows.iter().map(tally).collect());
        let last = rows.len().saturating_sub(1);
        let rows = rows.into_iter().enumerate();
        let series = rows.flat_map(|(row, (_, series))| {
            let series = series.into_iter().flat_map(apart);
            series.map(move |series| (row, series))
        });
        let queue: Mutex<VecDeque<_>> = Mutex::new(series.collect());
        thread::scope(|scope| {
            for job in 0..jobs.max(1) {
                let (queue, tallies) = (&queue, &tallies);
                let folder = self.folder.join(format!("job-{job}"));
                scope.spawn(move || {
                    loop {
                        // Not held while the cases run.
                        let next = lock(queue).pop_front();
                        let Some((row, series)) = next else { break };
                        let done: usize = lock(tallies).iter().map(|tally| tally.kills).sum();
                        let at_random = lock(tallies)[row].cases;
                        if row == last && done >= kills && at_random >= AT_RANDOM && kills > 0 {
                            continue;
                        }
                        self.series(&folder, &series, |tell| tell(&mut lock(tallies)[row]));
                    }
                });
            }
        });
        tallies.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn series(
        &self,
        folder: &Path,
        series: &Series,
        mut tally: impl FnMut(&mut dyn FnMut(&mut Tally)),
    ) {
        for case in &series.cases {
            let played = play(&self.program, folder, case, &self.expected);
            let (kills, has_come_to_all, fault) = match played {
                Ok(played) => (played.kills, played.has_come_to_all, played.fault),
                Err(error) => (0, true, Some(format!("{error:#}"))),
            };
            if let Some(fault) = &fault {
                self.has_failed.store(true, Ordering::Relaxed);
                println!("FAILED `{case}`: {fault}\n  again: cargo xtask crash --case \"{case}\"");
            }
            tally(&mut |tally| {
                tally.cases += 1;
                if tally.cases % 50 == 0 {
                    println!("{}: {} cases", tally.name, tally.cases);
                }
                tally.kills += kills;
                if let Some(fault) = &fault {
                    let list = if fault.starts_with("lost") {
                        &mut tally.lost
                    } else {
                        &mut tally.wrong
                    };
                    list.push(case.to_string());
                }
            });
            if series.until_missed && !has_come_to_all {
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints the table.
fn judge(tallies: &[Tally], began: Instant) -> Result<()> {
    let mut table = Table::new(&["killed", "cases:", "kills:", "lost:", "wrong:"]);
    let mut sums = [0; 4];
    for tally in tallies {
        let numbers = [
            tally.cases,
            tally.kills,
            tally.lost.len(),
            tally.wrong.len(),
        ];
        for (sum, number) in sums.iter_mut().zip(numbers) {
            *sum += number;
        }
        let mut cells = vec![tally.name.to_owned()];
        cells.extend(numbers.map(|number| number.to_string()));
        table.push(cells);
    }
    let mut cells = vec!["all".to_owned()];
    cells.extend(sums.map(|number| number.to_string()));
    table.push(cells);
    println!("\n{table}\n{} s", began.elapsed().as_secs());
    let failed: Vec<_> = tallies
        .iter()
        .flat_map(|it| it.lost.iter().chain(&it.wrong))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    for case in &failed {
        println!("again: cargo xtask crash --case \"{case}\"");
    }
    bail!("{} cases failed: {} lost something", failed.len(), sums[2])
}

/// Runs the engine's simulation with so many seeds.
fn simulate(seeds: u64) -> Result<()> {
    if seeds == 0 {
        return Ok(());
    }
    let mut command = cargo();
    command
        .args([
            "nextest",
            "run",
            "--locked",
            "--no-tests",
            "warn",
            "--package",
            "midfield-durable",
            "simulation",
        ])
        .env("MIDFIELD_SEEDS", seeds.to_string());
    run(&mut command, SIMULATION_LIMIT)
}

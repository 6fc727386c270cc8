//! What goes wrong.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use midfield_durable::Clock;
use midfield_durable::engine::EngineOptions;

use super::super::support::line::{Fate, Fates, Verb};
use super::super::support::site::Site;
use super::super::support::{milliseconds, options, seconds};
use super::Simulation;
use super::rng::Rng;

/// How often things go wrong, in a thousand cases each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    fails: u64,
    unknown: u64,
    dies: u64,
    late: u64,
    very_late: u64,
    /// Whether clocks of processes differ, by up to an hour.
    skews: bool,
}

impl Odds {
    pub(super) fn of(rng: &mut Rng) -> Self {
        Self {
            fails: *rng.pick(&[0, 5, 50, 200]),
            unknown: *rng.pick(&[0, 5, 50, 100]),
            dies: *rng.pick(&[0, 0, 1, 5]),
            late: *rng.pick(&[0, 50, 500, 1_000]),
            very_late: *rng.pick(&[0, 0, 2, 20]),
            skews: rng.chance(300),
        }
    }

    fn fate(self, rng: &mut Rng) -> Fate {
        let happens = rng.chance(500);
        if rng.chance(self.fails) {
            Fate::Fails
        } else if rng.chance(self.unknown) {
            Fate::Unknown { happens }
        } else if rng.chance(self.dies) {
            Fate::Dies { happens }
        } else if rng.chance(self.very_late) {
            Fate::Late {
                before: rng.milliseconds(0, 6_000),
                after: rng.milliseconds(0, 6_000),
            }
        } else if rng.chance(self.late) {
            Fate::Late {
                before: rng.milliseconds(0, 40),
                after: rng.milliseconds(0, 40),
            }
        } else {
            Fate::Happens
        }
    }
}

/// How engines of a simulation work: small limits, so that they are met.
pub(super) fn engine_options(rng: &mut Rng) -> EngineOptions {
    let mut options = options();
    options.lease = *rng.pick(&[seconds(1), seconds(3)]);
    options.park_after = *rng.pick(&[milliseconds(50), milliseconds(300), seconds(1)]);
    options.look_interval = *rng.pick(&[milliseconds(100), milliseconds(400), seconds(1)]);
    options.concurrency = (2 + usize::try_from(rng.below(6)).unwrap())
        .try_into()
        .unwrap();
    options.concurrency_per_owner = 2.try_into().unwrap();
    options.unfinished_per_owner = 4.try_into().unwrap();
    options.deliveries = 1_000.try_into().unwrap();
    options.cancel_grace = seconds(1);
    options.shutdown_grace = seconds(1);
    options.expired_grace = seconds(30);
    options
}

/// The fates of one process, written to the trace.
pub(super) fn fates(simulation: &Arc<Simulation>, process: u64) -> Fates {
    let odds = simulation.odds;
    let rng = Mutex::new(Rng::new(simulation.seed, 2_000 + process));
    let simulation = Arc::downgrade(simulation);
    Arc::new(move |verb: Verb| {
        let Some(simulation) = simulation.upgrade() else {
            return Fate::Happens;
        };
        let fate = if simulation.is_over() {
            Fate::Happens
        } else {
            odds.fate(&mut rng.lock().unwrap())
        };
        let mut history = simulation.history();
        let task = verb.task.map(|id| history.number(id));
        let at = simulation.begun.elapsed().as_millis();
        history.note(format!("{at} {process} {} {task:?} {fate:?}", verb.name));
        fate
    })
}

/// One place where processes run, one after the other.
pub(super) async fn slot(simulation: Arc<Simulation>, number: u64) {
    let mut rng = Rng::new(simulation.seed, 3_000 + number);
    let mut process = number * 100;
    while !simulation.is_over() {
        process += 1;
        let skew = if simulation.odds.skews {
            *rng.pick(&[0, 0, -3_600, 3_600])
        } else {
            0
        };
        let site = begin(&simulation, &mut rng, process, skew);
        simulation.put_site(number, Some(site.clone()));
        while !site.gate.is_dead() && !simulation.is_over() {
            tokio::time::sleep(rng.milliseconds(100, 6_000)).await;
            let most = site.options().concurrency.get();
            assert!(
                site.running() <= most,
                "I8: {} of {most} run",
                site.running()
            );
            match rng.below(6) {
                0 => site.gate.kill(),
                1 => {
                    site.gate.stop();
                    tokio::time::sleep(rng.milliseconds(100, 8_000)).await;
                    site.gate.go_on();
                }
                2 => {
                    simulation.put_site(number, None);
                    let _ = tokio::time::timeout(seconds(20), site.shut_down()).await;
                    site.gate.kill();
                }
                _ => {}
            }
        }
        site.gate.kill();
        simulation.put_site(number, None);
        tokio::time::sleep(rng.milliseconds(0, 3_000)).await;
    }
}

/// A process whose clock is `skew` seconds off.
pub(super) fn begin(simulation: &Arc<Simulation>, rng: &mut Rng, process: u64, skew: i64) -> Site {
    let day = Duration::from_hours(24 * 20_000) + simulation.begun.elapsed();
    let off = Duration::from_secs(skew.unsigned_abs());
    let shown = if skew < 0 {
        day.saturating_sub(off)
    } else {
        day + off
    };
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + shown);
    let fates = fates(simulation, process);
    Site::begin(&simulation.world, engine_options(rng), clock, fates)
}

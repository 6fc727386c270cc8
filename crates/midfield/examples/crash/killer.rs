//! Where the process ends: at a point that is counted, by SIGKILL, so that nothing of it is tidied up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// Kills the process at the point that `CRASH_AT` names: `before write 7`, `after write 7`, or `amid write 7 500`, which is
/// 500 microseconds after the seventh `write` was begun.
#[derive(Clone, Debug)]
pub(crate) struct Killer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    point: Option<Point>,
    counts: Mutex<HashMap<&'static str, u64>>,
}

#[derive(Debug)]
struct Point {
    when: When,
    what: String,
    number: u64,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Before,
    Amid(Duration),
    After,
}

impl Killer {
    /// As the environment says; without `CRASH_AT` the process is not killed.
    ///
    /// # Errors
    /// When that is no point.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let point = std::env::var("CRASH_AT").ok();
        let point =
            point.map(|text| Point::read(&text).ok_or_else(|| format!("`{text}` is no point")));
        Ok(Self(Arc::new(Inner {
            point: point.transpose()?,
            counts: Mutex::default(),
        })))
    }

    /// Counts `what` once more.
    pub(crate) fn turn(&self, what: &'static str) -> Turn {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(what).or_default();
        *count += 1;
        let point = self.0.point.as_ref();
        let point = point.filter(|point| point.what == what && point.number == *count);
        Turn(point.map(|point| point.when))
    }
}

impl Point {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (when, what) = (words.next()?, words.next()?);
        let number = words.next()?.parse().ok()?;
        let when = match (when, words.next()) {
            ("before", None) => When::Before,
            ("after", None) => When::After,
            ("amid", Some(micros)) => When::Amid(Duration::from_micros(micros.parse().ok()?)),
            _ => return None,
        };
        Some(Self {
            when,
            what: what.to_owned(),
            number,
        })
    }
}

/// One use of what is counted.
#[derive(Debug)]
pub(crate) struct Turn(Option<When>);

impl Turn {
    /// It is about to begin.
    pub(crate) fn begins(&self) {
        match self.0 {
            Some(When::Before) => die(),
            Some(When::Amid(delay)) => {
                thread::spawn(move || {
                    thread::sleep(delay);
                    die()
                });
            }
            _ => {}
        }
    }

    /// It is done, and nobody has been told.
    pub(crate) fn is_done(&self) {
        if matches!(self.0, Some(When::After)) {
            die();
        }
    }
}

fn die() -> ! {
    // It cannot fail; should it do so, the process hangs, and whoever waits for its end says so.
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        thread::park();
    }
}

//! What else the machine does: other processes spoil a measurement, so each says how much they took.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Processors that others may take up for a measurement to count as quiet.
pub(super) const QUIET: f64 = 0.25;

/// Processor time at one moment, in clock ticks since the machine started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    /// All processors, busy with anything.
    busy: u32,
    /// All processors, busy or idle.
    total: u32,
    /// This process and its children that have ended.
    ours: u32,
    processors: u32,
}

impl Snapshot {
    /// Reads the counters.
    pub(super) fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("could not read /proc/stat")?;
        let ours =
            fs::read_to_string("/proc/self/stat").context("could not read /proc/self/stat")?;
        Self::read(&text, &ours).context("could not understand /proc/stat")
    }

    fn read(machine: &str, ours: &str) -> Option<Self> {
        let all = numbers(machine.lines().next()?.strip_prefix("cpu ")?);
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user already.
        let [user, nice, system, idle, iowait, irq, softirq, steal] = *all.first_chunk()?;
        let busy = user + nice + system + irq + softirq + steal;
        // After the command's name: utime, stime, cutime and cstime are fields 11 to 14.
        let own = numbers(ours.rsplit_once(')')?.1.trim_start().split_once(' ')?.1);
        let processors = machine
            .lines()
            .filter(|line| line.starts_with("cpu"))
            .count()
            .checked_sub(1)?;
        Some(Self {
            busy: u32::try_from(busy).ok()?,
            total: u32::try_from(busy + idle + iowait).ok()?,
            ours: u32::try_from(own.get(10..14)?.iter().sum::<u64>()).ok()?,
            processors: u32::try_from(processors).ok()?,
        })
    }

    /// How many processors others took up since `earlier`. Our own children count as ours once they have ended.
    pub(super) fn others_since(self, earlier: Self) -> f64 {
        let elapsed =
            f64::from(self.total.saturating_sub(earlier.total)) / f64::from(self.processors.max(1));
        let ours = self.ours.saturating_sub(earlier.ours);
        let others = self.busy.saturating_sub(earlier.busy).saturating_sub(ours);
        f64::from(others) / elapsed.max(1.0)
    }
}

/// Waits until other processes are quiet, for so long at the most.
pub(super) fn wait_until_quiet(patience: Duration) -> Result<()> {
    let begin = Instant::now();
    loop {
        let earlier = Snapshot::now()?;
        thread::sleep(Duration::from_millis(250));
        if Snapshot::now()?.others_since(earlier) < QUIET || begin.elapsed() > patience {
            return Ok(());
        }
    }
}

/// The numbers of a line; negative ones, of which the counters have none, become 0.
fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace()
        .map(|word| word.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 20 30 40 50 0 0";

    #[test]
    fn what_others_took_leaves_out_what_we_took() {
        let earlier =
            Snapshot::read("cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0\ncpu1 0\nintr 5\n", OWN).unwrap();
        let own = OWN.replace(" 20 30 40 50 ", " 30 40 50 60 ");
        let later = Snapshot::read(
            "cpu 60 0 20 110 10 0 0 0 0 0\ncpu0 0\ncpu1 0\nintr 5\n",
            &own,
        )
        .unwrap();
        // 200 ticks on two processors are 100 of time; 80 were busy, 40 of them ours.
        assert!(
            (later.others_since(earlier) - 0.4).abs() < 1e-9,
            "{}",
            later.others_since(earlier)
        );
    }

    #[test]
    fn this_machine_can_be_read() {
        assert!(Snapshot::now().unwrap().processors > 0);
    }
}

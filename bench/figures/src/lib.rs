//! What a run prints. The names of the members are an interface: `cargo xtask bench` reads them.

mod usage;

pub use self::usage::Usage;

use std::time::Duration;

use serde::Serialize;

/// The figures of one run.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Requests that were answered inside the timed window.
    pub done: u32,
    /// Requests per second.
    pub per_second: f64,
    /// Median time from the request to its answer, in microseconds.
    pub median_microseconds: f64,
    /// Time that 99 of 100 requests took at most, in microseconds.
    pub p99_microseconds: f64,
    /// Processor time for each request, of the server or of the client that was measured, in microseconds; 0 when no process
    /// was named.
    pub cpu_microseconds: f64,
    /// Its resident memory at the end, in KiB; 0 when no process was named.
    pub memory_kib: u64,
}

impl Figures {
    /// The figures of requests with these latencies, done in `time`, while the process went from `before` to `after`.
    pub fn new(mut latencies: Vec<Duration>, time: Duration, before: Usage, after: Usage) -> Self {
        latencies.sort_unstable();
        let done = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
        let cpu = after.cpu.saturating_sub(before.cpu);
        Self {
            done,
            per_second: f64::from(done) / time.as_secs_f64(),
            median_microseconds: quantile(&latencies, 50),
            p99_microseconds: quantile(&latencies, 99),
            cpu_microseconds: cpu.as_secs_f64() * 1e6 / f64::from(done.max(1)),
            memory_kib: after.memory_kib,
        }
    }
}

/// A percentile of sorted times, in microseconds; 0 when there are none.
fn quantile(sorted: &[Duration], percent: usize) -> f64 {
    let index = sorted.len().saturating_sub(1) * percent / 100;
    sorted
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_count_what_was_done_in_the_time() {
        let latencies = (1..=101).rev().map(Duration::from_micros).collect();
        let after = Usage {
            cpu: Duration::from_micros(202),
            memory_kib: 7,
        };
        let figures = Figures::new(latencies, Duration::from_secs(2), Usage::default(), after);
        assert_eq!((figures.done, figures.per_second), (101, 50.5));
        assert_eq!(
            (figures.median_microseconds, figures.p99_microseconds),
            (51.0, 100.0)
        );
        assert_eq!((figures.cpu_microseconds, figures.memory_kib), (2.0, 7));
    }
}

//! Processor time and memory of another process, from Linux's `/proc`.

use std::fs;
use std::time::Duration;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time of all its living threads.
    pub cpu: Duration,
    /// Resident memory.
    pub memory_kib: u64,
}

impl Usage {
    /// What the process with this id has used; nothing when there is none, or when `/proc` does not say.
    pub fn of(pid: u32) -> Self {
        Self {
            cpu: cpu(pid),
            memory_kib: memory_kib(pid).unwrap_or(0),
        }
    }
}

fn cpu(pid: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Duration::ZERO;
    };
    let nanoseconds = |schedstat: String| schedstat.split_whitespace().next()?.parse().ok();
    threads
        .flatten()
        .filter_map(|thread| {
            fs::read_to_string(thread.path().join("schedstat"))
                .ok()
                .and_then(nanoseconds)
        })
        .map(Duration::from_nanos)
        .sum()
}

fn memory_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_an_absent_one_nothing() {
        assert!(Usage::of(std::process::id()).memory_kib > 100);
        assert_eq!(Usage::of(u32::MAX).memory_kib, 0);
    }
}

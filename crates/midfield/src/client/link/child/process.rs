//! A process that was started, with all that it has started in turn, and how they are ended.

use std::pin::pin;
use std::time::Duration;

use super::super::pipe::End;

/// A process and all that it has started. Dropping it leaves nothing of them.
pub(super) struct Process {
    child: tokio::process::Child,
    group: Group,
    has_ended: bool,
}

impl Process {
    pub(super) fn new(child: tokio::process::Child) -> Self {
        Self {
            group: Group::of(&child),
            child,
            has_ended: false,
        }
    }

    /// Moves bytes until one side ends. What the process has started may keep its output open when it has ended itself.
    pub(super) async fn drive(&mut self, driving: impl Future<Output = End>) -> End {
        let mut driving = pin!(driving);
        tokio::select! {
            biased;
            end = &mut driving => return end,
            _ = self.child.wait() => {}
        }
        // What it wrote before it ended is still read.
        let rest = tokio::time::timeout(REST, driving).await;
        rest.unwrap_or(End::Exited)
    }

    /// Waits for the end of the process, which has been told to end, and helps it along.
    pub(super) async fn finish(&mut self) -> String {
        let steps = [Step::Wait, Step::Terminate, Step::Kill];
        for step in steps {
            match step {
                Step::Wait => {}
                Step::Terminate => self.group.terminate(),
                Step::Kill => {
                    self.group.kill();
                    // The group may be out of reach: the process itself is not.
                    let _ = self.child.start_kill();
                }
            }
            if let Ok(status) = tokio::time::timeout(PATIENCE, self.child.wait()).await {
                self.has_ended = true;
                // What it has started and left behind ends with it.
                self.group.kill();
                return match status {
                    Ok(status) => format!("the server has ended ({status})"),
                    Err(error) => format!("how the server has ended cannot be found out: {error}"),
                };
            }
        }
        "the server does not end, though it was killed".into()
    }
}

/// The runtime is shut down, or nobody is left to wait for the end in good order.
impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        self.group.kill();
        let _ = self.child.start_kill();
        // Nobody else would take note of its end, and it would stay in the list of processes until this one ends, too.
        for _ in 0..LAST_LOOKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LAST_LOOK);
        }
    }
}

/// How far the server is pressed to end.
#[derive(Clone, Copy)]
enum Step {
    /// It has read the end of its input.
    Wait,
    Terminate,
    Kill,
}

/// The processes that a server has started, and itself.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(process: &tokio::process::Child) -> Self {
        let leader = process.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: leader.and_then(rustix::process::Pid::from_raw),
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // A group of which nobody is left cannot be signalled.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

/// Elsewhere the process itself is all that can be ended.
#[cfg(not(unix))]
impl Group {
    fn of(_: &tokio::process::Child) -> Self {
        Self {}
    }

    fn terminate(&self) {}

    fn kill(&self) {}
}

/// How long the server may take for each step of its end.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long its output is still read after it has ended.
const REST: Duration = Duration::from_secs(1);

/// How often, and how long after one another, it is looked whether a process is gone that was killed.
const LAST_LOOKS: usize = 200;
const LAST_LOOK: Duration = Duration::from_millis(1);

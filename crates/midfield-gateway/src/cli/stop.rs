//! What stops a command before its end: Ctrl-C, also where it comes as a key, and the signals that end programs.

use std::sync::LazyLock;

use tokio::sync::watch;

use super::exit::Exit;

/// Why a command stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupted,
    /// By SIGTERM.
    Terminated,
    /// By SIGHUP: the terminal is gone.
    HungUp,
}

impl Stop {
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::Terminated => Exit::Terminated,
            Self::HungUp => Exit::HungUp,
        }
    }

    /// What it is told as.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Interrupted => "stopped by Ctrl-C",
            Self::Terminated => "stopped by SIGTERM",
            Self::HungUp => "stopped: the terminal was closed",
        }
    }
}

/// How often Ctrl-C came as a key. It is the process that is stopped, as by the signal.
static PRESSED: LazyLock<watch::Sender<u64>> = LazyLock::new(watch::Sender::default);

/// Ctrl-C came as a key, of a terminal that makes no signal of it.
pub(super) fn press() {
    PRESSED.send_modify(|count| *count += 1);
}

/// How often Ctrl-C came as a key so far.
pub(super) fn pressed() -> u64 {
    *PRESSED.borrow()
}

/// Waits until the command is to stop.
pub(super) async fn stopped() -> Stop {
    let mut pressed = PRESSED.subscribe();
    tokio::select! {
        // Whoever cannot hear of a signal is ended by it.
        Ok(()) = tokio::signal::ctrl_c() => Stop::Interrupted,
        Ok(()) = pressed.changed() => Stop::Interrupted,
        stop = signalled() => stop,
    }
}

#[cfg(unix)]
async fn signalled() -> Stop {
    use std::io::IsTerminal as _;

    use tokio::signal::unix::{SignalKind, signal};

    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let hung_up = async {
        // `nohup` takes the terminal away, and wants the command to go on: then the signal is left as it is.
        let is_there = std::io::stdin().is_terminal();
        match is_there.then(|| signal(SignalKind::hangup())) {
            Some(Ok(mut signals)) => drop(signals.recv().await),
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => Stop::Terminated,
        () = hung_up => Stop::HungUp,
    }
}

#[cfg(not(unix))]
async fn signalled() -> Stop {
    std::future::pending().await
}

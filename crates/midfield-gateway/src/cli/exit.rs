//! How commands end that are about servers: the exit codes, which stay as they are.

use midfield::client;

use super::stop::Stop;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Failed,
    Usage,
    Unreachable,
    NotFound,
    NeedsAnswer,
    TimedOut,
    HungUp,
    Interrupted,
    Terminated,
}

impl Exit {
    const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Unreachable,
        Self::NotFound,
        Self::NeedsAnswer,
        Self::TimedOut,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::NotFound => 4,
            Self::NeedsAnswer => 5,
            // As `timeout` has it, and shells after a signal.
            Self::TimedOut => 124,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "what was called failed, or was refused",
            Self::Usage => "the command line is not understood, or has a value that does not fit",
            Self::Unreachable => {
                "the server cannot be reached or started, is none, or does not let us in"
            }
            Self::NotFound => "there is no such server, tool, prompt, resource or task",
            Self::NeedsAnswer => "an answer or a consent is needed, and nobody is there to give it",
            Self::TimedOut => {
                "it took longer than `--timeout`, or than a server may take to answer"
            }
            Self::HungUp => "stopped because its terminal was closed",
            Self::Interrupted => "stopped by Ctrl-C",
            Self::Terminated => "stopped by SIGTERM",
        }
    }

    /// What `--help` says of the codes.
    pub(super) fn help() -> String {
        let told = Self::ALL.map(|exit| format!("{} {}", exit.code(), exit.meaning()));
        format!("Exit codes: {}.", told.join("; "))
    }

    /// The code of a command that could not do what it was asked for.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let ended = error.downcast_ref::<Ended>().map(|ended| ended.exit);
        let client = || error.downcast_ref::<client::Error>().map(Self::of_client);
        ended.or_else(client).unwrap_or(Self::Failed)
    }

    /// The code of what the client of a server came to.
    pub(super) fn of_client(error: &client::Error) -> Self {
        match error {
            client::Error::Target { .. } | client::Error::Unsayable(_) => Self::Usage,
            client::Error::Unreachable { .. }
            | client::Error::Status { .. }
            | client::Error::Interrupted { .. }
            | client::Error::Broken { .. }
            | client::Error::InvalidAnswer(_)
            | client::Error::Closed => Self::Unreachable,
            client::Error::NotOffered { .. } => Self::NotFound,
            client::Error::Unanswered(_) => Self::NeedsAnswer,
            client::Error::Timeout { .. } => Self::TimedOut,
            _ => Self::Failed,
        }
    }
}

/// Why a command could not do what it was asked for, with its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
pub(super) struct Ended {
    exit: Exit,
    told: String,
}

impl Ended {
    pub(super) fn new(exit: Exit, told: impl Into<String>) -> Self {
        Self {
            exit,
            told: told.into(),
        }
    }

    /// The end of a command that is stopped.
    pub(super) fn stopped(stop: Stop) -> Self {
        Self::new(stop.exit(), stop.told())
    }

    pub(super) fn usage(told: impl Into<String>) -> Self {
        Self::new(Exit::Usage, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_code() {
        let page = include_str!("../../../../docs/cli.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn an_error_keeps_its_code_through_its_context() {
        let error = anyhow::Error::from(Ended::new(Exit::NotFound, "x")).context("y");
        assert_eq!(Exit::of(&error), Exit::NotFound);
        assert_eq!(Exit::of(&anyhow::anyhow!("x")), Exit::Failed);
        let error = client::Error::Closed;
        assert_eq!(Exit::of(&error.into()), Exit::Unreachable);
    }
}

//! What is run once: a story, the protocol of its client, how many processes share the file, and where they are killed. Its text is
//! what `cargo xtask crash --case` takes, to run exactly it again.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::peer::Protocol;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// The task runs from its making to its end.
    Order,
    /// As that, with a result of 4 MiB.
    Large,
    /// It is cancelled when it has done a few steps.
    Cancel,
    /// It expires while another one lives on.
    Expiry,
    /// A process is stopped after so many lines of the ledger, for longer than its lease, and goes on.
    Stopped(usize),
    /// The file may grow to so many bytes.
    Full(u64),
    /// The operating system lets no file grow beyond so many blocks of 512 bytes.
    Limit(u64),
    /// The file may not be written to.
    ReadOnly,
    /// The clock is wrong by so many hours, from the first question on.
    Clock(i64),
    /// The file is compacted, and that is killed after so many microseconds.
    Compact(u64),
    /// Two processes are killed again and again, at times that the seed says.
    Random(u64),
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("order"),
            Self::Large => f.write_str("large"),
            Self::Cancel => f.write_str("cancel"),
            Self::Expiry => f.write_str("expiry"),
            Self::ReadOnly => f.write_str("read-only"),
            Self::Stopped(lines) => write!(f, "stopped:{lines}"),
            Self::Full(bytes) => write!(f, "full:{bytes}"),
            Self::Limit(blocks) => write!(f, "limit:{blocks}"),
            Self::Clock(hours) => write!(f, "clock:{hours}"),
            Self::Compact(micros) => write!(f, "compact:{micros}"),
            Self::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

impl FromStr for Story {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        Ok(match name {
            "order" => Self::Order,
            "large" => Self::Large,
            "cancel" => Self::Cancel,
            "expiry" => Self::Expiry,
            "read-only" => Self::ReadOnly,
            "stopped" => Self::Stopped(number.parse()?),
            "full" => Self::Full(number.parse()?),
            "limit" => Self::Limit(number.parse()?),
            "clock" => Self::Clock(number.parse()?),
            "compact" => Self::Compact(number.parse()?),
            "random" => Self::Random(number.parse()?),
            _ => bail!("`{text}` is no story"),
        })
    }
}

/// A story with all that decides how it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) story: Story,
    pub(super) protocol: Protocol,
    /// How many processes share the file: one or two.
    pub(super) workers: usize,
    /// Where the first, the second, … process ends.
    pub(super) points: Vec<String>,
}

impl Case {
    pub(super) fn new(story: Story, protocol: Protocol, workers: usize) -> Self {
        Self {
            story,
            protocol,
            workers,
            points: Vec::new(),
        }
    }

    /// With one more point to be killed at.
    pub(super) fn at(mut self, point: impl Into<String>) -> Self {
        self.points.push(point.into());
        self
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            story,
            protocol,
            workers,
            points,
        } = self;
        write!(f, "{story} {protocol} {workers} {}", points.join(", "))
    }
}

impl FromStr for Case {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.splitn(4, ' ');
        let mut word = || {
            words
                .next()
                .context("a case is `STORY PROTOCOL WORKERS POINTS`")
        };
        let case = Self::new(word()?.parse()?, word()?.parse()?, word()?.parse()?);
        let points = words.next().unwrap_or("").split(", ");
        Ok(points
            .filter(|point| !point.trim().is_empty())
            .fold(case, |case, point| case.at(point.trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        let case = Case::new(Story::Clock(-1), Protocol::Session, 2)
            .at("before write 7")
            .at("amid end 1 500");
        let text = case.to_string();
        assert_eq!(text, "clock:-1 2025-11-25 2 before write 7, amid end 1 500");
        assert_eq!(text.parse::<Case>().unwrap(), case);
        assert!("order 2025-11-25".parse::<Case>().is_err());
    }
}

//! The log: to stderr, for people or for programs.

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::floor;
use crate::audit::{self, Audit};
use crate::source::clean;

/// How the log is written.
#[derive(Debug, Args)]
pub(super) struct Logging {
    /// How the log on stderr is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    log_format: Format,

    /// The least important messages that are logged.
    #[arg(long, value_enum, default_value_t = Level::Info)]
    log_level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A line of text for each message.
    Human,
    /// A JSON object on a line for each message.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Logging {
    pub(super) fn format(&self) -> Format {
        self.log_format
    }

    /// Begins to log, and to note what happens to tasks.
    pub(super) fn start(&self, audit: Option<Audit>) -> anyhow::Result<()> {
        let level = LevelFilter::from(self.log_level);
        // What other crates say at a low level may show headers, and so secrets.
        let ours = [
            "midfield",
            "midfield_durable",
            "midfield_openapi",
            "midfield_protocol",
        ];
        let filter = Targets::new()
            .with_default(level.min(LevelFilter::WARN))
            .with_targets(ours.map(|name| (name, level)));
        let layer = fmt::layer().with_writer(std::io::stderr);
        let layer = match self.log_format {
            Format::Human => layer.with_ansi(false).with_target(false).boxed(),
            Format::Json => layer.json().flatten_event(true).boxed(),
        };
        let acts = Targets::new().with_target(audit::TARGET, LevelFilter::INFO);
        tracing_subscriber::registry()
            .with(layer.with_filter(filter))
            .with(audit.map(|audit| audit.with_filter(acts)))
            .try_init()?;
        Ok(())
    }
}

/// Shows what a command about a server is worth being told: warnings, or all that goes on.
pub(super) fn start_for_client(is_verbose: bool) {
    let level = if is_verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::WARN
    };
    let filter =
        Targets::new().with_targets(["midfield", "midfield_protocol"].map(|name| (name, level)));
    let layer = fmt::layer()
        .with_writer(|| Cleaned)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    // It has begun where a command runs within another one.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
}

/// Standard error, without what a terminal obeys.
struct Cleaned;

impl std::io::Write for Cleaned {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        floor::tell(&clean(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

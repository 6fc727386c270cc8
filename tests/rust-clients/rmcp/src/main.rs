//! Drives an MCP server through rmcp's client and checks what a plan says that it must do.
//!
//! ```text
//! interop-rmcp PLAN.json legacy|modern|auto
//! ```
//!
//! The plan is described in `tests/interop/plan.md`. Prints a line for each check; exits with 1 when one fails.
//! It tests nothing about the client itself, and knows nothing of any particular server.

#![allow(
    clippy::print_stdout,
    reason = "the terminal is where the checks are reported"
)]

mod checks;
mod compare;
mod lists;
mod partner;
mod plan;
mod steps;
mod subscriptions;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use rmcp::model::ProtocolVersion;
use rmcp::service::RunningService;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};

use crate::checks::Checks;
use crate::partner::Partner;
use crate::plan::{Plan, Server};

/// A client that is connected.
pub(crate) type Client = RunningService<RoleClient, Partner>;

/// Which server to drive, and how to begin.
#[derive(Debug, Parser)]
struct Arguments {
    /// The plan.
    plan: PathBuf,
    /// How to begin.
    mode: Mode,
}

/// How the client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// By `initialize`.
    Legacy,
    /// By `server/discover`, and no other way.
    Modern,
    /// By `server/discover`, and by `initialize` when the server does not know it.
    Auto,
}

impl Mode {
    /// Its name in a plan.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Auto => "auto",
        }
    }

    fn lifecycle(self, legacy: ProtocolVersion) -> ClientLifecycleMode {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        match self {
            Self::Legacy => ClientLifecycleMode::Initialize,
            Self::Modern => ClientLifecycleMode::Discover { preferred_versions },
            Self::Auto => ClientLifecycleMode::Auto {
                preferred_versions,
                legacy_version: Some(legacy),
            },
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match drive(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL  {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out the whole plan; tells whether every check passed.
async fn drive(arguments: &Arguments) -> Result<bool> {
    let plan = Plan::read(&arguments.plan)?;
    let client = connect(&plan, arguments.mode).await?;
    let mut checks = Checks::default();
    checks.record(
        &format!("the era for mode {}", arguments.mode.name()),
        check_era(&client, &plan, arguments.mode),
    );
    lists::check(&client, &plan, &mut checks).await;
    steps::check(&client, &plan, arguments.mode, &mut checks).await;
    subscriptions::check(&client, &plan, arguments.mode, &mut checks).await;
    client.cancel().await.context("could not end the client")?;
    Ok(checks.finish())
}

async fn connect(plan: &Plan, mode: Mode) -> Result<Client> {
    let partner = Partner::new(plan)?;
    let legacy = serde_json::from_value(plan.legacy_version.clone().into())
        .context("legacyVersion is no revision")?;
    let lifecycle = mode.lifecycle(legacy);
    match &plan.server {
        Server::Url(url) => {
            let transport = StreamableHttpClientTransport::from_uri(url.as_str());
            partner.serve_with_lifecycle(transport, lifecycle).await
        }
        Server::Command(words) => {
            let Some((program, arguments)) = words.split_first() else {
                bail!("the command of the server is empty");
            };
            let mut command = tokio::process::Command::new(program);
            command.args(arguments);
            let transport = TokioChildProcess::new(command)
                .with_context(|| format!("could not start {program}"))?;
            partner.serve_with_lifecycle(transport, lifecycle).await
        }
    }
    .context("could not connect")
}

fn check_era(client: &Client, plan: &Plan, mode: Mode) -> Result<()> {
    let info = client
        .peer_info()
        .context("the server said nothing of itself")?;
    let expected = if mode == Mode::Legacy {
        plan.legacy_version.as_str()
    } else {
        "2026-07-28"
    };
    compare::must_equal(
        &info.protocol_version.to_string().into(),
        &expected.into(),
        "the protocol version",
    )?;
    let name = info.server_info.as_ref().map(|server| server.name.as_str());
    compare::must_equal(
        &name.into(),
        &plan.server_name.as_str().into(),
        "the server's name",
    )
}

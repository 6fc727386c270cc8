//! `cargo xtask peers`: servers that others wrote, or that are written on what others wrote, for our client to be driven
//! against.
//!
//! `tests/interop/servers/manifest.toml` says what each of them offers; `manifest.rs` reads it, `start.rs` installs, builds
//! and starts them, `probe.rs` looks whether they are as the manifest says, and `drive.rs` drives them through our client.

mod drive;
mod manifest;
mod probe;
mod start;

use std::path::Path;

use anyhow::{Result, bail};

use self::manifest::{Manifest, Peer};
use self::probe::{Era, Transport};
use self::start::Ready;
use crate::table::Table;
use crate::workspace::empty_state;

/// What to do with the servers.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Print what each server offers and how it is started; installs and builds nothing.
    #[arg(long, conflicts_with = "check")]
    list: bool,
    /// Look whether each server starts, in both eras and over both transports, with the tools that the manifest names.
    #[arg(long, required_unless_present_any = ["list", "drive"])]
    check: bool,
    /// Use each feature of each server through our client, in both eras and over both transports.
    #[arg(long, conflicts_with = "list")]
    drive: bool,
    /// Only this server, by its name in the manifest.
    #[arg(long)]
    server: Option<String>,
}

/// Lists or checks the servers of the manifest.
pub(crate) fn peers(options: &Options) -> Result<()> {
    let manifest = Manifest::read()?;
    let peers = manifest.named(options.server.as_deref())?;
    if options.list {
        list(&peers);
        return Ok(());
    }
    if options.check {
        check(&peers)?;
    }
    if options.drive {
        drive::drive(&peers)?;
    }
    Ok(())
}

/// Drives all servers of the manifest through our client.
pub(crate) fn drive() -> Result<()> {
    drive::drive(&Manifest::read()?.named(None)?)
}

fn list(peers: &[&Peer]) {
    for peer in peers {
        println!("{}: {}", peer.name, peer.what);
        for (transport, command) in peer.commands() {
            println!("  {transport}: {command}");
        }
        let eras: Vec<String> = peer.eras.iter().map(ToString::to_string).collect();
        println!("  eras: {}", eras.join(", "));
        println!("  features: {}", peer.features.join(", "));
        for (name, deviation) in &peer.deviations {
            println!("  deviates: {name}: {deviation}");
        }
        println!();
    }
}

/// Asks each server over both transports in each era; fails when one of them is not as the manifest says.
fn check(peers: &[&Peer]) -> Result<()> {
    let folder = empty_state("peers")?;
    let mut table = Table::new(&[
        "server",
        "transport",
        "era",
        "revision",
        "tools:",
        "pages:",
        "result",
    ]);
    let mut failures = Vec::new();
    for peer in peers {
        let ready = Ready::new(peer)?;
        for transport in [Transport::Stdio, Transport::Http] {
            for era in [Era::Legacy, Era::Modern] {
                let run = format!("{}-{transport}-{era}", peer.name);
                let row = match look(&ready, transport, era, &folder.join(format!("{run}.log"))) {
                    Ok(row) => row,
                    Err(error) => {
                        failures.push(format!("{run}: {error:#}"));
                        ["", "", "", "FAILED"].map(str::to_owned)
                    }
                };
                let [revision, tools, pages, result] = row;
                table.row([
                    peer.name.clone(),
                    transport.to_string(),
                    era.to_string(),
                    revision,
                    tools,
                    pages,
                    result,
                ]);
            }
        }
    }
    println!("\n{table}\nlogs: {}", folder.display());
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "{} checks of servers failed:\n{}",
        failures.len(),
        failures.join("\n")
    )
}

/// The cells of one run: the revision that was agreed on, the number of tools and of pages, and what came of it.
fn look(ready: &Ready<'_>, transport: Transport, era: Era, log: &Path) -> Result<[String; 4]> {
    let speaks = ready.peer.eras.contains(&era);
    let seen = match transport {
        Transport::Stdio => probe::over_stdio(&mut ready.stdio(), era, log)?,
        Transport::Http => {
            let mut server = ready.http(log)?;
            let seen = probe::over_http(server.port(), era)?;
            server.must_be_running()?;
            seen
        }
    };
    match (seen, speaks) {
        (None, false) => Ok(["", "", "", "refused, as the manifest says"].map(str::to_owned)),
        (None, true) => bail!("it refused the era"),
        (Some(seen), false) => bail!("it speaks {}, which the manifest denies", seen.revision),
        (Some(seen), true) => {
            seen.must_have(&ready.peer.tools)?;
            Ok([
                seen.revision,
                seen.tools.len().to_string(),
                seen.pages.to_string(),
                "passed".to_owned(),
            ])
        }
    }
}

//! The server that `cargo xtask crash` kills: one tool, whose task has forty steps and two questions, over a store that counts
//! its verbs and can kill the process before, amid or after any of them.
//!
//! `crash serve --port N --store PATH --keys PATH --ledger PATH` serves it, and `crash compact PATH` and `crash check PATH` do
//! what a command line does with the file. The environment variable `CRASH_AT` says where the process ends: see `killer.rs`.

mod killer;
mod ledger;
mod store;
mod work;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use midfield::auth::StaticTokens;
use midfield::prelude::*;
use midfield::server::{Clock, EngineOptions, Tasks};
use midfield::transport::http;
use midfield::types::TaskSupport;
use midfield::{Identity, KeyRing};
use midfield_durable::store::{Sqlite, SqliteOptions};

use killer::Killer;
use ledger::Ledger;
use store::Counted;
use work::Trial;

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", ..] => serve(&Given(arguments)),
        ["compact", path] => Ok(Sqlite::compact(path)?),
        ["check", path] => check(path),
        _ => Err("usage: crash serve --port N --store PATH --keys PATH --ledger PATH | crash compact PATH | crash check PATH".into()),
    }
}

/// Fails when the file is damaged.
fn check(path: &str) -> Outcome<()> {
    let report = Sqlite::check(path)?;
    if report.problems.is_empty() {
        return Ok(());
    }
    Err(format!("{path} is damaged: {:?}", report.problems).into())
}

/// The command line.
struct Given(Vec<String>);

impl Given {
    fn find(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|given| given == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn text(&self, name: &str) -> Outcome<&str> {
        self.find(name)
            .ok_or_else(|| format!("`{name}` is missing").into())
    }

    fn number(&self, name: &str) -> Outcome<Option<u64>> {
        Ok(self.find(name).map(str::parse).transpose()?)
    }

    fn millis(&self, name: &str, default: u64) -> Outcome<Duration> {
        Ok(Duration::from_millis(self.number(name)?.unwrap_or(default)))
    }
}

fn serve(given: &Given) -> Outcome<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter("info")
        .init();
    let port: u16 = given.text("--port")?.parse()?;
    let killer = Killer::from_environment()?;
    let trial = Trial {
        killer: killer.clone(),
        ledger: Ledger::open(given.text("--ledger")?)?,
    };
    let tokens = StaticTokens::new().token("tester", Identity::new("crash", "tester"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let service = Server::new("crash", "1.0.0")
            .keys(KeyRing::in_file(given.text("--keys")?)?)
            .tasks(tasks(given, killer)?)
            .state(trial)
            .tool(
                Tool::new("order", work::order)
                    .description("Forty steps and two questions.")
                    .task(TaskSupport::Required),
            )
            .build()?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let options = http::Options::new().authenticate(tokens);
        http::serve(listener, service, options, std::future::pending()).await?;
        Ok(())
    })
}

fn tasks(given: &Given, killer: Killer) -> Outcome<Tasks> {
    let mut file = SqliteOptions::default();
    file.most_bytes = given.number("--most-bytes")?;
    let store = Sqlite::open(given.text("--store")?, file)?;
    let mut options = EngineOptions::default();
    options.park_after = given.millis("--park-after", 30)?;
    options.lease = given.millis("--lease", 5_000)?;
    options.lifetime = given.millis("--lifetime", 86_400_000)?;
    options.expired_grace = given.millis("--grace", 86_400_000)?;
    options.look_interval = Duration::from_millis(20);
    // Some cases kill the process again before it gets anywhere; that it is given up some time is tested elsewhere.
    options.deliveries = NonZeroU32::new(100).ok_or("no deliveries")?;
    let tasks = Tasks::in_store(Arc::new(Counted::new(store, killer)))
        .options(options)
        .poll_interval(Duration::from_millis(20));
    let hours: i64 = given.find("--clock-hours").unwrap_or("0").parse()?;
    if hours == 0 {
        return Ok(tasks);
    }
    let shift = Duration::from_hours(hours.unsigned_abs());
    let now = SystemTime::now();
    let shifted = if hours < 0 { now - shift } else { now + shift };
    Ok(tasks.clock(Clock::starting_at(shifted)))
}

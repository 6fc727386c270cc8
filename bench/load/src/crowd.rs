//! Many sessions at once that do next to nothing: what each costs a server in memory.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use figures::Usage;
use serde::Serialize;
use tokio::task::{JoinSet, LocalSet};

use crate::connection::Connection;
use crate::http::{self, CONNECT_LIMIT, Client};
use crate::message::{FIRST_ID, Message, Revision, Template, Work};

/// Sessions for the server to warm up, which nobody counts.
const WARMUP: u32 = 200;

/// How long the server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// How long a change may take until all streams have heard of it.
const HEAR_LIMIT: Duration = Duration::from_mins(1);

/// What a connection that only holds a stream has for a buffer.
const SMALL_BUFFER: usize = 1024;

/// How many sessions to open, and where.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Crowd {
    /// The endpoint, on loopback.
    #[arg(long)]
    url: String,
    /// The process whose memory is read.
    #[arg(long)]
    pid: u32,
    /// Sessions.
    #[arg(long, default_value_t = 10_000)]
    count: u32,
    /// Connections on which they are opened.
    #[arg(long, default_value_t = 16)]
    connections: u32,
}

/// Sessions that are left alone.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sessions {
    #[command(flatten)]
    crowd: Crowd,
    /// Sessions, taken at random, in which a tool is called in the end.
    #[arg(long, default_value_t = 500)]
    sample: u32,
}

/// Sessions with a stream each.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Streams {
    #[command(flatten)]
    crowd: Crowd,
    /// Call `grow` in the end, and wait until every stream has heard that the list of tools has changed.
    #[arg(long)]
    tell: bool,
}

/// What sessions cost. The names of the members are an interface: `cargo xtask bench memory` reads them.
#[derive(Debug, Serialize)]
pub(crate) struct SessionFigures {
    /// Sessions that were opened.
    opened: u32,
    /// Bytes of resident memory for each.
    bytes_each: f64,
    /// Of these a tool was called in the end, and answered.
    sampled: u32,
}

/// What streams cost.
#[derive(Debug, Serialize)]
pub(crate) struct StreamFigures {
    /// Streams that were held open.
    opened: u32,
    /// Bytes of resident memory for each, with its session and its connection.
    bytes_each: f64,
    /// Streams that heard of the change.
    heard: u32,
    /// From the call that made the change until the last had heard of it.
    heard_milliseconds: f64,
}

/// Opens sessions and leaves them alone.
pub(crate) fn sessions(options: Sessions) -> Result<SessionFigures> {
    run(async move {
        let mut hall = Hall::open(options.crowd).await?;
        let before = hall.memory().await;
        let opened = hall.enter(hall.crowd.count).await?;
        let bytes_each = hall.grown(before).await;
        let random = RandomState::new();
        for number in 0..options.sample {
            let at = random.hash_one(number) % u64::from(hall.crowd.count);
            let session = opened.get(usize::try_from(at)?);
            hall.call(session.context("a session of the sample")?)
                .await?;
        }
        Ok(SessionFigures {
            opened: hall.crowd.count,
            bytes_each,
            sampled: options.sample,
        })
    })
}

/// Opens sessions, holds a stream of each open, and lets the server say something to all.
pub(crate) fn streams(options: Streams) -> Result<StreamFigures> {
    run(async move {
        let mut hall = Hall::open(options.crowd).await?;
        let before = hall.memory().await;
        let sessions = hall.enter(hall.crowd.count).await?;
        let mut held = Vec::new();
        for session in &sessions {
            let stream = hall.stream(session).await;
            held.push(stream.with_context(|| format!("after {} streams", held.len()))?);
        }
        let bytes_each = hall.grown(before).await;
        let mut figures = StreamFigures {
            opened: hall.crowd.count,
            bytes_each,
            heard: 0,
            heard_milliseconds: 0.0,
        };
        if options.tell {
            let first = sessions.first().context("a session")?;
            (figures.heard, figures.heard_milliseconds) = hall.tell(first, held).await?;
        }
        Ok(figures)
    })
}

fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, work)
}

/// The connections by which sessions are opened.
struct Hall {
    crowd: Crowd,
    client: Client,
    doors: Vec<Connection>,
}

impl Hall {
    /// Opens the connections, and sessions on each that warm the server up.
    async fn open(crowd: Crowd) -> Result<Self> {
        ensure!(crowd.count > 0 && crowd.connections > 0, "nothing to open");
        let client = Client::new(http::Options::sessions(crowd.url.clone()))?;
        let mut doors = Vec::new();
        for _ in 0..crowd.connections {
            doors.push(Connection::open_within(&client.endpoint, CONNECT_LIMIT).await?);
        }
        let mut hall = Self {
            crowd,
            client,
            doors,
        };
        hall.enter(WARMUP).await?;
        Ok(hall)
    }

    /// Opens `count` sessions; returns their ids.
    async fn enter(&mut self, count: u32) -> Result<Vec<String>> {
        let mut at_work = JoinSet::new();
        let doors = u32::try_from(self.doors.len())?;
        for (number, mut door) in (0..).zip(std::mem::take(&mut self.doors)) {
            let client = self.client.clone();
            let share = count / doors + u32::from(number < count % doors);
            at_work.spawn_local(async move {
                let mut ids = Vec::new();
                for _ in 0..share {
                    door.session = None;
                    client.greet(&mut door).await?;
                    ids.extend(door.session.take());
                }
                anyhow::Ok((door, ids))
            });
        }
        let mut all = Vec::new();
        while let Some(outcome) = at_work.join_next().await {
            let (door, ids) = outcome??;
            self.doors.push(door);
            all.extend(ids);
        }
        ensure!(all.len() == usize::try_from(count)?, "some have no id");
        Ok(all)
    }

    /// Calls a tool in a session.
    async fn call(&mut self, session: &str) -> Result<()> {
        let message = Message::of(Work::Call, Revision::Legacy, 0);
        let mut request = self.client.template(&message, Some(session));
        let door = self.doors.first_mut().context("a connection")?;
        self.client.first(door, &mut request, FIRST_ID).await
    }

    /// Opens the stream of a session.
    async fn stream(&self, session: &str) -> Result<Connection> {
        let endpoint = &self.client.endpoint;
        let revision = Revision::Legacy.name();
        let headers = format!("MCP-Protocol-Version: {revision}\r\nMcp-Session-Id: {session}\r\n");
        let mut connection = Connection::open_with(endpoint, SMALL_BUFFER).await?;
        let request = endpoint.get_stream(&headers);
        match connection.begin_stream(request.as_bytes()).await? {
            200 => Ok(connection),
            status => bail!("a stream was answered with status {status}"),
        }
    }

    /// Changes the list of tools; returns how many streams heard of it, and when the last had.
    async fn tell(&mut self, session: &str, held: Vec<Connection>) -> Result<(u32, f64)> {
        let mut listeners = JoinSet::new();
        for mut stream in held {
            listeners.spawn_local(async move { stream.read_until(LIST_CHANGED).await });
        }
        // Each has read what came before.
        tokio::time::sleep(SETTLE).await;
        let message = Message::growth(Revision::Legacy);
        let mut request: Template = self.client.template(&message, Some(session));
        let door = self.doors.first_mut().context("a connection")?;
        let begin = Instant::now();
        let status = door.exchange(request.with_id(FIRST_ID)).await?;
        crate::message::answer(&door.body, FIRST_ID).with_context(|| format!("status {status}"))?;
        let mut heard = 0;
        let all = async {
            while let Some(outcome) = listeners.join_next().await {
                outcome??;
                heard += 1;
            }
            anyhow::Ok(())
        };
        let outcome = tokio::time::timeout(HEAR_LIMIT, all).await;
        let time = begin.elapsed();
        outcome.with_context(|| format!("only {heard} streams heard of the change"))??;
        Ok((heard, time.as_secs_f64() * 1e3))
    }

    /// Resident memory of the server, once it has come to rest, in KiB.
    async fn memory(&self) -> u64 {
        tokio::time::sleep(SETTLE).await;
        Usage::of(self.crowd.pid).memory_kib
    }

    /// What the memory has grown by since, for each of the crowd, in bytes.
    async fn grown(&self, before: u64) -> f64 {
        let grown = self.memory().await.saturating_sub(before) * 1024;
        // A server does not hold so much that a float could not count it.
        u32::try_from(grown / 1024).map_or(f64::INFINITY, f64::from) * 1024.0
            / f64::from(self.crowd.count)
    }
}

/// What a client hears when the list of tools has changed.
const LIST_CHANGED: &str = "notifications/tools/list_changed";

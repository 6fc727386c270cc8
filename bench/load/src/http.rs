//! Load over Streamable HTTP: the same request again and again on kept-alive connections, or cold connections.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use figures::{Figures, Usage};
use memchr::memmem::{self, Finder};
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{Connection, Endpoint};
use crate::message::{FIRST_ID, Message, Revision, Template, Work, answer, shown};

/// How long a server that is only starting may take until it accepts connections.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// What to do, and to whom.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The endpoint, on loopback.
    #[arg(long)]
    url: String,
    /// The protocol revision to speak.
    #[arg(long, default_value = "2025-11-25")]
    pub(crate) revision: Revision,
    /// Open a session on each connection; without it the legacy requests are sent bare.
    #[arg(long)]
    session: bool,
    /// What to ask.
    #[arg(long, default_value = "call")]
    work: Work,
    /// Connections, each with one request in flight.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Seconds of load before the timed ones.
    #[arg(long, default_value_t = 0.5)]
    warmup: f64,
    /// Timed seconds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// End after so many requests on each connection instead; nothing is then spent on warming up.
    #[arg(long)]
    pub(crate) count: Option<u32>,
    /// Notifications that each `progress` call must send.
    #[arg(long, default_value_t = 1_000)]
    notifications: u32,
    /// The process whose processor time and memory are read.
    #[arg(long)]
    pid: Option<u32>,
}

impl Options {
    /// Calls of `echo` in sessions of 2025-11-25.
    pub(crate) fn sessions(url: String) -> Self {
        Self {
            url,
            revision: Revision::Legacy,
            session: true,
            work: Work::Call,
            connections: 1,
            warmup: 0.0,
            seconds: 0.0,
            count: None,
            notifications: 0,
            pid: None,
        }
    }
}

/// Loads the server.
pub(crate) fn run(options: Options) -> Result<Figures> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, load(Client::new(options)?))
}

async fn load(client: Client) -> Result<Figures> {
    let usage = || client.options.pid.map(Usage::of).unwrap_or_default();
    let begin = Instant::now();
    let window = Window::of(&client.options, begin);
    let mut before = usage();
    let mut connections = JoinSet::new();
    for _ in 0..client.options.connections {
        let client = client.clone();
        connections.spawn_local(async move { client.connection(window).await });
    }
    let mut after = None;
    if let Some(end) = window.end {
        tokio::time::sleep_until(window.start.into()).await;
        before = usage();
        tokio::time::sleep_until(end.into()).await;
        after = Some(usage());
    }
    let mut latencies = Vec::new();
    while let Some(connection) = connections.join_next().await {
        latencies.extend(connection??);
    }
    let time = window
        .end
        .map_or_else(|| begin.elapsed(), |end| end - window.start);
    if latencies.is_empty() {
        bail!("no request was answered within {} s", time.as_secs_f64());
    }
    Ok(Figures::new(
        latencies,
        time,
        before,
        after.unwrap_or_else(usage),
    ))
}

/// The time in which requests count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    start: Instant,
    /// `None`: it ends by count.
    end: Option<Instant>,
}

impl Window {
    fn of(options: &Options, begin: Instant) -> Self {
        if options.count.is_some() {
            return Self {
                start: begin,
                end: None,
            };
        }
        let start = begin + Duration::from_secs_f64(options.warmup);
        Self {
            start,
            end: Some(start + Duration::from_secs_f64(options.seconds)),
        }
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| now >= end)
    }

    pub(crate) fn counts(&self, from: Instant, to: Instant) -> bool {
        from >= self.start && self.end.is_none_or(|end| to <= end)
    }
}

/// What is asked of an endpoint, and how.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) options: Options,
}

impl Client {
    /// A client that does what these options say.
    pub(crate) fn new(options: Options) -> Result<Self> {
        Ok(Self {
            endpoint: Endpoint::parse(&options.url)?,
            options,
        })
    }

    /// One connection until the window is over; returns what each request that counts took.
    async fn connection(&self, window: Window) -> Result<Vec<Duration>> {
        match self.options.work {
            Work::Cold => self.cold(window).await,
            Work::Task => self.tasks(window).await,
            _ => self.steady(window).await,
        }
    }

    async fn steady(&self, window: Window) -> Result<Vec<Duration>> {
        let mut connection = Connection::open_within(&self.endpoint, CONNECT_LIMIT).await?;
        if self.options.session {
            self.greet(&mut connection).await?;
        }
        let work = self.options.work;
        let message = Message::of(work, self.options.revision, self.options.notifications);
        let mut request = self.template(&message, connection.session.as_deref());
        let mut id = FIRST_ID + 1;
        self.first(&mut connection, &mut request, id).await?;

        let check = Check::new(work, self.options.notifications);
        let mut latencies = Vec::new();
        let mut done = 0;
        loop {
            let from = Instant::now();
            if window.is_over(from) || self.options.count == Some(done) {
                return Ok(latencies);
            }
            id += 1;
            let status = connection.exchange(request.with_id(id)).await?;
            let to = Instant::now();
            check.answer(status, &connection.body)?;
            done += 1;
            if window.counts(from, to) {
                latencies.push(to - from);
            }
        }
    }

    /// New connection, handshake, one call, again and again.
    async fn cold(&self, window: Window) -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        let message = Message::of(Work::Cold, self.options.revision, 0);
        let mut done = 0;
        loop {
            let from = Instant::now();
            if window.is_over(from) || self.options.count == Some(done) {
                return Ok(latencies);
            }
            let mut connection = Connection::open(&self.endpoint).await?;
            self.greet(&mut connection).await?;
            let mut request = self.template(&message, connection.session.as_deref());
            self.first(&mut connection, &mut request, FIRST_ID + 1)
                .await?;
            let to = Instant::now();
            done += 1;
            if window.counts(from, to) {
                latencies.push(to - from);
            }
        }
    }

    /// Sends one request and looks at its answer as a whole.
    pub(crate) async fn first(
        &self,
        connection: &mut Connection,
        request: &mut Template,
        id: u32,
    ) -> Result<()> {
        let status = connection.exchange(request.with_id(id)).await?;
        if status != 200 {
            bail!("status {status}: {}", shown(&connection.body));
        }
        let answer = answer(&connection.body, id)?;
        let text = answer.to_string();
        let wanted = self.options.work.answer_holds();
        if !text.contains(wanted) {
            bail!("{wanted:?} is missing in the answer: {text}");
        }
        let tools = answer["result"]["tools"].as_array().map(Vec::len);
        if self.options.work == Work::List && tools != Some(50) {
            bail!("{tools:?} tools instead of 50 were listed on the first page");
        }
        Ok(())
    }

    /// `initialize` with what belongs to it, or `server/discover`.
    pub(crate) async fn greet(&self, connection: &mut Connection) -> Result<()> {
        let revision = self.options.revision;
        let mut request = self.template(&Message::greeting(revision), None);
        let status = connection.exchange(request.with_id(FIRST_ID)).await?;
        let answer =
            answer(&connection.body, FIRST_ID).with_context(|| format!("status {status}"))?;
        if revision == Revision::Modern {
            return Ok(());
        }
        let chosen = &answer["result"]["protocolVersion"];
        if chosen != revision.name() {
            bail!("the server chose revision {chosen}");
        }
        let session = connection
            .session
            .clone()
            .context("no Mcp-Session-Id in the answer to initialize")?;
        let mut request = self.template(&Message::initialized(), Some(&session));
        let status = connection.exchange(request.with_id(0)).await?;
        if status != 202 {
            bail!(
                "status {status} for notifications/initialized: {}",
                shown(&connection.body)
            );
        }
        Ok(())
    }

    /// A whole POST.
    pub(crate) fn template(&self, message: &Message, session: Option<&str>) -> Template {
        let revision = self.options.revision;
        let mut headers = Vec::new();
        if message.method != "initialize" {
            headers.push(format!("MCP-Protocol-Version: {}\r\n", revision.name()));
        }
        if let Some(session) = session {
            headers.push(format!("Mcp-Session-Id: {session}\r\n"));
        }
        if revision == Revision::Modern {
            headers.push(format!("Mcp-Method: {}\r\n", message.method));
            if let Some(name) = message.name {
                headers.push(format!("Mcp-Name: {name}\r\n"));
            }
        }
        Template::new(
            &self.endpoint.post(&headers.concat(), message.json().len()),
            message,
        )
    }
}

/// The quick look at every answer after the first.
struct Check {
    wanted: Finder<'static>,
    notifications: Option<usize>,
}

impl Check {
    fn new(work: Work, notifications: u32) -> Self {
        let notifications = usize::try_from(notifications)
            .ok()
            .filter(|_| work == Work::Progress);
        Self {
            wanted: Finder::new(work.answer_holds()),
            notifications,
        }
    }

    fn answer(&self, status: u16, body: &[u8]) -> Result<()> {
        let begin = &body[..body.len().min(200)];
        let is_good = status == 200
            && self.wanted.find(body).is_some()
            && memmem::find(begin, b"\"error\":").is_none();
        if !is_good {
            bail!("status {status}: {}", shown(body));
        }
        if let Some(wanted) = self.notifications {
            let found = memmem::find_iter(body, "notifications/progress").count();
            if found != wanted {
                bail!("{found} notifications instead of {wanted}");
            }
        }
        Ok(())
    }
}

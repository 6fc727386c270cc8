//! Load over stdio: a server as a child, requests written to its pipe in batches of a given size.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use figures::{Figures, Usage};

use crate::message::{FIRST_ID, Message, Revision, Template, Work, answer};

/// How long a server may take to end after its input was closed.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// What to do, and to whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Requests that count; a tenth as many go before them.
    #[arg(long, default_value_t = 20_000)]
    count: u32,
    /// Requests that are in flight at a time.
    #[arg(long, default_value_t = 1)]
    window: u32,
    /// The server's command.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Starts the server and loads it.
pub(crate) fn run(options: &Options) -> Result<Figures> {
    let mut server = StdioServer::start(&options.command)?;
    server.greet()?;
    let mut request = Template::new("", &Message::of(Work::Call, Revision::Legacy, 0));
    let mut next = FIRST_ID + 1;
    let mut latencies = Vec::new();
    let rounds = |count: u32| count.div_ceil(options.window.max(1));
    for _ in 0..rounds(options.count / 10) {
        server.round(&mut request, &mut next, options.window)?;
    }
    let before = Usage::of(server.pid());
    let begin = Instant::now();
    for _ in 0..rounds(options.count) {
        let from = Instant::now();
        server.round(&mut request, &mut next, options.window)?;
        let each = from.elapsed() / options.window.max(1);
        latencies.extend((0..options.window).map(|_| each));
    }
    let time = begin.elapsed();
    let after = Usage::of(server.pid());
    server.stop();
    Ok(Figures::new(latencies, time, before, after))
}

/// A server that speaks over its pipes. Dropping it kills it.
pub(crate) struct StdioServer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    line: String,
}

impl StdioServer {
    /// Starts a command.
    pub(crate) fn start(command: &[String]) -> Result<Self> {
        let (program, arguments) = command.split_first().context("no command was given")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start {program}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("a piped child has an output")?;
        Ok(Self {
            child,
            input,
            output: BufReader::with_capacity(256 * 1024, output),
            line: String::new(),
        })
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The legacy handshake.
    pub(crate) fn greet(&mut self) -> Result<()> {
        self.write(Template::new("", &Message::greeting(Revision::Legacy)).with_id(FIRST_ID))?;
        let line = self.read()?.to_owned();
        answer(line.as_bytes(), FIRST_ID)?;
        self.write(Template::new("", &Message::initialized()).with_id(0))
    }

    /// Closes its input and waits for its end.
    pub(crate) fn stop(mut self) {
        self.input = None;
        let begin = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begin.elapsed() < STOP_LIMIT {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Writes `window` requests at once and reads their answers.
    fn round(&mut self, request: &mut Template, next: &mut u32, window: u32) -> Result<()> {
        let mut batch = Vec::new();
        for _ in 0..window {
            batch.extend_from_slice(request.with_id(*next));
            batch.push(b'\n');
            *next += 1;
        }
        self.input
            .as_mut()
            .context("the input is open")?
            .write_all(&batch)?;
        for _ in 0..window {
            let line = self.read()?;
            if !line.contains("\"result\"") || !line.contains(Work::Call.answer_holds()) {
                bail!("an unexpected line: {line}");
            }
        }
        Ok(())
    }

    fn write(&mut self, message: &[u8]) -> Result<()> {
        let line = [message, b"\n"].concat();
        Ok(self
            .input
            .as_mut()
            .context("the input is open")?
            .write_all(&line)?)
    }

    fn read(&mut self) -> Result<&str> {
        self.line.clear();
        if self.output.read_line(&mut self.line)? == 0 {
            bail!("the server closed its output");
        }
        Ok(&self.line)
    }
}

impl Drop for StdioServer {
    fn drop(&mut self) {
        // It has ended already when it was stopped in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

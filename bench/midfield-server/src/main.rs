//! The benchmark's tools on midfield, written as its users would write them, with the settings that they get.

use std::future;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use midfield::Service;
use midfield::prelude::{
    Args, Context, Deserialize, Error, Json, JsonSchema, Resource, Serialize, Server, TaskSupport,
    Tasks, Tool,
};
use midfield::server::EngineOptions;
use midfield::transport::{http, stdio};
use tokio::net::TcpListener;

/// The benchmark's tools on midfield.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve HTTP on this port of 127.0.0.1.
    #[arg(long, default_value_t = 9003)]
    port: u16,
    /// Whether legacy clients get sessions; the modern revision has none in either mode.
    #[arg(long, default_value = "stateful")]
    mode: Mode,
    /// Accepted, because every server of the benchmark takes it; this one streams exactly where a stream is needed.
    #[arg(long)]
    resp: Option<String>,
    /// Serve stdio instead of HTTP.
    #[arg(long)]
    stdio: bool,
    /// Run `add` as a task where clients know tasks; they are kept in this file, or in `memory`.
    #[arg(long)]
    tasks: Option<String>,
    /// Accept 20,000 connections instead of 10,000, and have the tool `grow`, which adds one more tool.
    #[arg(long)]
    crowd: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Stateful,
    Stateless,
    Modern,
}

#[derive(Deserialize, JsonSchema)]
struct EchoArguments {
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct AddArguments {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: i64,
}

#[derive(Deserialize, JsonSchema)]
struct ProgressArguments {
    n: u32,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct FillerArguments {
    /// What to look for
    query: String,
    /// How many at most
    limit: Option<i64>,
    verbose: Option<bool>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut server = server();
    if arguments.crowd {
        server = server.tool(grow());
    }
    if let Some(place) = &arguments.tasks {
        let tasks = match place.as_str() {
            "memory" => Tasks::in_memory(),
            path => Tasks::sqlite(path)?,
        };
        let mut options = EngineOptions::default();
        options.unfinished_per_owner = NonZeroUsize::MAX;
        server = server.tasks(tasks.options(options));
    }
    let service = server.build()?;
    if arguments.stdio {
        return Ok(stdio::serve(service).await?);
    }
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    let mut options = http::Options::new().sessions(arguments.mode == Mode::Stateful);
    if arguments.crowd {
        SERVICE.get_or_init(|| service.clone());
        options = options.max_connections(20_000);
    }
    Ok(http::serve(listener, service, options, future::pending()).await?)
}

fn server() -> Server {
    let echo = Tool::new("echo", async |Args(arguments): Args<EchoArguments>| {
        arguments.text
    });
    let add = Tool::new("add", async |Args(arguments): Args<AddArguments>| {
        Json(Sum {
            sum: arguments.a + arguments.b,
        })
    });
    let fillers = (0..47).map(|number| {
        Tool::new(
            format!("filler_{number:02}"),
            async |Args(_): Args<FillerArguments>| "filler",
        )
        .description(format!(
            "Filler tool number {number}, here to give tools/list a real size"
        ))
    });
    Server::new("midfield", "0")
        .tool(echo.description("Echo the text back"))
        .tool(
            add.description("Add two integers")
                .task(TaskSupport::Optional),
        )
        .tool(Tool::new("progress", progress).description("Emit n progress notifications"))
        .tools(fillers)
        .resource(
            Resource::new(
                "bench://text",
                "text",
                async || "The quick brown fox jumps over the lazy dog.",
            )
            .mime_type("text/plain"),
        )
}

/// The service that is served, where a tool changes it.
static SERVICE: OnceLock<Service> = OnceLock::new();

/// A tool whose every call adds one more, which the clients that listen hear of.
fn grow() -> Tool {
    let number = AtomicU32::new(0);
    Tool::new("grow", move || {
        let name = format!("grown_{}", number.fetch_add(1, Ordering::Relaxed));
        async move {
            let service = SERVICE.get();
            let service = service.ok_or_else(|| Error::tool("a crowd is served over HTTP"))?;
            service.add_tool(Tool::new(name, async || "grown"))?;
            Ok::<_, Error>("grown")
        }
    })
    .description("Add a tool")
}

async fn progress(Args(arguments): Args<ProgressArguments>, context: Context) -> &'static str {
    for step in 1..=arguments.n {
        context.progress(step, arguments.n).await;
    }
    "done"
}

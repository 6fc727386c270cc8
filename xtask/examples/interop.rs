//! The library's server that `cargo xtask interop` lets other people's clients call: `interop --port N` or
//! `interop --stdio`. It has one tool for each thing that a client must get right, and small pages.

use std::future;
use std::num::NonZeroUsize;
use std::time::Duration;

use midfield::prelude::{
    Args, Content, Context, Deserialize, Error, Json, JsonSchema, Serialize, Server, Tool,
};
use midfield::transport::{http, stdio};
use tokio::net::TcpListener;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What comes back.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Terms {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    total: i64,
    terms: Vec<i64>,
}

#[derive(Deserialize, JsonSchema)]
struct Steps {
    /// How many steps the work has.
    count: u32,
}

/// So few that five tools need three pages.
const PAGE_SIZE: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");

/// Between two steps, so that a client tells their notifications apart.
const PAUSE: Duration = Duration::from_millis(30);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let service = server().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--stdio"] => Ok(stdio::serve(service).await?),
        ["--port", port] => {
            let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
            Ok(http::serve(listener, service, http::Options::new(), future::pending()).await?)
        }
        _ => anyhow::bail!("usage: interop --port PORT | --stdio"),
    }
}

fn server() -> Server {
    let echo = Tool::new("echo", async |Args(echo): Args<Echo>| echo.text);
    let add = Tool::new("add", async |Args(Terms { a, b }): Args<Terms>| {
        Json(Sum {
            total: a + b,
            terms: vec![a, b],
        })
    });
    let fail = Tool::new("fail", async || {
        Err::<(), Error>(Error::tool("the work could not be done"))
    });
    let mixed = Tool::new("mixed", async || {
        vec![
            Content::text("a picture:"),
            Content::image([137_u8, 80], "image/png"),
        ]
    });
    Server::new("midfield-interop", "1.0.0")
        .page_size(PAGE_SIZE)
        .tool(echo.description("Answers with the text that it was given."))
        .tool(add.description("Adds two numbers."))
        .tool(Tool::new("work", work).description("Works in steps and says how far it has come."))
        .tool(fail.description("Fails."))
        .tool(mixed.description("Answers with a text and a picture."))
}

async fn work(Args(steps): Args<Steps>, context: Context) -> &'static str {
    for step in 1..=steps.count {
        context.progress(step, steps.count).await;
        tokio::time::sleep(PAUSE).await;
    }
    "done"
}

//! A server of two tools: over HTTP at `http://127.0.0.1:7420/mcp`, or over stdio with `--stdio`.

use std::time::Duration;

use midfield::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Sum {
    total: i64,
}

/// Add two numbers.
#[tool(read_only)]
fn add(a: i64, b: i64) -> Sum {
    Sum { total: a + b }
}

/// Count down to zero, one number each second.
#[tool(read_only)]
async fn count_down(
    /// Where to begin.
    #[schemars(range(max = 60))]
    from: u32,
    cx: &Context,
) -> String {
    for second in 0..from {
        cx.progress(second, from).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    format!("counted down from {from}")
}

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::new("hello", "1.0.0").tools(tools![add, count_down]);
    if std::env::args().any(|argument| argument == "--stdio") {
        server.serve_stdio().await?;
    } else {
        server.serve_http("127.0.0.1:7420").await?;
    }
    Ok(())
}

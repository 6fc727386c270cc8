//! The server that the official conformance suite is run against: every tool that its scenarios look up
//! by name. `cargo xtask conformance server` starts it as `conformance --port 8101`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield::prelude::*;
use midfield::transport::{http, stdio};
use midfield::types::{ResourceContents, Schema};
use serde_json::Value;

#[derive(Deserialize, JsonSchema)]
struct Greeting {
    /// Who is greeted.
    name: String,
}

/// A picture of one red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/// A sound of no samples.
const WAV: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
    };
    let service = server()?.build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if arguments.iter().any(|argument| argument == "--stdio") {
            return stdio::serve(service).await;
        }
        let port: u16 = value("--port")
            .and_then(|port| port.parse().ok())
            .unwrap_or(8101);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        http::serve(
            listener,
            service,
            http::Options::new(),
            std::future::pending(),
        )
        .await
    })?;
    Ok(())
}

fn server() -> Result<Server, Box<dyn std::error::Error>> {
    let png = STANDARD.decode(PNG)?;
    let wav = STANDARD.decode(WAV)?;
    let tools = [
        Tool::new(
            "test_simple_text",
            async || "This is a simple text response for testing.",
        )
        .description("Answers with a text."),
        Tool::new("test_image_content", {
            let png = png.clone();
            move || std::future::ready(Content::image(&png, "image/png"))
        })
        .description("Answers with a picture."),
        Tool::new("test_audio_content", move || {
            std::future::ready(Content::audio(&wav, "audio/wav"))
        })
        .description("Answers with a sound."),
        Tool::new("test_embedded_resource", async || {
            Content::resource(
                ResourceContents::text(
                    "test://embedded-resource",
                    "This is an embedded resource content.",
                )
                .mime_type("text/plain"),
            )
        })
        .description("Answers with a resource."),
        Tool::new("test_multiple_content_types", move || {
            std::future::ready(mixed(&png))
        })
        .description("Answers with a text, a picture and a resource."),
        Tool::new("test_tool_with_logging", log).description("Sends log messages while it works."),
        Tool::new("test_error_handling", async || {
            Err::<(), Error>(Error::tool(
                "This tool intentionally returns an error for testing",
            ))
        })
        .description("Fails."),
        Tool::new("test_tool_with_progress", report).description("Tells how far it has come."),
        Tool::new("json_schema_2020_12_tool", async || "ok")
            .input_schema(rich_schema()?)
            .description("Takes arguments that fit a rich schema."),
        Tool::new("test_logging_tool", async |cx: Context| {
            cx.log(LogLevel::Info, "only for those who asked").await;
            "done"
        })
        .description("Sends a log message to a client that wants it."),
        Tool::new("greet", async |Args(greeting): Args<Greeting>| {
            format!("Hello, {}!", greeting.name)
        })
        .description("Greets."),
    ];
    Ok(Server::new("midfield-conformance", env!("CARGO_PKG_VERSION")).tools(tools))
}

async fn log(cx: Context) -> &'static str {
    for (number, text) in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ]
    .into_iter()
    .enumerate()
    {
        if number > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        cx.log(LogLevel::Info, text).await;
    }
    "logged"
}

async fn report(cx: Context) -> &'static str {
    for done in [0, 50, 100] {
        cx.progress(done, 100).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    "done"
}

fn mixed(png: &[u8]) -> Vec<Content> {
    let resource = ResourceContents::text(
        "test://mixed-content-resource",
        r#"{"test":"data","value":123}"#,
    );
    vec![
        Content::text("Multiple content types test:"),
        Content::image(png, "image/png"),
        Content::resource(resource.mime_type("application/json")),
    ]
}

fn rich_schema() -> Result<Schema, serde_json::Error> {
    let schema: Value = serde_json::from_str(include_str!("conformance.schema.json"))?;
    serde_json::from_value(schema)
}

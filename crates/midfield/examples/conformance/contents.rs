//! Tools that answer with each kind of content, and those that speak while they work.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Greeting {
    /// Who is greeted.
    name: String,
}

pub(crate) fn tools() -> Result<Vec<Tool>, Box<dyn std::error::Error>> {
    let png = png()?;
    let mixed = png.clone();
    let wav = STANDARD.decode(WAV)?;
    Ok(vec![
        Tool::new(
            "test_simple_text",
            async || "This is a simple text response for testing.",
        )
        .description("Answers with a text."),
        Tool::new("test_image_content", move || {
            std::future::ready(Content::image(&png, "image/png"))
        })
        .description("Answers with a picture."),
        Tool::new("test_audio_content", move || {
            std::future::ready(Content::audio(&wav, "audio/wav"))
        })
        .description("Answers with a sound."),
        Tool::new("test_embedded_resource", embedded).description("Answers with a resource."),
        Tool::new("test_multiple_content_types", move || {
            std::future::ready(several(&mixed))
        })
        .description("Answers with a text, a picture and a resource."),
        Tool::new("test_error_handling", fail).description("Fails."),
        Tool::new("test_tool_with_logging", log).description("Sends log messages while it works."),
        Tool::new("test_tool_with_progress", report).description("Tells how far it has come."),
        Tool::new("test_reconnection", reconnect)
            .description("Lets the client go, which comes back for the rest."),
        Tool::new("greet", async |Args(greeting): Args<Greeting>| {
            format!("Hello, {}!", greeting.name)
        })
        .description("Greets."),
    ])
}

/// A picture of one red pixel.
pub(crate) fn png() -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(PNG)
}

async fn embedded() -> Content {
    let resource = ResourceContents::text(
        "test://embedded-resource",
        "This is an embedded resource content.",
    );
    Content::resource(resource.mime_type("text/plain"))
}

fn several(png: &[u8]) -> Vec<Content> {
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

async fn fail() -> Result<()> {
    Err(Error::tool(
        "This tool intentionally returns an error for testing",
    ))
}

async fn log(cx: Context) -> &'static str {
    cx.log(LogLevel::Info, "Tool execution started").await;
    tokio::time::sleep(PAUSE).await;
    cx.log(LogLevel::Info, "Tool processing data").await;
    tokio::time::sleep(PAUSE).await;
    cx.log(LogLevel::Info, "Tool execution completed").await;
    "logged"
}

async fn report(cx: Context) -> &'static str {
    for done in [0, 50, 100] {
        cx.progress(done, 100).await;
        tokio::time::sleep(PAUSE).await;
    }
    "done"
}

async fn reconnect(cx: Context) -> &'static str {
    cx.let_go().await;
    tokio::time::sleep(PAUSE).await;
    "Reconnection test completed successfully."
}

/// Between two things that a tool says.
const PAUSE: Duration = Duration::from_millis(50);

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/// A sound of no samples.
const WAV: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

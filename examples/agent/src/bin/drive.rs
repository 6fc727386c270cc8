//! Asks the assistant of the library by midfield's client, with a model that says what this file says. The server is the one at
//! the URL that is given; without one it is started over stdio.
//!
//! `cargo run -p agent --bin drive -- [http://127.0.0.1:7450/mcp] [--legacy]`

use std::error::Error;

use midfield::Client;
use midfield::client::{Command, Speak};
use midfield::host::model::Scripted;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (flags, urls): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|it| it.starts_with("--"));
    let speak = match flags.as_slice() {
        [] => Speak::Auto,
        [flag] if flag == "--legacy" => Speak::Legacy,
        _ => return Err(format!("unknown flags {flags:?}; there is --legacy").into()),
    };
    let model = model();
    let builder = Client::builder().speak(speak).sampling(model.clone());
    let client = match urls.first() {
        Some(url) => builder.connect(url.as_str()).await?,
        None => {
            // Both programs are built into one folder.
            let server = std::env::current_exe()?.with_file_name("agent");
            builder.connect(Command::new(server).arg("--stdio")).await?
        }
    };
    let question = "Which book about the sea can I take home?";
    let task = client
        .call_task("advise", json!({"question": question}))
        .await?;
    let result = task.result().await?;
    for (index, (request, _)) in model.asked().iter().enumerate() {
        for message in &request.messages[if index == 0 { 0 } else { 2 * index - 1 }..] {
            say(&serde_json::to_string(message)?);
        }
    }
    say(&serde_json::to_string(&result)?);
    client.close().await;
    Ok(())
}

/// A model that looks, reserves and answers.
fn model() -> Scripted {
    let with = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let log = "The Log from the Sea of Cortez";
    Scripted::new()
        .uses([("find_books", with(json!({"subject": "sea"})))])
        .uses([
            ("is_on_shelf", with(json!({"title": log}))),
            ("is_on_shelf", with(json!({"title": "The Sea Around Us"}))),
        ])
        .uses([("reserve", with(json!({"title": log})))])
        .says(format!("{log}. I have reserved it for you."))
}

#[allow(
    clippy::print_stdout,
    reason = "the terminal is where the conversation is shown"
)]
fn say(line: &str) {
    println!("{line}");
}

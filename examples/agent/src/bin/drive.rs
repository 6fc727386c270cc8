//! Asks the assistant of the library by midfield's client, with a model that says what `model.json` says. The server is the one at
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
    // It looks, reserves and answers.
    let model = Scripted::read(include_bytes!("../../model.json"))?;
    let builder = Client::builder().speak(speak).sampling(model.clone());
    let client = if let Some(url) = urls.first() {
        builder.connect(url.as_str()).await?
    } else {
        // Both programs are built into one folder.
        let server = std::env::current_exe()?.with_file_name("agent");
        builder.connect(Command::new(server).arg("--stdio")).await?
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

#[allow(
    clippy::print_stdout,
    reason = "the terminal is where the conversation is shown"
)]
fn say(line: &str) {
    println!("{line}");
}

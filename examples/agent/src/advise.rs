//! The assistant: a tool that runs the loop of an agent by the client's model, over tools of this server.

use std::num::NonZeroU32;

use midfield::prelude::*;
use midfield::server::Agent;

use crate::library;

/// What the assistant says.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Advice {
    answer: String,
    /// How often the model was asked.
    rounds: u32,
    model: String,
}

/// Ask the library's assistant, who can find books and reserve them.
#[tool(task, asks(sampling_with_tools))]
pub(crate) async fn advise(question: String, cx: &Context) -> Result<Advice> {
    let agent = Agent::new(1_000)
        .system("You are the assistant of a library. Use the tools; recommend only what is on its shelf.")
        .user(question)
        .tools(library::tools())
        .rounds(NonZeroU32::MIN.saturating_add(5));
    // Each answer of the model and each result of a tool is kept before it is acted upon: after a crash nothing is asked or
    // reserved twice.
    let result = cx.agent("advise", agent).await?;
    Ok(Advice {
        answer: result.text,
        rounds: result.rounds,
        model: result.model,
    })
}

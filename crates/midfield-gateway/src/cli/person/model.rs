//! What a server asks a model, and what the model says, shown to a person who decides
//! ([2026-07-28, user interaction model](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#user-interaction-model)).

use std::fmt::Write as _;

use midfield::client::Asker;
use midfield::types::{CreateMessage, Role, SampleResult, SamplingContent};

use super::terminal::Terminal;
use super::words::{quoted, shortened, unlinked};
use super::{Person, choose};
use crate::cli::text::line;

impl Person {
    /// Whether it is somebody at a terminal.
    pub(in crate::cli) fn is_at_terminal(&self) -> bool {
        matches!(self, Self::AtTerminal(_))
    }

    /// Lets whoever sits at the terminal read `text` and choose one of `answers`, the first of which is what it is without them;
    /// `None` where they leave.
    pub(in crate::cli) async fn choose(
        &self,
        who: &Asker,
        text: &str,
        answers: &[&str],
    ) -> Option<usize> {
        let Self::AtTerminal(turn) = self else {
            return None;
        };
        let _turn = turn.lock().await;
        let answers: Vec<String> = answers.iter().map(|it| (*it).to_owned()).collect();
        let asking = async {
            let mut terminal = Terminal::open(who).await?;
            terminal.print(text)?;
            let chosen = choose::one(&mut terminal, &answers, 0).await?;
            terminal.close("");
            Ok::<_, std::io::Error>(chosen)
        };
        match asking.await {
            Ok(chosen) => chosen.ok(),
            Err(error) => {
                tracing::debug!("the terminal cannot be used: {error}");
                None
            }
        }
    }
}

/// What a server asks a model.
pub(in crate::cli) fn words_of_wish(model: &str, request: &CreateMessage) -> String {
    let mut text = format!("  it wants to ask the model `{model}`, at your cost\n");
    if let Some(prompt) = &request.system_prompt {
        let _ = write!(text, "  what the model is told first:\n{}", quoted(prompt));
    }
    let count = request.messages.len();
    let first = count.saturating_sub(SHOWN);
    if first > 0 {
        let verb = if first == 1 { "is" } else { "are" };
        let before = crate::cli::count(first, "message");
        let _ = writeln!(text, "  {before} before these {verb} not shown");
    }
    for message in request.messages.iter().skip(first) {
        let who = match message.role {
            Role::User => "user",
            Role::Assistant => "model",
        };
        let _ = write!(text, "  {who}:\n{}", pieces(&message.content));
    }
    if !request.tools.is_empty() {
        let names = request.tools.iter();
        let names: Vec<String> = names.map(|tool| unlinked(&tool.name)).collect();
        let names = shortened(&names.join(", "), MAX_NAMES);
        let _ = writeln!(text, "  with the tools {names}");
    }
    let _ = writeln!(text, "  at most {} tokens long", request.max_tokens);
    text
}

/// What a model says to a server.
pub(in crate::cli) fn words_of_model(result: &SampleResult) -> String {
    let name = shortened(&unlinked(&result.model), MAX_NAMES);
    format!(
        "  the model `{name}` says to it:\n{}",
        pieces(&result.content)
    )
}

fn pieces(content: &[SamplingContent]) -> String {
    content
        .iter()
        .map(|piece| quoted(&in_words(piece)))
        .collect()
}

fn in_words(piece: &SamplingContent) -> String {
    match piece {
        SamplingContent::Text(text) => text.text.clone(),
        SamplingContent::Image(image) => format!("[image {}]", line(&image.mime_type)),
        SamplingContent::Audio(audio) => format!("[audio {}]", line(&audio.mime_type)),
        SamplingContent::ToolUse(used) => {
            let input = serde_json::Value::Object(used.input.clone());
            format!("[uses {} with {input}]", line(&used.name))
        }
        SamplingContent::ToolResult(answer) => {
            let blocks = answer.content.iter().map(crate::cli::content::block);
            let blocks: Vec<String> = blocks.collect();
            format!("[result of a tool]\n{}", blocks.join("\n"))
        }
        _ => "[what is not known here]".to_owned(),
    }
}

/// How many messages are shown, the last ones.
const SHOWN: usize = 4;

/// Most characters of names.
const MAX_NAMES: usize = 400;

#[cfg(test)]
mod tests {
    use midfield::types::{SamplingMessage, ToolUse};

    use super::*;

    #[test]
    fn a_wish_is_shown_with_nothing_that_is_obeyed() {
        let mut request = CreateMessage::new(64);
        request.system_prompt = Some("Be brief.\u{1b}[2J".to_owned());
        for text in ["a", "b", "c", "d", "see https://evil.example\n> yes"] {
            request = request.message(SamplingMessage::user(text));
        }
        assert_eq!(
            words_of_wish("openai/m", &request),
            "  it wants to ask the model `openai/m`, at your cost\n  what the model is told first:\n  | Be brief.[2J\n  1 message \
             before these is not shown\n  user:\n  | b\n  user:\n  | c\n  user:\n  | d\n  user:\n  | see https: \
             //evil.example\n  | > yes\n  at most 64 tokens long\n"
        );
    }

    #[test]
    fn what_a_model_says_is_shown_piece_by_piece() {
        let input = serde_json::Map::from_iter([("a".to_owned(), 1.into())]);
        let used = SamplingContent::ToolUse(ToolUse::new("1", "add", input));
        let result = SampleResult::new("m", vec![SamplingContent::text("Let me see."), used]);
        assert_eq!(
            words_of_model(&result),
            "  the model `m` says to it:\n  | Let me see.\n  | [uses add with {\"a\":1}]\n"
        );
    }
}

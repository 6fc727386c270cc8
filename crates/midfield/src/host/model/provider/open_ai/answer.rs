//! What is answered, whole or as a stream of events. Servers differ in what they leave out; what is not known is passed over.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::failure::{Failure, Word};
use super::super::draft::{Arguments, Draft, Piece, Usage};

/// A completion, or a chunk of one.
#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Tokens>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(default, alias = "message")]
    delta: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<Value>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
}

#[derive(Debug, Deserialize)]
struct Call {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Debug, Deserialize)]
struct Function {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
}

/// A stream as it comes in.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    model: String,
    text: String,
    refusal: String,
    calls: Vec<Made>,
    finish_reason: Option<String>,
    usage: Option<Usage>,
    is_done: bool,
}

/// A call as it comes in.
#[derive(Debug)]
struct Made {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: Arguments,
}

impl Stream {
    pub(in super::super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Takes the data of one event.
    pub(in super::super) fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        if data == b"[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_slice(data)
            .map_err(|_| Failure::unusable("an event of its stream is not as documented"))?;
        self.add(chunk)
    }

    /// What was said, when the stream has ended. Not every server says `[DONE]`.
    pub(in super::super) fn finish(self) -> Result<Draft, Failure> {
        let Some(reason) = self.finish_reason else {
            return Err(Failure::Cut);
        };
        let reason = if self.refusal.is_empty() {
            match reason.as_str() {
                "stop" => "endTurn",
                "length" => "maxTokens",
                "tool_calls" | "function_call" => "toolUse",
                other => other,
            }
        } else {
            "refusal"
        };
        let mut draft = Draft {
            model: self.model,
            stop_reason: Some(reason.to_owned()),
            usage: self.usage,
            ..Draft::default()
        };
        draft.push(Piece::Text(self.text))?;
        draft.push(Piece::Text(self.refusal))?;
        for call in self.calls {
            draft.push(Piece::Use {
                id: call.id,
                name: call.name,
                arguments: call.arguments,
            })?;
        }
        Ok(draft)
    }

    fn add(&mut self, chunk: Chunk) -> Result<(), Failure> {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let kind = error["type"].as_str().or_else(|| error["code"].as_str());
            return Err(Failure::BrokeOff {
                kind: kind.and_then(Word::new),
            });
        }
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        // Half of it would leave the other half out.
        if let Some(tokens) = chunk.usage
            && let (Some(input), Some(output)) = (tokens.prompt_tokens, tokens.completion_tokens)
        {
            self.usage = Some(Usage { input, output });
        }
        for choice in chunk.choices.into_iter().filter(|it| it.index == 0) {
            if let Some(said) = choice.delta {
                self.text.push_str(&text_of(said.content));
                self.refusal.push_str(&said.refusal.unwrap_or_default());
                for call in said.tool_calls.unwrap_or_default() {
                    self.add_call(call)?;
                }
            }
            if choice.finish_reason.is_some() {
                self.finish_reason = choice.finish_reason;
            }
        }
        Ok(())
    }

    fn add_call(&mut self, call: Call) -> Result<(), Failure> {
        let id = call.id.unwrap_or_default();
        let (name, arguments) = call
            .function
            .map_or((None, None), |it| (it.name, it.arguments));
        let known = match call.index {
            Some(_) => self.calls.iter_mut().find(|it| it.index == call.index),
            // A server that does not number calls writes one after the other.
            None => self
                .calls
                .last_mut()
                .filter(|it| name.is_none() && (id.is_empty() || it.id == id)),
        };
        if let Some(made) = known {
            made.name.push_str(&name.unwrap_or_default());
            if made.id.is_empty() {
                made.id = id;
            }
            return made.add(arguments);
        }
        if self.calls.len() >= MAX_CALLS {
            return Err(Failure::unusable(format!(
                "it has more than {MAX_CALLS} calls of tools"
            )));
        }
        let mut made = Made {
            index: call.index,
            id,
            name: name.unwrap_or_default(),
            arguments: Arguments::Text(String::new()),
        };
        made.add(arguments)?;
        self.calls.push(made);
        Ok(())
    }
}

impl Made {
    fn add(&mut self, more: Option<Value>) -> Result<(), Failure> {
        match (&mut self.arguments, more) {
            (_, None | Some(Value::Null)) => {}
            (Arguments::Text(text), Some(Value::String(more))) => text.push_str(&more),
            // Some servers give the object itself.
            (Arguments::Text(text), Some(value)) if text.is_empty() => {
                self.arguments = Arguments::Value(value);
            }
            _ => {
                return Err(Failure::unusable(
                    "the arguments of a tool come both as text and as an object",
                ));
            }
        }
        Ok(())
    }
}

/// Reads an answer that came whole: it is like a stream of one chunk.
pub(in super::super) fn read(body: &[u8]) -> Result<Draft, Failure> {
    let chunk: Chunk =
        serde_json::from_slice(body).map_err(|_| Failure::unusable("it is not as documented"))?;
    if chunk.choices.is_empty() && chunk.error.is_none() {
        return Err(Failure::unusable("it has no choice"));
    }
    let mut stream = Stream::default();
    stream.add(chunk)?;
    if stream.finish_reason.is_none() {
        return Err(Failure::unusable("it does not say why it stopped"));
    }
    stream.finish()
}

/// Text by itself, or in parts.
fn text_of(content: Option<Value>) -> String {
    match content {
        Some(Value::String(text)) => text,
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

/// Most calls of tools in one answer.
const MAX_CALLS: usize = 512;

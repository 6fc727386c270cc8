//! What is answered, whole or as a stream of events. What is not known in it is passed over.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::failure::{Failure, Word};
use super::super::draft::{Arguments, Draft, Piece, Usage};

/// A message, or the beginning of one.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    model: String,
    #[serde(default)]
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        #[serde(default)]
        id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: u64,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: Ending,
        #[serde(default)]
        usage: Option<Tokens>,
    },
    MessageStop,
    Error {
        error: Problem,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Ending {
    #[serde(default)]
    stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default)]
    r#type: String,
}

/// What the provider has counted so far, as far as it has said.
#[derive(Debug, Default)]
struct Counted {
    input: Option<u64>,
    output: Option<u64>,
}

/// What the provider counts. Tokens from a cache and into one were read too.
#[derive(Debug, Deserialize)]
struct Tokens {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens")]
    into_cache: Option<u64>,
    #[serde(rename = "cache_read_input_tokens")]
    from_cache: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
}

/// A stream as it comes in.
#[derive(Debug, Default)]
pub(in super::super) struct Stream {
    draft: Draft,
    counted: Counted,
    /// The indices of the pieces.
    indices: Vec<u64>,
    is_done: bool,
}

impl Stream {
    pub(in super::super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Takes the data of one event.
    pub(in super::super) fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        let event = serde_json::from_slice(data)
            .map_err(|_| Failure::unusable("an event of its stream is not as documented"))?;
        match event {
            Event::MessageStart { message } => {
                self.draft.model = message.model;
                self.count(message.usage);
            }
            Event::ContentBlockStart {
                index,
                content_block,
            } => {
                self.indices.push(index);
                self.draft.push(begin(content_block))?;
            }
            Event::ContentBlockDelta { index, delta } => self.add(index, delta)?,
            Event::MessageDelta { delta, usage } => {
                if let Some(reason) = delta.stop_reason {
                    self.draft.stop_reason = Some(stop_reason(&reason));
                }
                self.count(usage);
            }
            Event::MessageStop => self.is_done = true,
            Event::Error { error } if error.r#type == "overloaded_error" && self.is_empty() => {
                return Err(Failure::Busy {
                    status: 529,
                    retry_after: None,
                });
            }
            Event::Error { error } => {
                return Err(Failure::BrokeOff {
                    kind: Word::new(&error.r#type),
                });
            }
            Event::Other => {}
        }
        Ok(())
    }

    /// What was said, when the stream has ended.
    pub(in super::super) fn finish(mut self) -> Result<Draft, Failure> {
        if self.is_done {
            self.draft.usage = self.counted.usage();
            Ok(self.draft)
        } else {
            Err(Failure::Cut)
        }
    }

    fn is_empty(&self) -> bool {
        self.draft.pieces.is_empty()
    }

    fn add(&mut self, index: u64, delta: Delta) -> Result<(), Failure> {
        let place = self.indices.iter().rposition(|it| *it == index);
        let piece = place.and_then(|place| self.draft.pieces.get_mut(place));
        match (piece, delta) {
            (_, Delta::Other) | (Some(Piece::Other), _) => {}
            (Some(Piece::Text(text)), Delta::Text { text: more }) => text.push_str(&more),
            (
                Some(Piece::Use {
                    arguments: Arguments::Text(text),
                    ..
                }),
                Delta::InputJson { partial_json },
            ) => text.push_str(&partial_json),
            _ => {
                return Err(Failure::unusable(
                    "an event of its stream belongs to no piece of it",
                ));
            }
        }
        Ok(())
    }

    fn count(&mut self, tokens: Option<Tokens>) {
        if let Some(tokens) = tokens {
            self.counted.add(&tokens);
        }
    }
}

impl Counted {
    fn add(&mut self, tokens: &Tokens) {
        if let Some(input) = tokens.input {
            let cached = [tokens.into_cache, tokens.from_cache];
            let cached = cached.into_iter().flatten();
            self.input = Some(cached.fold(input, u64::saturating_add));
        }
        self.output = tokens.output.or(self.output);
    }

    /// What was used; half of it would leave the other half out.
    fn usage(&self) -> Option<Usage> {
        Some(Usage {
            input: self.input?,
            output: self.output?,
        })
    }
}

/// Reads an answer that came whole.
pub(in super::super) fn read(body: &[u8]) -> Result<Draft, Failure> {
    let message: Message =
        serde_json::from_slice(body).map_err(|_| Failure::unusable("it is not as documented"))?;
    let mut draft = Draft {
        model: message.model,
        stop_reason: message.stop_reason.as_deref().map(stop_reason),
        ..Draft::default()
    };
    if draft.stop_reason.is_none() {
        return Err(Failure::unusable("it does not say why it stopped"));
    }
    for block in message.content {
        draft.push(match block {
            Block::Text { text } => Piece::Text(text),
            Block::ToolUse { id, name, input } => Piece::Use {
                id,
                name,
                arguments: Arguments::Value(input),
            },
            Block::Other => Piece::Other,
        })?;
    }
    if let Some(tokens) = message.usage {
        let mut counted = Counted::default();
        counted.add(&tokens);
        draft.usage = counted.usage();
    }
    Ok(draft)
}

/// A piece of a stream: its arguments come in events of their own.
fn begin(block: Block) -> Piece {
    match block {
        Block::Text { text } => Piece::Text(text),
        Block::ToolUse { id, name, .. } => Piece::Use {
            id,
            name,
            arguments: Arguments::Text(String::new()),
        },
        Block::Other => Piece::Other,
    }
}

fn stop_reason(said: &str) -> String {
    match said {
        "end_turn" => "endTurn",
        "stop_sequence" => "stopSequence",
        "max_tokens" => "maxTokens",
        "tool_use" => "toolUse",
        other => other,
    }
    .to_owned()
}

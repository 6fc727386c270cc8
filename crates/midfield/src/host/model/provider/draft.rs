//! An answer as it comes together, before it is checked.

use midfield_protocol::types::{SampleResult, SamplingContent, ToolUse};
use serde_json::{Map, Value};

use super::super::failure::Failure;
use super::names::Names;

/// What a model has answered, and what it says that it cost.
#[derive(Debug)]
pub(in super::super) struct Completion {
    pub(in super::super) result: SampleResult,
    /// `None` where the provider does not say.
    pub(in super::super) usage: Option<Usage>,
}

/// In tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Usage {
    pub(in super::super) input: u64,
    pub(in super::super) output: u64,
}

/// What a provider has said, in its own order.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) model: String,
    pub(super) pieces: Vec<Piece>,
    /// In the words of the protocol, where it has one.
    pub(super) stop_reason: Option<String>,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Use {
        id: String,
        name: String,
        arguments: Arguments,
    },
    /// What the protocol has no room for, such as the thoughts of a model.
    Other,
}

/// The arguments of a use of a tool.
#[derive(Debug)]
pub(super) enum Arguments {
    /// JSON that was written piece by piece.
    Text(String),
    Value(Value),
}

impl Draft {
    pub(super) fn push(&mut self, piece: Piece) -> Result<(), Failure> {
        if self.pieces.len() >= MAX_PIECES {
            return Err(Failure::unusable(format!(
                "it has more than {MAX_PIECES} pieces"
            )));
        }
        self.pieces.push(piece);
        Ok(())
    }

    /// Checks what was said by the model that was asked as `asked`.
    pub(super) fn finish(self, asked: &str, names: &Names) -> Result<Completion, Failure> {
        let is_cut_short = self.stop_reason.as_deref() == Some("maxTokens");
        let mut content = Vec::with_capacity(self.pieces.len());
        let mut uses = 0;
        for piece in self.pieces {
            match piece {
                Piece::Text(text) if !text.is_empty() => content.push(SamplingContent::text(text)),
                Piece::Text(_) | Piece::Other => {}
                Piece::Use {
                    id,
                    name,
                    arguments,
                } => {
                    let name = names.name(&name);
                    if name.is_empty() {
                        return Err(Failure::unusable("it uses a tool without a name"));
                    }
                    uses += 1;
                    let is_known = content
                        .iter()
                        .any(|it| matches!(it, SamplingContent::ToolUse(other) if other.id == id));
                    // Servers of models on one's own machine leave ids out, or give the same one twice.
                    let id = if id.is_empty() || is_known {
                        format!("call-{uses}-{}", content.len())
                    } else {
                        id
                    };
                    let input = arguments.read(name, is_cut_short)?;
                    content.push(SamplingContent::ToolUse(ToolUse::new(id, name, input)));
                }
            }
        }
        if content.is_empty() {
            content.push(SamplingContent::text(""));
        }
        let has_ended = matches!(self.stop_reason.as_deref(), None | Some("endTurn"));
        let stop_reason = if uses > 0 && has_ended {
            Some("toolUse".to_owned())
        } else {
            self.stop_reason
        };
        let model = if self.model.is_empty() {
            asked.to_owned()
        } else {
            self.model
        };
        let mut result = SampleResult::new(model, content);
        result.stop_reason = stop_reason;
        Ok(Completion {
            result,
            usage: self.usage,
        })
    }
}

impl Arguments {
    fn read(self, tool: &str, is_cut_short: bool) -> Result<Map<String, Value>, Failure> {
        let value = match self {
            // A tool without arguments.
            Self::Text(text) if text.trim().is_empty() && !is_cut_short => return Ok(Map::new()),
            Self::Text(text) => serde_json::from_str(&text).ok(),
            Self::Value(Value::Null) => return Ok(Map::new()),
            Self::Value(value) => Some(value),
        };
        match value {
            Some(Value::Object(arguments)) => Ok(arguments),
            _ if is_cut_short => Err(Failure::unusable(format!(
                "it reached `maxTokens` amid its use of the tool {tool:?}; ask with more"
            ))),
            _ => Err(Failure::unusable(format!(
                "the arguments that it gives the tool {tool:?} are no JSON object; ask again"
            ))),
        }
    }
}

/// Most pieces of one answer.
const MAX_PIECES: usize = 1_024;

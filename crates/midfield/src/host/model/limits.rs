//! How much one request may be, and how long the loop of an agent may go on
//! ([security considerations](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#security-considerations)).

use std::io;

use midfield_protocol::types::{CreateMessage, Role, SamplingContent, SamplingMessage};

use crate::client::Refusal;
use crate::conversation;

/// How much one request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    rounds: usize,
    messages: usize,
    bytes: usize,
}

impl Limits {
    /// 25 rounds, 500 messages, 20 MiB.
    pub const fn new() -> Self {
        Self {
            rounds: 25,
            messages: 500,
            bytes: 20 << 20,
        }
    }

    /// Sets the most messages of the model that use tools, in one conversation. Default: 25. An agent that has reached it
    /// gets no further answer.
    pub const fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets the most messages of one request. Default: 500.
    pub const fn messages(mut self, messages: usize) -> Self {
        self.messages = messages;
        self
    }

    /// Sets the most bytes of one request as JSON, pictures and sounds included. Default: 20 MiB.
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Checks a request before anybody is bothered with it.
    pub(super) fn check(&self, request: &CreateMessage) -> Result<(), Refusal> {
        if request.messages.is_empty() {
            return Err(Refusal::invalid("the conversation has no message"));
        }
        if request.max_tokens == 0 {
            return Err(Refusal::invalid("`maxTokens` must be 1 or more"));
        }
        if request.messages.len() > self.messages {
            return Err(Refusal::rejected(format!(
                "the conversation has {} messages, and this client takes at most {}",
                request.messages.len(),
                self.messages
            )));
        }
        conversation::check(&request.messages).map_err(Refusal::invalid)?;
        let rounds = request.messages.iter().filter(|it| uses_tools(it)).count();
        if rounds > self.rounds {
            return Err(Refusal::rejected(format!(
                "the model has used tools in {rounds} messages of this conversation, and this client allows {}; \
                 finish with what there is, or begin a new conversation",
                self.rounds
            )));
        }
        if serde_json::to_writer(Room(self.bytes), request).is_err() {
            return Err(Refusal::rejected(format!(
                "the request is larger than the {} bytes that this client takes",
                self.bytes
            )));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

fn uses_tools(message: &SamplingMessage) -> bool {
    let is_use = |content: &SamplingContent| matches!(content, SamplingContent::ToolUse(_));
    message.role == Role::Assistant && message.content.iter().any(is_use)
}

/// Takes so many bytes and no more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

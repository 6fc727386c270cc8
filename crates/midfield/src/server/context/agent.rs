//! The loop of an agent: a model that uses tools until it has an answer
//! ([sampling with tools](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#sampling-with-tools)).

use std::num::NonZeroU32;

use futures_util::future::join_all;
use midfield_protocol::Raw;
use midfield_protocol::types::{
    CreateMessage, Role, SamplingContent, SamplingMessage, ToolAnswer, ToolChoiceMode, ToolResult,
    ToolUse,
};
use serde_json::value::RawValue;

use super::super::check::ArgumentsCheck;
use super::super::handler::Arguments;
use super::super::tool::Tool;
use super::Context;
use crate::{Error, Result};

/// What an agent is asked, and the tools that it may use.
///
/// ```
/// use midfield::prelude::*;
/// use midfield::server::Agent;
///
/// /// Look a word up.
/// #[tool]
/// fn look_up(word: String) -> String {
///     format!("{word} is a word")
/// }
///
/// let agent = Agent::new(500).user("What is a journal?").tool(look_up::tool());
/// # let _ = agent;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Agent {
    request: CreateMessage,
    tools: Vec<Tool>,
    rounds: NonZeroU32,
}

/// What an agent came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentResult {
    /// The text of its last message.
    pub text: String,
    /// The conversation, from the first question to the last answer.
    pub messages: Vec<SamplingMessage>,
    /// How often the model was asked.
    pub rounds: u32,
    /// The model that answered last, as the client names it.
    pub model: String,
    /// Why the model stopped, such as `endTurn` or `maxTokens`.
    pub stop_reason: Option<String>,
}

impl Agent {
    /// An agent whose every message has at most `max_tokens` tokens.
    pub fn new(max_tokens: u32) -> Self {
        Self::from_request(CreateMessage::new(max_tokens))
    }

    /// An agent that begins with `request`, whose own tools and tool choice are replaced.
    pub fn from_request(request: CreateMessage) -> Self {
        Self {
            request,
            tools: Vec::new(),
            rounds: DEFAULT_ROUNDS,
        }
    }

    /// Sets what the model is told first.
    pub fn system(mut self, prompt: impl Into<String>) -> Self {
        self.request.system_prompt = Some(prompt.into());
        self
    }

    /// Adds a message of the user.
    pub fn user(mut self, text: impl Into<String>) -> Self {
        self.request.messages.push(SamplingMessage::user(text));
        self
    }

    /// Gives it a tool. The tool's handler may do steps and tell of progress; it cannot ask questions.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Gives it tools.
    pub fn tools(mut self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Sets how often the model is asked at the most. Default: 10. In the last round it may use no tool, so
    /// that it has to answer.
    pub fn rounds(mut self, rounds: NonZeroU32) -> Self {
        self.rounds = rounds;
        self
    }
}

impl Context {
    /// Runs an agent: asks the client's model, runs the tools that it uses, several at once where it uses
    /// several, and goes on until it uses none. Each round and each result of a tool is an entry of the
    /// journal, so that nothing is asked or done twice.
    ///
    /// The client must offer sampling, and where the agent has tools, sampling with tools.
    ///
    /// # Errors
    /// When the client refuses to ask its model.
    pub async fn agent(&self, name: &str, agent: Agent) -> Result<AgentResult> {
        let Agent {
            mut request,
            tools,
            rounds,
        } = agent;
        let tools = Kit::new(tools)?;
        request.tools = tools.descriptions();
        for round in 1..=rounds.get() {
            let is_last = round == rounds.get();
            if !request.tools.is_empty() {
                request = request.tool_choice(if is_last {
                    ToolChoiceMode::None
                } else {
                    ToolChoiceMode::Auto
                });
            }
            let answer = self.sample(name, request.clone()).await?;
            let uses: Vec<ToolUse> = answer
                .content
                .iter()
                .filter_map(|content| match content {
                    SamplingContent::ToolUse(tool_use) => Some(tool_use.clone()),
                    _ => None,
                })
                .collect();
            let message = SamplingMessage::new(answer.role, answer.content);
            let text = text_of(&message);
            request.messages.push(message);
            if uses.is_empty() || is_last {
                return Ok(AgentResult {
                    text,
                    messages: request.messages,
                    rounds: round,
                    model: answer.model,
                    stop_reason: answer.stop_reason,
                });
            }
            // The specification wants every use answered, in a message of nothing but results.
            let results = join_all(
                uses.iter()
                    .map(|tool_use| self.use_tool(name, &tools, tool_use)),
            );
            request
                .messages
                .push(SamplingMessage::new(Role::User, results.await));
        }
        // There is at least one round, and the last one returns.
        Err(Error::tool("the agent had no round"))
    }

    async fn use_tool(&self, agent: &str, tools: &Kit, tool_use: &ToolUse) -> SamplingContent {
        let result = match tools.find(&tool_use.name) {
            Some(tool) => {
                let name = format!("{agent}/{}", tool_use.name);
                let ran = self.step(&name, || tool.run(self.clone(), tool_use)).await;
                ran.unwrap_or_else(|error| ToolResult::error(error.to_string()))
            }
            // What a model makes up is no name of a step.
            None => ToolResult::error(format!("there is no tool {:?}", tool_use.name)),
        };
        let mut answer = ToolAnswer::new(&tool_use.id, result.content);
        answer.structured_content = result.structured_content;
        answer.is_error = result.is_error.then_some(true);
        SamplingContent::ToolResult(answer)
    }
}

/// The tools of one agent.
struct Kit(Vec<Ready>);

/// A tool that is ready to be used.
struct Ready {
    tool: Tool,
    check: ArgumentsCheck,
}

impl Kit {
    fn new(tools: Vec<Tool>) -> Result<Self> {
        let ready = tools.into_iter().map(|tool| {
            let check = ArgumentsCheck::new(&tool.description.input_schema, tool.trust)?;
            Ok(Ready { tool, check })
        });
        ready.collect::<Result<_>>().map(Self)
    }

    fn descriptions(&self) -> Vec<midfield_protocol::types::Tool> {
        let tools = self.0.iter();
        tools.map(|ready| ready.tool.description.clone()).collect()
    }

    fn find(&self, name: &str) -> Option<&Ready> {
        self.0.iter().find(|ready| ready.tool.name() == name)
    }
}

impl Ready {
    /// What the tool answers; a model that gives it what does not fit is told so.
    async fn run(&self, context: Context, tool_use: &ToolUse) -> Result<ToolResult> {
        let input = Raw::of(&tool_use.input)?;
        let input: &RawValue = serde_json::from_str(input.as_str())?;
        let arguments = Arguments::new(Some(input));
        if let Err(misfit) = self.check.check(arguments) {
            return Ok(misfit.into_tool_result());
        }
        self.tool.handler.call(arguments, context).await
    }
}

fn text_of(message: &SamplingMessage) -> String {
    let texts: Vec<&str> = message
        .content
        .iter()
        .filter_map(|content| match content {
            SamplingContent::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}

const DEFAULT_ROUNDS: NonZeroU32 = NonZeroU32::new(10).unwrap();

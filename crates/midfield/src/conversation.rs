//! What a conversation with a model must be, where tools are used: every use has its result, in the next
//! message, which holds nothing else
//! ([tool use and result balance](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#tool-use-and-result-balance)).
//! Servers check it before they ask and clients before they answer, who tell their servers so, in the words of the
//! specification ([error handling](https://modelcontextprotocol.io/specification/2025-11-25/client/sampling#error-handling)).
//! Whether the client's model uses tools at all is asked elsewhere.

use std::collections::BTreeSet;

use midfield_protocol::types::{Role, SampleResult, SamplingContent, SamplingMessage};

/// Checks what a model is about to be asked.
pub(crate) fn check(messages: &[SamplingMessage]) -> Result<(), &'static str> {
    let mut open = BTreeSet::new();
    for message in messages {
        let answered = results(message)?;
        if answered != open {
            return Err(
                "Tool result missing in request: each use of a tool must have one result, in the message after it",
            );
        }
        open = uses(message.role, &message.content)?;
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(
            "Tool result missing in request: its last message uses tools and has no results after it",
        )
    }
}

/// Checks what a model has answered.
pub(crate) fn check_answer(answer: &SampleResult) -> Result<(), &'static str> {
    let has_result = |content: &SamplingContent| matches!(content, SamplingContent::ToolResult(_));
    if answer.content.iter().any(has_result) {
        return Err("a model gives no results of tools");
    }
    uses(answer.role, &answer.content).map(drop)
}

/// The uses of tools in a message.
fn uses(role: Role, content: &[SamplingContent]) -> Result<BTreeSet<&str>, &'static str> {
    let mut ids = BTreeSet::new();
    for content in content {
        if let SamplingContent::ToolUse(tool_use) = content
            && !ids.insert(tool_use.id.as_str())
        {
            return Err("two uses of tools have the same `id`");
        }
    }
    if role != Role::Assistant && !ids.is_empty() {
        return Err("only the assistant uses tools");
    }
    Ok(ids)
}

/// The uses that a message has the results of.
fn results(message: &SamplingMessage) -> Result<BTreeSet<&str>, &'static str> {
    let mut ids = BTreeSet::new();
    for content in &message.content {
        if let SamplingContent::ToolResult(result) = content
            && !ids.insert(result.tool_use_id.as_str())
        {
            return Err("two results have the same `toolUseId`");
        }
    }
    if ids.is_empty() {
        return Ok(ids);
    }
    if message.role != Role::User {
        return Err("only the user gives results of tools");
    }
    if ids.len() != message.content.len() {
        return Err(
            "Tool results mixed with other content: a message with results of tools must hold nothing else",
        );
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use midfield_protocol::types::{Content, ToolAnswer};
    use serde_json::{Value, json};

    use super::*;

    fn used(ids: &[&str]) -> SamplingMessage {
        message(Role::Assistant, ids.iter().map(|id| tool_use(id)).collect())
    }

    fn tool_use(id: &str) -> Value {
        json!({"type": "tool_use", "id": id, "name": "t", "input": {}})
    }

    fn message(role: Role, content: Vec<Value>) -> SamplingMessage {
        let content = content.into_iter().map(serde_json::from_value);
        SamplingMessage::new(role, content.collect::<Result<_, _>>().expect("content"))
    }

    fn result(id: &str) -> SamplingContent {
        SamplingContent::ToolResult(ToolAnswer::new(id, vec![Content::text("x")]))
    }

    fn answered(ids: &[&str]) -> SamplingMessage {
        SamplingMessage::new(Role::User, ids.iter().map(|id| result(id)).collect())
    }

    fn mixed() -> SamplingMessage {
        let text = SamplingContent::text("and more");
        SamplingMessage::new(Role::User, vec![result("1"), text])
    }

    fn asked() -> SamplingMessage {
        SamplingMessage::user("What is it?")
    }

    #[test]
    fn every_use_has_one_result_in_the_next_message() {
        for good in [
            vec![],
            vec![asked()],
            vec![asked(), SamplingMessage::assistant("A book."), asked()],
            vec![asked(), used(&["1", "2"]), answered(&["2", "1"])],
            vec![
                asked(),
                used(&["1"]),
                answered(&["1"]),
                used(&["1"]),
                answered(&["1"]),
            ],
        ] {
            assert_eq!(check(&good), Ok(()), "{good:?}");
        }
        let by_the_model = SamplingMessage::new(Role::Assistant, vec![result("1")]);
        let by_the_user = message(Role::User, vec![tool_use("1")]);
        for bad in [
            vec![asked(), used(&["1"])],
            vec![asked(), used(&["1"]), asked(), answered(&["1"])],
            vec![asked(), used(&["1", "2"]), answered(&["1"])],
            vec![
                asked(),
                used(&["1", "2"]),
                answered(&["1"]),
                answered(&["2"]),
            ],
            vec![asked(), used(&["1"]), answered(&["1", "2"])],
            vec![asked(), used(&["1"]), answered(&["1", "1"])],
            vec![asked(), used(&["1", "1"]), answered(&["1"])],
            vec![asked(), used(&["1"]), mixed()],
            vec![asked(), used(&["1"]), by_the_model],
            vec![asked(), by_the_user, answered(&["1"])],
            vec![answered(&["1"])],
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }
}

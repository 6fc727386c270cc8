//! What is asked.

use midfield_protocol::types::{
    CreateMessage, Role, SamplingContent, SamplingMessage, Tool, ToolAnswer, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::super::super::failure::Failure;
use super::super::content::{self, Part, unfit, user};
use super::super::names::{Ids, Names};

/// The body of the request.
///
/// Messages of the same role in a row become one. Temperatures above 1, stop sequences of blanks alone and all metadata but
/// `user_id` are left out or cut, as the specification allows.
pub(in super::super) fn write(
    model: &str,
    request: &CreateMessage,
    max_tokens: u32,
    names: &Names,
) -> Result<Value, Failure> {
    let mut body = json!({
        "model": model,
        "max_tokens": max_tokens,
        "stream": true,
        "messages": messages(&request.messages, names)?,
    });
    if let Some(prompt) = request.system_prompt.as_ref().filter(|it| !it.is_empty()) {
        body["system"] = json!(prompt);
    }
    if let Some(temperature) = request.temperature {
        body["temperature"] = json!(temperature.clamp(0.0, 1.0));
    }
    let stops = request.stop_sequences.iter();
    let stops: Vec<_> = stops.filter(|stop| !stop.trim().is_empty()).collect();
    if !stops.is_empty() {
        body["stop_sequences"] = json!(stops);
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter();
        body["tools"] = tools.map(|tool| description(tool, names)).collect();
        let mode = request.tool_choice.and_then(|choice| choice.mode);
        let mode = match mode.unwrap_or(ToolChoiceMode::Auto) {
            ToolChoiceMode::Auto => "auto",
            ToolChoiceMode::Required => "any",
            ToolChoiceMode::None => "none",
        };
        body["tool_choice"] = json!({"type": mode});
    }
    if let Some(user) = user(request.metadata.as_ref()) {
        body["metadata"] = json!({"user_id": user});
    }
    Ok(body)
}

fn description(tool: &Tool, names: &Names) -> Value {
    let mut description = json!({"name": names.alias(&tool.name)});
    if let Some(text) = &tool.description {
        description["description"] = json!(text);
    }
    description["input_schema"] = tool.input_schema.to_value();
    description
}

fn messages(messages: &[SamplingMessage], names: &Names) -> Result<Vec<Value>, Failure> {
    let mut ids = Ids::default();
    let mut written: Vec<(Role, Vec<Value>)> = Vec::with_capacity(messages.len());
    for message in messages {
        if message.role == Role::Assistant {
            ids.begin_round();
        }
        let mut blocks = Vec::with_capacity(message.content.len());
        for content in &message.content {
            blocks.extend(block(message.role, content, names, &mut ids)?);
        }
        match written.last_mut() {
            Some((role, last)) if *role == message.role => last.append(&mut blocks),
            _ => written.push((message.role, blocks)),
        }
    }
    if written.first().is_some_and(|(role, _)| *role != Role::User) {
        return Err(unfit("a conversation that the assistant begins"));
    }
    if written.iter().any(|(_, blocks)| blocks.is_empty()) {
        return Err(unfit("a message that says nothing"));
    }
    let written = written.into_iter();
    Ok(written
        .map(|(role, content)| json!({"role": role, "content": content}))
        .collect())
}

fn block(
    role: Role,
    content: &SamplingContent,
    names: &Names,
    ids: &mut Ids,
) -> Result<Option<Value>, Failure> {
    Ok(Some(match content {
        SamplingContent::Text(text) if text.text.is_empty() => return Ok(None),
        SamplingContent::Text(text) => json!({"type": "text", "text": text.text}),
        SamplingContent::Image(image) if role == Role::User => {
            picture(&image.data, &image.mime_type)?
        }
        SamplingContent::Image(_) => return Err(unfit("a picture by the assistant")),
        SamplingContent::Audio(_) => return Err(unfit("a sound of this kind")),
        SamplingContent::ToolUse(tool_use) => json!({
            "type": "tool_use",
            "id": ids.of_use(&tool_use.id),
            "name": names.alias(&tool_use.name),
            "input": tool_use.input,
        }),
        SamplingContent::ToolResult(answer) => result(answer, ids)?,
        _ => return Err(unfit("a kind of content")),
    }))
}

fn result(answer: &ToolAnswer, ids: &Ids) -> Result<Value, Failure> {
    let mut blocks = Vec::new();
    for part in content::parts(answer)? {
        blocks.push(match part {
            Part::Text(text) => json!({"type": "text", "text": text}),
            Part::Image { data, mime_type } => picture(data, mime_type)?,
            Part::Document { data } => json!({
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": data},
            }),
        });
    }
    let is_error = answer.is_error == Some(true);
    if blocks.is_empty() && is_error {
        // An error without a content is refused.
        blocks.push(json!({"type": "text", "text": "The tool failed and did not say why."}));
    }
    let mut result = json!({
        "type": "tool_result",
        "tool_use_id": ids.of_result(&answer.tool_use_id),
    });
    if !blocks.is_empty() {
        result["content"] = json!(blocks);
    }
    if is_error {
        result["is_error"] = json!(true);
    }
    Ok(result)
}

fn picture(data: &str, mime_type: &str) -> Result<Value, Failure> {
    content::check_image(mime_type)?;
    Ok(json!({
        "type": "image",
        "source": {"type": "base64", "media_type": mime_type, "data": data},
    }))
}

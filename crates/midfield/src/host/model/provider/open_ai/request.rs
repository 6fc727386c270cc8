//! What is asked.

use midfield_protocol::types::{
    CreateMessage, Role, SamplingContent, SamplingMessage, Tool, ToolAnswer, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::super::super::failure::Failure;
use super::super::content::{self, Part, unfit, user};
use super::super::names::{Ids, Names};

/// What the limit of an answer's length is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum LengthField {
    /// `max_completion_tokens`: OpenAI itself, whose newer models refuse the other.
    MaxCompletionTokens,
    /// `max_tokens`: what others understand.
    MaxTokens,
}

/// The body of the request. All metadata but `user_id` is left out, as the specification allows.
pub(in super::super) fn write(
    model: &str,
    request: &CreateMessage,
    max_tokens: u32,
    names: &Names,
    length: LengthField,
) -> Result<Value, Failure> {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if let Some(prompt) = request.system_prompt.as_ref().filter(|it| !it.is_empty()) {
        messages.push(json!({"role": "system", "content": prompt}));
    }
    let mut ids = Ids::default();
    for message in &request.messages {
        match message.role {
            Role::Assistant => messages.push(said(message, names, &mut ids)?),
            Role::User => asked(message, &ids, &mut messages)?,
        }
    }
    let mut body = json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let length = match length {
        LengthField::MaxCompletionTokens => "max_completion_tokens",
        LengthField::MaxTokens => "max_tokens",
    };
    body[length] = json!(max_tokens);
    if let Some(temperature) = request.temperature {
        body["temperature"] = json!(temperature.clamp(0.0, 2.0));
    }
    match request.stop_sequences.as_slice() {
        [] => {}
        stops if stops.len() <= MAX_STOPS => body["stop"] = json!(stops),
        _ => return Err(unfit("more than 4 stop sequences")),
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter();
        body["tools"] = tools.map(|tool| description(tool, names)).collect();
        let mode = request.tool_choice.and_then(|choice| choice.mode);
        body["tool_choice"] = json!(mode.unwrap_or(ToolChoiceMode::Auto));
    }
    if let Some(user) = user(request.metadata.as_ref()) {
        body["user"] = json!(user);
    }
    Ok(body)
}

fn description(tool: &Tool, names: &Names) -> Value {
    let mut function = json!({"name": names.alias(&tool.name)});
    if let Some(text) = &tool.description {
        function["description"] = json!(text);
    }
    function["parameters"] = tool.input_schema.to_value();
    json!({"type": "function", "function": function})
}

/// A message of the model.
fn said(message: &SamplingMessage, names: &Names, ids: &mut Ids) -> Result<Value, Failure> {
    ids.begin_round();
    let (mut texts, mut calls) = (Vec::new(), Vec::new());
    for content in &message.content {
        match content {
            SamplingContent::Text(text) => texts.push(text.text.as_str()),
            SamplingContent::ToolUse(tool_use) => calls.push(json!({
                "id": ids.of_use(&tool_use.id),
                "type": "function",
                "function": {
                    "name": names.alias(&tool_use.name),
                    "arguments": Value::Object(tool_use.input.clone()).to_string(),
                },
            })),
            _ => return Err(unfit("a picture or a sound by the assistant")),
        }
    }
    let mut written = json!({"role": "assistant"});
    let text = texts.join("\n");
    if !text.is_empty() || calls.is_empty() {
        written["content"] = json!(text);
    }
    if !calls.is_empty() {
        written["tool_calls"] = json!(calls);
    }
    Ok(written)
}

/// A message of the user: either results alone, each of which is a message here, or anything else.
fn asked(message: &SamplingMessage, ids: &Ids, messages: &mut Vec<Value>) -> Result<(), Failure> {
    let (mut parts, mut pictures) = (Vec::new(), Vec::new());
    for content in &message.content {
        match content {
            SamplingContent::Text(text) => parts.push(json!({"type": "text", "text": text.text})),
            SamplingContent::Image(image) => {
                parts.push(picture(&image.data, &image.mime_type)?);
            }
            SamplingContent::Audio(audio) => {
                let format = match audio.mime_type.as_str() {
                    "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
                    "audio/mpeg" | "audio/mp3" => "mp3",
                    _ => return Err(unfit("a sound that is neither WAV nor MP3")),
                };
                let sound = json!({"data": audio.data, "format": format});
                parts.push(json!({"type": "input_audio", "input_audio": sound}));
            }
            SamplingContent::ToolResult(answer) => {
                messages.push(result(answer, ids, &mut pictures)?);
            }
            _ => return Err(unfit("a kind of content")),
        }
    }
    parts.append(&mut pictures);
    match parts.as_slice() {
        [] if messages.last().is_some_and(|last| last["role"] == "tool") => {}
        [] => return Err(unfit("a message that says nothing")),
        [one] if one["type"] == "text" => {
            messages.push(json!({"role": "user", "content": one["text"]}));
        }
        _ => messages.push(json!({"role": "user", "content": parts})),
    }
    Ok(())
}

/// The result of a tool. There is room for text alone: pictures come in a message of the user after all results, and that the
/// tool failed is said in words.
fn result(answer: &ToolAnswer, ids: &Ids, pictures: &mut Vec<Value>) -> Result<Value, Failure> {
    let id = ids.of_result(&answer.tool_use_id);
    let mut texts = Vec::new();
    if answer.is_error == Some(true) {
        texts.push("The tool failed.".to_owned());
    }
    for part in content::parts(answer)? {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Image { data, mime_type } => {
                let picture = picture(data, mime_type)?;
                texts.push("(See the picture that follows.)".to_owned());
                let title = format!("The picture in the result of the call {id}:");
                pictures.push(json!({"type": "text", "text": title}));
                pictures.push(picture);
            }
            Part::Document { .. } => return Err(unfit("a PDF in the result of a tool")),
        }
    }
    Ok(json!({"role": "tool", "tool_call_id": id, "content": texts.join("\n")}))
}

fn picture(data: &str, mime_type: &str) -> Result<Value, Failure> {
    content::check_image(mime_type)?;
    let url = format!("data:{mime_type};base64,{data}");
    Ok(json!({"type": "image_url", "image_url": {"url": url}}))
}

/// Most stop sequences of one request.
const MAX_STOPS: usize = 4;

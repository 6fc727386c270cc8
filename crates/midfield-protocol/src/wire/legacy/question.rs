//! Questions to the client as an older revision can ask them. What it cannot ask is refused: a question
//! that means something else would get an answer that means something else.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::adapt::tool;
use crate::types::{
    Annotations, CreateMessage, Elicitation, Meta, SamplingContent, SamplingMessage, Schema,
};
use crate::{Error, Revision, Rules};

/// A question to the user as `revision` asks it.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::wire) enum Asked<'a> {
    /// As the newest wire has it.
    Whole(&'a Elicitation),
    /// Without a mode: there was only one.
    Form(Form<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct Form<'a> {
    message: &'a str,
    requested_schema: Schema,
}

/// The parameters of `elicitation/create` in `revision`.
pub(in crate::wire) fn elicitation(
    elicitation: &Elicitation,
    revision: Revision,
) -> Result<Asked<'_>, Error> {
    let rules = revision.rules();
    if !rules.elicitation {
        return Err(unsayable(revision, "a question to the user"));
    }
    match elicitation {
        Elicitation::Url { .. } if !rules.url_elicitation => {
            Err(unsayable(revision, "a page for the user to open"))
        }
        Elicitation::Url { elicitation_id, .. } if elicitation_id.is_empty() => {
            Err(unsayable(revision, "a page without an `elicitationId`"))
        }
        Elicitation::Form {
            message,
            requested_schema,
        } => {
            let properties = requested_schema
                .keywords()
                .get("properties")
                .and_then(Value::as_object)
                .filter(|_| requested_schema.is_of_object())
                .ok_or_else(|| {
                    unsayable(revision, "a form whose schema is no object with properties")
                })?;
            if rules.url_elicitation {
                return Ok(Asked::Whole(elicitation));
            }
            Ok(Asked::Form(Form {
                message,
                requested_schema: form(requested_schema, properties, revision)?,
            }))
        }
        Elicitation::Url { .. } => Ok(Asked::Whole(elicitation)),
    }
}

/// The schema of a form as 2025-06-18 knows forms
/// ([requested schema](https://modelcontextprotocol.io/specification/2025-06-18/client/elicitation#requested-schema)).
fn form(
    schema: &Schema,
    properties: &Map<String, Value>,
    revision: Revision,
) -> Result<Schema, Error> {
    let fields = properties
        .iter()
        .map(|(name, property)| Ok((name.clone(), field(name, property, revision)?)))
        .collect::<Result<Map<String, Value>, Error>>()?;
    let mut keywords = Map::new();
    keywords.insert("type".into(), "object".into());
    keywords.insert("properties".into(), fields.into());
    if let Some(required) = schema.keywords().get("required") {
        keywords.insert("required".into(), required.clone());
    }
    Ok(Schema::new(keywords))
}

fn field(name: &str, property: &Value, revision: Revision) -> Result<Value, Error> {
    let kind = property.get("type").and_then(Value::as_str);
    let known: &[&str] = match kind {
        Some("string") if property.get("enum").is_some() => &["enum", "enumNames"],
        Some("string") if property.get("oneOf").is_some() => &[],
        Some("string") => &["minLength", "maxLength", "format"],
        Some("number" | "integer") => &["minimum", "maximum"],
        Some("boolean") => &["default"],
        Some("array") => {
            return Err(unsayable(
                revision,
                &format!("the field `{name}`, of which several can be chosen,"),
            ));
        }
        _ => {
            return Err(unsayable(
                revision,
                &format!("the field `{name}`, which is not primitive,"),
            ));
        }
    };
    let mut kept = Map::new();
    for key in ["type", "title", "description"].iter().chain(known) {
        if let Some(value) = property.get(*key) {
            kept.insert((*key).to_owned(), value.clone());
        }
    }
    if let Some(choices) = property.get("oneOf").and_then(Value::as_array) {
        let all = |key: &str| -> Option<Vec<Value>> {
            choices
                .iter()
                .map(|choice| choice.get(key).filter(|value| value.is_string()).cloned())
                .collect()
        };
        let (Some(values), Some(names)) = (all("const"), all("title")) else {
            return Err(unsayable(
                revision,
                &format!("the field `{name}`, whose choices have no `const` and `title`,"),
            ));
        };
        kept.insert("enum".into(), values.into());
        kept.insert("enumNames".into(), names.into());
    }
    Ok(kept.into())
}

/// The parameters of `sampling/createMessage` in `revision`; borrowed where nothing changes.
pub(in crate::wire) fn sampling(
    question: &CreateMessage,
    revision: Revision,
) -> Result<Cow<'_, CreateMessage>, Error> {
    let rules = revision.rules();
    let uses_tools = !question.tools.is_empty() || question.tool_choice.is_some();
    if !rules.sampling_tools && uses_tools {
        return Err(unsayable(revision, "a model with tools"));
    }
    for message in &question.messages {
        sayable(message, revision)?;
    }
    let has_answers = question.messages.iter().any(|message| {
        message
            .content
            .iter()
            .any(|content| matches!(content, SamplingContent::ToolResult(_)))
    });
    if rules.sampling_tools && !uses_tools && !has_answers {
        return Ok(Cow::Borrowed(question));
    }
    let mut question = question.clone();
    question.tools = question
        .tools
        .iter()
        .map(|item| tool(item, rules))
        .collect();
    for message in &mut question.messages {
        adapt(message, rules);
    }
    Ok(Cow::Owned(question))
}

/// Refuses what `revision` has no words for.
fn sayable(message: &SamplingMessage, revision: Revision) -> Result<(), Error> {
    let rules = revision.rules();
    if rules.sampling_tools {
        return Ok(());
    }
    match message.content.as_slice() {
        [SamplingContent::Audio(_)] if !rules.audio_content => {
            Err(unsayable(revision, "a sound for the model"))
        }
        [SamplingContent::ToolUse(_) | SamplingContent::ToolResult(_)] => {
            Err(unsayable(revision, "a model's use of tools"))
        }
        [_] => Ok(()),
        _ => Err(unsayable(
            revision,
            "a message of none or several pieces of content",
        )),
    }
}

fn adapt(message: &mut SamplingMessage, rules: Rules) {
    if !rules.sampling_tools {
        message.meta = None;
    }
    for content in &mut message.content {
        match content {
            // Legacy revisions know structured output of objects only.
            SamplingContent::ToolResult(answer) => {
                answer.structured_content = answer
                    .structured_content
                    .take()
                    .filter(|value| value.as_str().starts_with('{'));
            }
            SamplingContent::Text(text) => detach(&mut text.annotations, &mut text.meta, rules),
            SamplingContent::Image(image) => {
                detach(&mut image.annotations, &mut image.meta, rules);
            }
            SamplingContent::Audio(audio) => {
                detach(&mut audio.annotations, &mut audio.meta, rules);
            }
            SamplingContent::ToolUse(_) => {}
        }
    }
}

fn detach(annotations: &mut Option<Annotations>, meta: &mut Option<Meta>, rules: Rules) {
    if !rules.structured_output {
        *meta = None;
        if let Some(annotations) = annotations {
            annotations.last_modified = None;
        }
    }
}

fn unsayable(revision: Revision, what: &str) -> Error {
    Error::InvalidRequest {
        detail: format!("revision {revision} has no words for {what} and this request needs it"),
    }
}

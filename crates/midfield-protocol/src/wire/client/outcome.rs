//! What a result is: the answer, questions that have to be answered first, or a task.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{InvalidAnswer, TaskState, read};
use crate::types::{InputRequest, InputRequired};
use crate::wire::{COMPLETE, Codec};
use crate::{Call, Era, Raw};

/// Most questions that one result may ask.
const MAX_QUESTIONS: usize = 64;

/// What a server answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The answer, still JSON: what it looks like depends on what was asked, see [`super::FromResult`].
    Complete(Raw),
    /// Questions that have to be answered first.
    InputRequired(InputRequired),
    /// A task, whose answer comes later.
    Task {
        /// The task.
        state: Box<TaskState>,
        /// What the model may be told until the task is over.
        immediate: Option<String>,
    },
}

impl Outcome {
    /// Reads what `call` was answered with.
    ///
    /// # Errors
    /// When it is of a kind that `call` cannot be answered with.
    pub fn read(codec: Codec, call: &Call<'_>, result: Raw) -> Result<Self, InvalidAnswer> {
        let invalid = |detail: String| InvalidAnswer::new(call.method(), detail);
        if !result.as_str().starts_with('{') {
            return Err(invalid("it is no object".into()));
        }
        match codec.revision().era() {
            Era::Legacy => legacy(codec, call, result).map_err(invalid),
            Era::Modern => modern(codec, call, result).map_err(invalid),
        }
    }
}

/// In 2025-11-25 it is a task where one was asked for and given.
fn legacy(codec: Codec, call: &Call<'_>, result: Raw) -> Result<Outcome, String> {
    #[derive(Deserialize)]
    struct Created {
        #[serde(default)]
        task: Option<Raw>,
    }
    if !matches!(call, Call::CallTool(call) if call.task.is_some()) {
        return Ok(Outcome::Complete(result));
    }
    let created: Created = read::object(&result)?;
    // A server that runs no tasks leaves the wish out of account.
    let Some(task) = created.task else {
        return Ok(Outcome::Complete(result));
    };
    let meta = read::meta(&result)?;
    let immediate = meta.and_then(|meta| {
        let text = meta.get("io.modelcontextprotocol/model-immediate-response")?;
        text.as_str().map(str::to_owned)
    });
    Ok(Outcome::Task {
        state: Box::new(TaskState::read_brief(codec, &task)?),
        immediate,
    })
}

/// In 2026-07-28 it says itself what it is; what says nothing is complete.
fn modern(codec: Codec, call: &Call<'_>, result: Raw) -> Result<Outcome, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tag<'a> {
        #[serde(borrow, default)]
        result_type: Option<Cow<'a, str>>,
    }
    let tag: Tag<'_> = serde_json::from_str(result.as_str()).map_err(|error| error.to_string())?;
    let can_ask = matches!(
        call,
        Call::CallTool(_) | Call::GetPrompt(_) | Call::ReadResource(_)
    );
    match tag.result_type.as_deref() {
        None | Some(COMPLETE) => Ok(Outcome::Complete(result)),
        Some("input_required") if can_ask => input_required(&result).map(Outcome::InputRequired),
        Some("task") if matches!(call, Call::CallTool(_)) => Ok(Outcome::Task {
            state: Box::new(TaskState::read_brief(codec, &result)?),
            immediate: None,
        }),
        Some(other) => Err(format!(
            "its `resultType` is {:?}, which nothing that was asked can be answered with",
            other.chars().take(40).collect::<String>()
        )),
    }
}

fn input_required(result: &Raw) -> Result<InputRequired, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        #[serde(default)]
        input_requests: Option<Questions>,
        #[serde(default)]
        request_state: Option<String>,
    }
    let wire: Wire = read::object(result)?;
    if wire.input_requests.is_none() && wire.request_state.is_none() {
        return Err("it wants input and has neither `inputRequests` nor `requestState`".into());
    }
    let mut required = InputRequired::new(wire.input_requests.unwrap_or_default().0);
    required.state = wire.request_state;
    Ok(required)
}

/// Questions by their keys, in their order, of which no two are the same.
#[derive(Default)]
pub(super) struct Questions(pub(super) Vec<(String, InputRequest)>);

impl<'de> Deserialize<'de> for Questions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Questions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MAX_QUESTIONS} questions")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Questions, A::Error> {
                use serde::de::Error as _;
                let mut questions: Vec<(String, InputRequest)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if questions.len() == MAX_QUESTIONS {
                        return Err(A::Error::custom(format_args!(
                            "more than {MAX_QUESTIONS} questions at once"
                        )));
                    }
                    if questions.iter().any(|(other, _)| *other == key) {
                        return Err(A::Error::custom("two questions under one key"));
                    }
                    questions.push((key, map.next_value()?));
                }
                Ok(Questions(questions))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

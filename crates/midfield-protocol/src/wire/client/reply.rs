//! What a client answers to questions.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::jsonrpc::{self, ErrorObject, RequestId};
use crate::types::{InputReply, Meta, SampleResult, SamplingContent, Task};
use crate::wire::{Codec, legacy};
use crate::{Error, Raw, Revision};

/// The response to a request of the server. Where it asked for a task of its own, the answer names that task too.
///
/// # Errors
/// When the answer cannot be written as JSON.
pub fn reply(
    codec: Codec,
    id: &RequestId,
    reply: Result<&InputReply, &ErrorObject>,
    related: Option<&str>,
) -> Result<Vec<u8>, serde_json::Error> {
    match (reply, related) {
        (Ok(reply), None) => jsonrpc::result(id, known(codec, reply).as_ref()),
        (Ok(reply), Some(task)) => task_answer(id, task, Ok(&answer(codec, reply)?)),
        (Err(error), _) => Ok(jsonrpc::error(Some(id), error)),
    }
}

/// What `reply` is as a result, in the words of the revision.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn answer(codec: Codec, reply: &InputReply) -> Result<Raw, serde_json::Error> {
    Raw::of(known(codec, reply).as_ref())
}

/// The response to `tasks/result`, and to a question of a task: exactly the result or the error that the task came to, with the
/// task's name in `_meta`
/// ([associating messages](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#associating-task-related-messages)).
///
/// # Errors
/// When the result is no object.
pub fn task_answer(
    id: &RequestId,
    task: &str,
    answer: Result<&Raw, &ErrorObject>,
) -> Result<Vec<u8>, serde_json::Error> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ok(jsonrpc::error(Some(id), error)),
    };
    let mut members: serde_json::Map<String, serde_json::Value> = answer.read()?;
    let own: Option<Meta> = match members.remove("_meta") {
        Some(own) => serde_json::from_value(own).ok(),
        None => None,
    };
    jsonrpc::result(id, &legacy::OfTask::with(task, members, own.as_ref()))
}

/// The response to a request that has become a task of the client.
///
/// # Errors
/// Never in practice: strings and numbers are written here.
pub fn task_created(id: &RequestId, task: &Task) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::result(id, &legacy::CreateTaskResult::new(task, None))
}

/// The response to `tasks/get` and `tasks/cancel`: how a task of the client is.
///
/// # Errors
/// Never in practice: strings and numbers are written here.
pub fn task_state(id: &RequestId, task: &Task) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::result(id, &legacy::WireTask::from(task))
}

/// The response to `tasks/list`: a page of the client's tasks.
///
/// # Errors
/// Never in practice: strings and numbers are written here.
pub fn task_page(
    id: &RequestId,
    tasks: &[Task],
    next_cursor: Option<&str>,
) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::result(id, &legacy::TaskPage::new(tasks, next_cursor))
}

/// The response that refuses a request of the server.
pub fn refusal(id: &RequestId, error: &Error) -> Vec<u8> {
    let error = legacy::error_object(error, Revision::NEWEST_LEGACY);
    jsonrpc::error(Some(id), &error)
}

/// The answers to the questions of a result that asked for input, by their keys: an object.
///
/// # Errors
/// When one of them cannot be written as JSON.
pub fn responses(replies: &[(String, InputReply)]) -> Result<Raw, serde_json::Error> {
    struct Responses<'a>(&'a [(String, InputReply)]);

    impl Serialize for Responses<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.0.len()))?;
            for (key, reply) in self.0 {
                map.serialize_entry(key, reply)?;
            }
            map.end()
        }
    }

    Raw::of(&Responses(replies))
}

/// `reply` as the revision knows replies: before models had tools, a message was one piece.
fn known(codec: Codec, reply: &InputReply) -> Cow<'_, InputReply> {
    match reply {
        InputReply::Sample(result)
            if !codec.revision().rules().sampling_tools && result.content.len() != 1 =>
        {
            let texts = result.content.iter().filter_map(|content| match content {
                SamplingContent::Text(text) => Some(text.text.as_str()),
                _ => None,
            });
            let text = texts.collect::<Vec<_>>().join("\n");
            let one = SampleResult {
                content: vec![SamplingContent::text(text)],
                ..SampleResult::clone(result)
            };
            Cow::Owned(InputReply::Sample(Box::new(one)))
        }
        reply => Cow::Borrowed(reply),
    }
}

/// The notification that says that the client's roots have changed. Only legacy revisions have it.
pub fn roots_changed() -> Vec<u8> {
    jsonrpc::bare_notification(legacy::ROOTS_LIST_CHANGED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_task_keeps_what_it_says_and_names_the_task() {
        let id = RequestId::Integer(7);
        let answer: Raw = serde_json::from_str(
            r#"{"model":"m","_meta":{"a":1,"io.modelcontextprotocol/related-task":{"taskId":"t0"}}}"#,
        )
        .expect("a result");
        let written = task_answer(&id, "t1", Ok(&answer)).expect("JSON");
        let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
        let meta = serde_json::json!({
            "a": 1, "io.modelcontextprotocol/related-task": {"taskId": "t1"},
        });
        let result = serde_json::json!({"model": "m", "_meta": meta});
        assert_eq!(written["result"], result);
    }
}

//! The messages that the specification of 2025-11-25 and the extension of 2026-07-28 show are read and written back
//! without loss.

use std::collections::BTreeSet;
use std::time::Duration;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    ClientCapabilities, InputRequest, ServerCapabilities, TASKS_EXTENSION, Task, TaskStatus,
    TaskView, Timestamp, ToolResult,
};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Answer, Call, Error};
use serde_json::{Value, json};

use super::{CORE, EXTENSION};
use crate::support::{MODERN, SERVER_INFO, encoder, names, request, text, value};

/// Reads an example and gives what we write of the same.
type Check = fn(Codec, &str) -> Value;

const CHECKS: [(Codec, &[(&str, Check)]); 2] = [
    (
        CORE,
        &[
            ("call", asked),
            ("cancel", asked),
            ("cancelled", cancelled),
            ("client-capabilities", client_capabilities),
            ("created", core_created),
            ("error-expired", not_found),
            ("error-not-found", not_found),
            ("error-terminal", terminal),
            ("failed", state),
            ("get", asked),
            ("list", asked),
            ("page", page),
            ("result", asked),
            ("result-answer", result),
            ("server-capabilities", server_capabilities),
            ("state", state),
            ("status", status),
        ],
    ),
    (
        EXTENSION,
        &[
            ("call", asked),
            ("client-capabilities", client_capabilities),
            ("completed", state),
            ("created", created),
            ("created-with-message", created),
            ("error-expired", not_found),
            ("error-listen-undeclared", undeclared),
            ("error-not-found", not_found),
            ("error-undeclared", undeclared),
            ("failed", state),
            ("get", asked),
            ("input-required", state),
            ("server-capabilities", server_capabilities),
            ("status", status),
            ("tool-failed", state),
            ("update", asked),
            ("update-answer", updated),
            ("working", state),
        ],
    ),
];

#[test]
fn every_example_of_a_task_is_written_back_without_loss() {
    for (codec, checks) in CHECKS {
        let folder = format!("{}/tasks", codec.revision());
        let listed: Vec<String> = checks
            .iter()
            .map(|(name, _)| format!("{name}.json"))
            .collect();
        let once: BTreeSet<String> = listed.iter().cloned().collect();
        assert_eq!(once.len(), listed.len(), "no example is listed twice");
        assert_eq!(names(&folder), Vec::from_iter(once));
        for (name, check) in checks {
            let text = text(&format!("{folder}/{name}.json"));
            assert_eq!(
                check(codec, &text),
                expected(codec, &text),
                "{folder}/{name}"
            );
        }
    }
}

/// The example as we write it, where we may write it otherwise: what is a default is left out, a result within a task
/// says its type as every modern result does, and a task that is asked for is a `complete` result, which the text of the
/// extension says and two of its examples do not.
fn expected(codec: Codec, text: &str) -> Value {
    let mut example = value(text);
    let holder = if example.get("method").is_some() {
        "params"
    } else {
        "result"
    };
    let Some(message) = example.get_mut(holder).and_then(Value::as_object_mut) else {
        return example;
    };
    if message.get("isError") == Some(&json!(false)) {
        message.shift_remove("isError");
    }
    if codec == EXTENSION
        && message
            .get("status")
            .is_some_and(|status| status != "working")
    {
        if let Some(kind) = message.get_mut("resultType") {
            *kind = json!("complete");
        }
        if let Some(result) = message.get_mut("result").and_then(Value::as_object_mut) {
            result.insert("resultType".into(), json!("complete"));
            if result.get("isError") == Some(&json!(false)) {
                result.shift_remove("isError");
            }
        }
    }
    example
}

/// The request as it would be written by somebody who knows only what we understood of it.
fn asked(codec: Codec, text: &str) -> Value {
    let request = request(text);
    let call = codec.decode(&request).expect("a call");
    let method = call.method();
    let params = match &call {
        Call::CallTool(call) => {
            let mut params = json!({"name": call.name, "arguments": call.arguments});
            if let Some(task) = call.task {
                params["task"] = json!({});
                if let Some(ttl) = task.ttl {
                    params["task"]["ttl"] = json!(ttl.as_millis());
                }
            }
            if codec == EXTENSION {
                params["_meta"] = value(text)["params"]["_meta"].clone();
            }
            params
        }
        Call::GetTask { id } | Call::TaskResult { id } | Call::CancelTask { id } => {
            json!({"taskId": id})
        }
        Call::UpdateTask { id, responses } => json!({"taskId": id, "inputResponses": responses}),
        Call::ListTasks { cursor } => json!({"cursor": cursor}),
        other => panic!("no example asks for {other:?}"),
    };
    json!({"jsonrpc": "2.0", "id": request.id, "method": method, "params": params})
}

/// What we answer under the example's id.
fn answered(codec: Codec, text: &str, answer: &Answer) -> Value {
    let id: RequestId = serde_json::from_value(value(text)["id"].clone()).expect("an id");
    let written = encoder(&json!({})).answer(codec, &id, answer);
    let mut written = value(written.expect("JSON"));
    if codec == EXTENSION {
        let result = written["result"].as_object_mut().expect("a result");
        let meta = result.shift_remove("_meta").expect("a `_meta`");
        assert!(meta.get(SERVER_INFO).is_some());
    }
    written
}

fn created(codec: Codec, text: &str) -> Value {
    let task = task(codec, &value(text)["result"]);
    answered(
        codec,
        text,
        &Answer::TaskCreated {
            task,
            immediate: Some("not told in this protocol".into()),
        },
    )
}

fn core_created(codec: Codec, text: &str) -> Value {
    let example = &value(text)["result"]["task"];
    let answer = Answer::TaskCreated {
        task: task(codec, example),
        immediate: None,
    };
    let mut written = answered(codec, text, &answer);
    // The example lacks what every message of a task has to have, by the rules for associating them.
    let result = written["result"].as_object_mut().expect("a result");
    let meta = result.shift_remove("_meta");
    assert_eq!(
        meta,
        Some(json!({"io.modelcontextprotocol/related-task": {"taskId": example["taskId"]}}))
    );
    written
}

fn state(codec: Codec, text: &str) -> Value {
    let view = view(codec, &value(text)["result"]);
    answered(codec, text, &Answer::TaskState(Box::new(view)))
}

fn cancelled(codec: Codec, text: &str) -> Value {
    let task = task(codec, &value(text)["result"]);
    answered(codec, text, &Answer::TaskCancelled(task))
}

fn updated(codec: Codec, text: &str) -> Value {
    answered(codec, text, &Answer::Empty)
}

fn page(codec: Codec, text: &str) -> Value {
    let example = &value(text)["result"];
    let tasks = example["tasks"].as_array().expect("tasks").iter();
    let answer = Answer::Tasks {
        tasks: tasks.map(|item| task(codec, item)).collect(),
        next_cursor: example["nextCursor"].as_str().map(String::from),
    };
    answered(codec, text, &answer)
}

fn result(codec: Codec, text: &str) -> Value {
    let example = &value(text)["result"];
    let id = &example["_meta"]["io.modelcontextprotocol/related-task"]["taskId"];
    let mut result: ToolResult = serde_json::from_value(example.clone()).expect("a tool result");
    result.meta = None;
    let answer = Answer::TaskResult {
        id: id.as_str().expect("an id").to_owned(),
        result,
    };
    answered(codec, text, &answer)
}

fn status(codec: Codec, text: &str) -> Value {
    let view = view(codec, &value(text)["params"]);
    value(wire::task_status(codec, &view, None).expect("JSON"))
}

/// The error has the example's code; its text is our own.
fn not_found(codec: Codec, text: &str) -> Value {
    let error = Error::UnknownTask { id: "t-1".into() };
    failed(codec, text, &error)
}

fn terminal(codec: Codec, text: &str) -> Value {
    let mut task = Task::new("t-1", Timestamp::default());
    task.status = TaskStatus::Completed;
    let error = codec.check_cancel(&task).expect_err("a task that is over");
    assert!(error.to_string().contains("completed"), "{error}");
    failed(codec, text, &error)
}

fn undeclared(codec: Codec, text: &str) -> Value {
    let call = Call::GetTask { id: "t-1".into() };
    let error = codec.check_tasks(&call, &midfield_protocol::Caller::default());
    failed(codec, text, &error.expect_err("an undeclared extension"))
}

fn failed(codec: Codec, text: &str, error: &Error) -> Value {
    let example = value(text);
    let id: RequestId = serde_json::from_value(example["id"].clone()).expect("an id");
    let mut written = value(encoder(&json!({})).error(codec, Some(&id), error));
    written["error"]["message"] = example["error"]["message"].clone();
    written
}

fn client_capabilities(codec: Codec, text: &str) -> Value {
    let mut example = value(text);
    let place = if codec == EXTENSION {
        &mut example["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]
    } else {
        &mut example["capabilities"]
    };
    let read: ClientCapabilities = serde_json::from_value(place.take()).expect("capabilities");
    let declared = (
        read.extensions.contains_key(TASKS_EXTENSION),
        read.tasks
            .is_some_and(|tasks| tasks.list && tasks.cancel && tasks.sampling && tasks.elicitation),
    );
    assert_eq!(declared, (codec == EXTENSION, codec == CORE));
    *place = json!(read);
    example
}

/// What a server says that offers tasks and nothing else.
fn server_capabilities(codec: Codec, text: &str) -> Value {
    let mut example = value(text);
    let read = if codec == EXTENSION {
        example["result"]["capabilities"].take()
    } else {
        example["capabilities"].take()
    };
    let read: ServerCapabilities = serde_json::from_value(read).expect("capabilities");
    let mut server = wire::ServerDescription::default();
    server.offer_tasks(true);
    let server = wire::Encoder::new(server);
    let id = RequestId::from(1);
    let written = if codec == EXTENSION {
        server.answer(MODERN, &id, &Answer::Discovery)
    } else {
        server.initialized(codec.revision(), &midfield_protocol::Principal::Parent, &id)
    };
    let written = value(written.expect("JSON"))["result"]["capabilities"].take();
    assert_eq!(written, json!(read));
    if codec == EXTENSION {
        json!({"result": {"capabilities": written}})
    } else {
        json!({"capabilities": written})
    }
}

/// What the example says of a task, as the domain has it.
fn task(codec: Codec, example: &Value) -> Task {
    let [ttl, poll] = if codec == EXTENSION {
        ["ttlMs", "pollIntervalMs"]
    } else {
        ["ttl", "pollInterval"]
    };
    let text = |key: &str| example[key].as_str().map(String::from);
    let millis = |key: &str| example[key].as_u64().map(Duration::from_millis);
    let mut task = Task::new(
        text("taskId").expect("an id"),
        moment(&text("createdAt").expect("a time")),
    );
    task.updated_at = moment(&text("lastUpdatedAt").expect("a time"));
    task.status = serde_json::from_value(example["status"].clone()).expect("a status");
    task.message = text("statusMessage");
    task.ttl = millis(ttl);
    task.poll_interval = millis(poll);
    task
}

fn view(codec: Codec, example: &Value) -> TaskView {
    let mut view = TaskView::new(task(codec, example));
    if let Some(result) = example.get("result") {
        view.outcome = Some(Ok(
            serde_json::from_value(result.clone()).expect("a tool result")
        ));
    }
    if let Some(error) = example.get("error") {
        let detail = error["message"].as_str().expect("a message").to_owned();
        view.outcome = Some(Err(Error::Failed { detail }));
    }
    for (key, question) in example["inputRequests"].as_object().into_iter().flatten() {
        let question: InputRequest = serde_json::from_value(question.clone()).expect("a question");
        view.inputs.push((key.clone(), question));
    }
    view
}

/// A time of the day of which all the examples are.
fn moment(text: &str) -> Timestamp {
    let clock = text.strip_prefix("2025-11-25T").expect("the day");
    let parts: Vec<u64> = clock
        .trim_end_matches('Z')
        .split(':')
        .map(|part| part.parse().expect("a number"))
        .collect();
    let [hour, minute, second] = parts[..] else {
        panic!("no time of the day: {text}");
    };
    let seconds = 1_764_028_800 + hour * 3_600 + minute * 60 + second;
    Timestamp::from_millis(seconds * 1_000)
}

//! When a call runs as a task, and who may ask about one.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{ClientCapabilities, Filter, Task, TaskStatus, TaskSupport};
use midfield_protocol::types::{TASKS_EXTENSION, TaskView, Timestamp};
use midfield_protocol::wire::{self, Codec, RunAs};
use midfield_protocol::{Answer, Call, Caller, Error, Revision};
use serde_json::json;

use super::{BEFORE, CORE, EXTENSION};
use crate::rich;
use crate::support::{request, value};

fn declaring() -> Caller {
    let capabilities: ClientCapabilities =
        serde_json::from_value(json!({"extensions": {TASKS_EXTENSION: {}}})).expect("capabilities");
    Caller::new(capabilities)
}

/// How a call with or without the wish runs, or the code of the error by which it is refused.
fn runs(codec: Codec, wish: bool, caller: &Caller, support: TaskSupport) -> Result<RunAs, i64> {
    let mut frame =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}});
    if wish {
        frame["params"]["task"] = json!({});
    }
    let frame = frame.to_string();
    let request = request(&frame);
    let Ok(Call::CallTool(call)) = codec.decode(&request) else {
        panic!("no call of a tool: {frame}");
    };
    codec
        .runs_as(&call, caller, support)
        .map_err(|error| code(codec, &error))
}

fn code(codec: Codec, error: &Error) -> i64 {
    let written = value(rich::server().error(codec, Some(&RequestId::from(1)), error));
    written["error"]["code"].as_i64().expect("a code")
}

#[test]
fn in_the_core_the_client_decides() {
    use TaskSupport::{Forbidden, Optional, Required};
    // What is declared says nothing here.
    for caller in [Caller::default(), declaring()] {
        let cases = [
            (Forbidden, false, Ok(RunAs::Inline)),
            (Forbidden, true, Err(-32_601)),
            (Optional, false, Ok(RunAs::Inline)),
            (Optional, true, Ok(RunAs::Task)),
            (Required, false, Err(-32_601)),
            (Required, true, Ok(RunAs::Task)),
        ];
        for (support, wish, expected) in cases {
            assert_eq!(
                runs(CORE, wish, &caller, support),
                expected,
                "{support:?} {wish}"
            );
        }
    }
}

#[test]
fn by_the_extension_the_server_decides_for_clients_that_declare_it() {
    use TaskSupport::{Forbidden, Optional, Required};
    // The wish of the core is no wish here.
    for wish in [false, true] {
        let cases = [
            (Forbidden, declaring(), Ok(RunAs::Inline)),
            (Forbidden, Caller::default(), Ok(RunAs::Inline)),
            (Optional, declaring(), Ok(RunAs::Either)),
            (Optional, Caller::default(), Ok(RunAs::Inline)),
            (Required, declaring(), Ok(RunAs::Task)),
            (Required, Caller::default(), Err(-32_021)),
        ];
        for (support, caller, expected) in cases {
            let found = runs(EXTENSION, wish, &caller, support);
            assert_eq!(found, expected, "{support:?} {wish} {caller:?}");
        }
    }
}

#[test]
fn a_revision_without_tasks_runs_inline_or_says_which_has_them() {
    for revision in BEFORE {
        let codec = Codec::new(revision);
        for wish in [false, true] {
            for support in [TaskSupport::Forbidden, TaskSupport::Optional] {
                let found = runs(codec, wish, &declaring(), support);
                assert_eq!(found, Ok(RunAs::Inline), "{revision} {support:?}");
            }
            let found = runs(codec, wish, &declaring(), TaskSupport::Required);
            assert_eq!(found, Err(-32_600), "{revision}");
        }
    }
    let codec = Codec::new(Revision::V2025_06_18);
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    let request = request(frame);
    let Ok(Call::CallTool(call)) = codec.decode(&request) else {
        panic!("no call of a tool");
    };
    let refused = codec.runs_as(&call, &Caller::default(), TaskSupport::Required);
    let text = refused.expect_err("a refusal").to_string();
    for word in ["2025-06-18", "2025-11-25", "2026-07-28", TASKS_EXTENSION] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn only_a_client_that_declares_the_extension_asks_about_tasks() {
    let responses = serde_json::value::RawValue::from_string("{}".into()).expect("JSON");
    let mut listening = Filter::default();
    listening.tools_list_changed = true;
    let unrelated = [
        Call::Ping,
        Call::Listen(listening.clone()),
        Call::ListTools { cursor: None },
    ];
    listening.task_ids.push("t".into());
    let about_tasks = [
        Call::GetTask { id: "t".into() },
        Call::CancelTask { id: "t".into() },
        Call::UpdateTask {
            id: "t".into(),
            responses: std::borrow::Cow::Borrowed(&responses),
        },
        Call::Listen(listening),
    ];
    for call in &about_tasks {
        let refused = EXTENSION.check_tasks(call, &Caller::default());
        let error = refused.expect_err("a refusal");
        assert_eq!(code(EXTENSION, &error), -32_021, "{call:?}");
        assert_eq!(EXTENSION.check_tasks(call, &declaring()), Ok(()));
        assert_eq!(CORE.check_tasks(call, &Caller::default()), Ok(()));
    }
    for call in &unrelated {
        assert_eq!(EXTENSION.check_tasks(call, &Caller::default()), Ok(()));
    }
}

#[test]
fn a_task_that_is_over_is_cancelled_by_the_extension_alone() {
    let mut task = Task::new("t-1", Timestamp::default());
    let cases = [
        (TaskStatus::Working, false, None),
        (TaskStatus::InputRequired, false, None),
        (TaskStatus::Completed, false, Some("completed")),
        (TaskStatus::Completed, true, Some("failed")),
        (TaskStatus::Failed, false, Some("failed")),
        (TaskStatus::Cancelled, false, Some("cancelled")),
    ];
    for (status, is_error, refused) in cases {
        task.status = status;
        task.is_error = is_error;
        assert_eq!(EXTENSION.check_cancel(&task), Ok(()));
        let found = CORE.check_cancel(&task).map_err(|error| {
            assert_eq!(code(CORE, &error), -32_602);
            error.to_string()
        });
        match refused {
            None => assert_eq!(found, Ok(())),
            Some(word) => assert!(found.is_err_and(|text| text.contains(word)), "{word}"),
        }
    }
}

#[test]
fn an_answer_is_refused_where_no_request_leads_to_it() {
    let server = rich::server();
    let id = RequestId::from(1);
    let task = Task::new("t-1", Timestamp::default());
    let view = TaskView::new(task.clone());
    let shared = [
        Answer::TaskCreated {
            task: task.clone(),
            immediate: None,
        },
        Answer::TaskState(Box::new(view.clone())),
        Answer::TaskCancelled(task.clone()),
    ];
    let core = [
        Answer::TaskResult {
            id: "t-1".into(),
            result: rich::content(),
        },
        Answer::Tasks {
            tasks: vec![task],
            next_cursor: None,
        },
    ];
    for revision in BEFORE {
        let codec = Codec::new(revision);
        for answer in shared.iter().chain(&core) {
            assert!(server.answer(codec, &id, answer).is_err(), "{answer:?}");
        }
        assert!(wire::task_status(codec, &view, None).is_err());
        assert!(wire::task_question(codec, &id, &rich::form(false), "t-1").is_err());
    }
    for answer in &core {
        assert!(server.answer(EXTENSION, &id, answer).is_err(), "{answer:?}");
    }
    assert!(wire::task_question(EXTENSION, &id, &rich::form(false), "t-1").is_err());
}

#[test]
fn a_task_is_not_said_to_be_over_without_what_happened() {
    let mut task = Task::new("t-1", Timestamp::default());
    let result = || Ok(rich::content());
    let failure = || {
        Err(Error::Failed {
            detail: "out of reagent".into(),
        })
    };
    for (status, outcome) in [
        (TaskStatus::Completed, None),
        (TaskStatus::Completed, Some(failure())),
        (TaskStatus::Failed, None),
        (TaskStatus::Failed, Some(result())),
    ] {
        task.status = status;
        let mut view = TaskView::new(task.clone());
        view.outcome = outcome;
        assert!(wire::task_status(EXTENSION, &view, None).is_err());
    }
}

#[test]
fn what_a_state_does_not_tell_stays_untold() {
    let mut task = Task::new("t-1", Timestamp::default());
    for status in [TaskStatus::Working, TaskStatus::Cancelled] {
        task.status = status;
        let view = TaskView::new(task.clone())
            .inputs(vec![("who".into(), rich::form(true))])
            .outcome(Ok(rich::content()));
        let written = value(wire::task_status(EXTENSION, &view, None).expect("JSON"));
        for key in ["inputRequests", "result", "error"] {
            assert!(written["params"].get(key).is_none(), "{written}");
        }
    }
}

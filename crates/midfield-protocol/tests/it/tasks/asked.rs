//! What clients ask of tasks, and what is refused.

use std::time::Duration;

use midfield_protocol::types::{ClientCapabilities, ClientTasks, TaskRequest, TaskSupport, Tool};
use midfield_protocol::wire::{Codec, modern};
use midfield_protocol::{Call, Error, IDEMPOTENCY_KEY, Revision};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{BEFORE, CORE, EXTENSION};
use crate::support::request;

/// Decodes the request and gives what `read` makes of it.
fn decoded<T>(
    codec: Codec,
    method: &str,
    params: &Value,
    read: impl FnOnce(Call<'_>) -> T,
) -> Result<T, Error> {
    let frame = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    codec.decode(&request(&frame)).map(read)
}

#[test]
fn each_method_is_in_the_tables_of_the_revisions_that_have_it() {
    let params = json!({"taskId": "t-1", "inputResponses": {}});
    let methods = [
        ("tasks/get", true, true),
        ("tasks/result", true, false),
        ("tasks/list", true, false),
        ("tasks/cancel", true, true),
        ("tasks/update", false, true),
    ];
    let not_found = |method: &str| {
        Err(Error::MethodNotFound {
            method: method.into(),
        })
    };
    for (method, core, extension) in methods {
        for (codec, has) in [(CORE, core), (EXTENSION, extension)] {
            let found = decoded(codec, method, &params, |call| call.method().to_owned());
            if has {
                assert_eq!(found, Ok(method.to_owned()), "{codec:?}");
            } else {
                assert_eq!(found, not_found(method), "{codec:?}");
            }
        }
        for revision in BEFORE {
            let found = decoded(Codec::new(revision), method, &params, |_| String::new());
            assert_eq!(found, not_found(method), "{revision}");
        }
    }
}

#[test]
fn parameters_that_do_not_fit_are_invalid() {
    let shared = ["tasks/get", "tasks/cancel"].map(|method| [(CORE, method), (EXTENSION, method)]);
    let by_id = shared
        .into_iter()
        .flatten()
        .chain([(CORE, "tasks/result"), (EXTENSION, "tasks/update")]);
    for (codec, method) in by_id {
        for id in [None, Some(json!(1)), Some(json!(null)), Some(json!(["t"]))] {
            let mut params = json!({"inputResponses": {}});
            if let Some(id) = id {
                params["taskId"] = id;
            }
            let found = decoded(codec, method, &params, |_| ());
            assert!(
                matches!(&found, Err(Error::InvalidParams { detail }) if !detail.is_empty()),
                "{method} {params}: {found:?}"
            );
        }
    }
    for responses in [json!(null), json!([]), json!("yes")] {
        let params = json!({"taskId": "t", "inputResponses": responses});
        let found = decoded(EXTENSION, "tasks/update", &params, |_| ());
        assert!(
            matches!(found, Err(Error::InvalidParams { .. })),
            "{params}"
        );
    }
    let found = decoded(EXTENSION, "tasks/update", &json!({"taskId": "t"}), |_| ());
    assert!(matches!(found, Err(Error::InvalidParams { .. })));
    let found = decoded(CORE, "tasks/list", &json!({"cursor": 1}), |_| ());
    assert!(matches!(found, Err(Error::InvalidParams { .. })));
}

/// The wish that a call with this `task` is read with.
fn wish(codec: Codec, task: &Value) -> Result<Option<TaskRequest>, Error> {
    let params = json!({"name": "t", "task": task});
    decoded(codec, "tools/call", &params, |call| match call {
        Call::CallTool(call) => call.task,
        other => panic!("no call of a tool: {other:?}"),
    })
}

#[test]
fn the_wish_for_a_task_is_read_where_the_core_has_tasks() {
    let lasting = |millis| Ok(Some(TaskRequest::new(Some(Duration::from_millis(millis)))));
    assert_eq!(wish(CORE, &json!({"ttl": 60_000})), lasting(60_000));
    assert_eq!(wish(CORE, &json!({"ttl": 60_000.0})), lasting(60_000));
    assert_eq!(wish(CORE, &json!({"ttl": 0})), lasting(0));
    assert_eq!(wish(CORE, &json!({})), Ok(Some(TaskRequest::default())));
    assert_eq!(
        wish(CORE, &json!({"ttl": null})),
        Ok(Some(TaskRequest::default()))
    );
    assert_eq!(wish(CORE, &json!(null)), Ok(None));
    let wrong = [
        json!(true),
        json!([60_000]),
        json!({"ttl": -1}),
        json!({"ttl": -0.5}),
        json!({"ttl": 1e300}),
        json!({"ttl": "60000"}),
    ];
    for task in &wrong {
        let refused = wish(CORE, task).expect_err("a refusal");
        assert!(
            matches!(&refused, Error::InvalidParams { detail } if detail.contains("`task`")),
            "{refused}"
        );
    }
    for revision in BEFORE.into_iter().chain([EXTENSION.revision()]) {
        for task in wrong.iter().chain([&json!({"ttl": 1})]) {
            assert_eq!(wish(Codec::new(revision), task), Ok(None), "{revision}");
        }
    }
}

#[test]
fn a_call_may_be_named_in_every_revision() {
    let named = |revision, key: Value| {
        let params = json!({"name": "t", "_meta": {IDEMPOTENCY_KEY: key}});
        decoded(Codec::new(revision), "tools/call", &params, |call| {
            let Call::CallTool(call) = call else {
                panic!("no call of a tool");
            };
            call.idempotency_key.map(std::borrow::Cow::into_owned)
        })
    };
    for revision in Revision::ALL {
        for key in ["a".to_owned(), "k".repeat(256), "\"\u{e4}\n".to_owned()] {
            assert_eq!(named(revision, json!(key)), Ok(Some(key)), "{revision}");
        }
        let too_long = "k".repeat(257);
        for key in [json!(""), json!(too_long), json!(null), json!(1), json!({})] {
            let refused = named(revision, key).expect_err("a refusal");
            assert!(
                matches!(&refused, Error::InvalidParams { detail } if detail.contains(IDEMPOTENCY_KEY)),
                "{refused}"
            );
        }
        for params in [
            json!({"name": "t"}),
            json!({"name": "t", "_meta": {"progressToken": 1}}),
        ] {
            let key = decoded(
                Codec::new(revision),
                "tools/call",
                &params,
                |call| matches!(call, Call::CallTool(call) if call.idempotency_key.is_none()),
            );
            assert_eq!(key, Ok(true));
        }
    }
}

#[test]
fn the_name_of_a_task_is_mirrored_in_a_header() {
    let params = json!({"taskId": "t-1", "inputResponses": {}});
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let mirrored = decoded(EXTENSION, method, &params, |call| {
            modern::mirrored_name(&call).map(String::from)
        });
        assert_eq!(mirrored, Ok(Some("t-1".into())), "{method}");
    }
}

#[test]
fn a_subscription_names_tasks_within_the_limits() {
    let listen = |ids: Value| {
        let params = json!({"notifications": {"taskIds": ids}});
        decoded(EXTENSION, "subscriptions/listen", &params, |call| {
            let Call::Listen(filter) = call else {
                panic!("nobody listens");
            };
            let count = filter.task_ids.len();
            (count, json!(filter))
        })
    };
    let acknowledged = json!({"taskIds": ["t-1", "t-2"]});
    assert_eq!(listen(json!(["t-1", "t-2"])), Ok((2, acknowledged)));
    assert_eq!(listen(json!([])), Ok((0, json!({}))));
    assert!(listen(json!(vec!["t"; 1_000])).is_ok());
    for ids in [json!(vec!["t"; 1_001]), json!("t"), json!([1])] {
        assert!(listen(ids).is_err());
    }
}

#[test]
fn what_a_client_offers_of_tasks_is_read_member_by_member() {
    let read = |tasks: Value| {
        let capabilities: Result<ClientCapabilities, _> =
            serde_json::from_value(json!({"tasks": tasks}));
        capabilities.map(|capabilities| capabilities.tasks)
    };
    let one = |change: fn(&mut ClientTasks)| {
        let mut tasks = ClientTasks::default();
        change(&mut tasks);
        Some(tasks)
    };
    let cases = [
        (json!({}), one(|_| ())),
        (json!({"list": {}}), one(|tasks| tasks.list = true)),
        (json!({"cancel": {}}), one(|tasks| tasks.cancel = true)),
        (
            json!({"requests": {"sampling": {"createMessage": {}}}}),
            one(|tasks| tasks.sampling = true),
        ),
        (
            json!({"requests": {"elicitation": {"create": {}}}}),
            one(|tasks| tasks.elicitation = true),
        ),
    ];
    for (tasks, expected) in cases {
        let found = read(tasks.clone()).expect("capabilities");
        assert_eq!(found, expected);
        assert_eq!(json!(found), tasks, "it is written as it was read");
    }
    let nothing = json!({"requests": {"sampling": {}, "tools": {"call": {}}}, "later": {}});
    assert_eq!(read(nothing).expect("capabilities"), one(|_| ()));
    assert_eq!(read(json!(null)).expect("capabilities"), None);
    assert!(read(json!({"list": true})).is_err());
}

#[test]
fn a_tool_of_which_nothing_is_said_runs_inline() {
    let support = |execution: Value| {
        let mut tool = json!({"name": "t", "inputSchema": {"type": "object"}});
        if !execution.is_null() {
            tool["execution"] = execution;
        }
        let tool: Tool = serde_json::from_value(tool).expect("a tool");
        tool.task_support()
    };
    assert_eq!(support(Value::Null), TaskSupport::Forbidden);
    assert_eq!(support(json!({})), TaskSupport::Forbidden);
    let said = |word: &str| support(json!({"taskSupport": word}));
    assert_eq!(said("forbidden"), TaskSupport::Forbidden);
    assert_eq!(said("optional"), TaskSupport::Optional);
    assert_eq!(said("required"), TaskSupport::Required);
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        let key = prop_oneof![Just("ttl".to_owned()), "[a-z]{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands in the place of each parameter is a call or an error, and an error names nothing of ours.
    #[test]
    fn reading_what_is_asked_of_tasks_never_panics(
        method in prop::sample::select(vec![
            "tools/call", "tasks/get", "tasks/result", "tasks/list", "tasks/cancel", "tasks/update", "tasks/", "tasks",
        ]),
        key in prop::sample::select(vec![
            "taskId", "task", "cursor", "inputResponses", "_meta", IDEMPOTENCY_KEY,
        ]),
        found in any_json(),
    ) {
        let mut params = json!({"name": "t", "taskId": "t-1", "inputResponses": {}});
        if key == IDEMPOTENCY_KEY {
            params["_meta"] = json!({IDEMPOTENCY_KEY: found});
        } else {
            params[key] = found;
        }
        for revision in Revision::ALL {
            let refused = decoded(Codec::new(revision), method, &params, |_| ()).err();
            prop_assert!(
                matches!(refused, None | Some(Error::InvalidParams { .. } | Error::MethodNotFound { .. })),
                "{revision} {refused:?}"
            );
        }
    }
}

//! What is read of the answers that services really give.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::operation::Method;

const NOTHING: JobLinks<'static> = JobLinks {
    location: None,
    operation_location: None,
    azure_async_operation: None,
};

fn at(location: &str) -> JobLinks<'_> {
    JobLinks {
        location: Some(location),
        ..NOTHING
    }
}

fn reply<'a>(status: u16, links: JobLinks<'a>, body: &'a Value) -> JobReply<'a> {
    JobReply {
        status,
        links,
        body: (!body.is_null()).then_some(body),
        has_body: !body.is_null(),
    }
}

#[track_caller]
fn check(status: u16, links: JobLinks<'_>, body: &Value, expected: &JobStatus) {
    let read = JobRules::default().read(&reply(status, links, body), false);
    assert_eq!(&read, expected, "{status} {links:?} {body}");
}

fn running(message: Option<&str>, percent: Option<f64>) -> JobStatus {
    JobStatus::Running(JobRunning {
        message: message.map(str::to_owned),
        percent,
        ..JobRunning::default()
    })
}

fn failed(message: &str) -> JobStatus {
    JobStatus::Failed {
        message: Some(message.to_owned()),
    }
}

const WHOLE: JobStatus = JobStatus::Succeeded(JobResult::Whole);

fn result_at(url: &str) -> JobStatus {
    JobStatus::Succeeded(JobResult::At(url.to_owned()))
}

#[test]
fn operations_of_azure_are_understood() {
    let body = json!({"id": "/subscriptions/1/operations/2", "status": "InProgress", "percentComplete": 40});
    check(
        200,
        NOTHING,
        &body,
        &running(Some("InProgress"), Some(40.0)),
    );
    let body = json!({"status": "Succeeded", "properties": {"output": 1}});
    check(200, NOTHING, &body, &WHOLE);
    let body =
        json!({"status": "Failed", "error": {"code": "Conflict", "message": "the name is taken"}});
    check(200, NOTHING, &body, &failed("the name is taken"));
    let body = json!({"status": "Canceled"});
    check(200, NOTHING, &body, &JobStatus::Cancelled { message: None });
    let body = json!({"status": "Succeeded", "resourceLocation": "https://a.example/r/1"});
    check(200, NOTHING, &body, &result_at("https://a.example/r/1"));
    let body = json!({"id": "r", "properties": {"provisioningState": "Creating"}});
    check(200, NOTHING, &body, &running(Some("Creating"), None));
    let body = json!({"id": "r", "properties": {"provisioningState": "Succeeded"}});
    check(200, NOTHING, &body, &WHOLE);
}

#[test]
fn operations_of_google_are_understood() {
    let name = "projects/p/operations/1";
    let body = json!({"name": name, "metadata": {"progressPercent": 7}});
    check(200, NOTHING, &body, &running(None, Some(7.0)));
    let body = json!({"name": name, "done": false});
    check(200, NOTHING, &body, &running(None, None));
    let body = json!({"name": name, "done": true, "response": {"uri": "gs://x"}});
    let part = JobStatus::Succeeded(JobResult::Part(json!({"uri": "gs://x"})));
    check(200, NOTHING, &body, &part);
    let body = json!({"name": name, "done": true, "error": {"code": 9, "message": "no quota"}});
    check(200, NOTHING, &body, &failed("no quota"));
    let body = json!({"status": {"state": "DONE"}});
    check(200, NOTHING, &body, &WHOLE);
    let body = json!({"state": "JOB_STATE_RUNNING"});
    check(
        200,
        NOTHING,
        &body,
        &running(Some("JOB_STATE_RUNNING"), None),
    );
}

#[test]
fn a_state_that_only_says_that_it_ended_has_a_second_word() {
    let body = json!({"id": 1, "status": "in_progress", "conclusion": null});
    check(200, NOTHING, &body, &running(Some("in_progress"), None));
    let body = json!({"id": 1, "status": "completed", "conclusion": "success"});
    check(200, NOTHING, &body, &WHOLE);
    let body = json!({"id": 1, "status": "completed", "conclusion": "failure", "message": "a test failed"});
    check(200, NOTHING, &body, &failed("a test failed"));
    let body = json!({"id": 1, "status": "completed", "conclusion": "cancelled"});
    check(200, NOTHING, &body, &JobStatus::Cancelled { message: None });
    // A result that is no word for an end is just a result.
    let body = json!({"status": "done", "result": "pending review"});
    check(200, NOTHING, &body, &WHOLE);
    let body = json!({"status": "succeeded", "result": "/assays/1/result"});
    check(200, NOTHING, &body, &result_at("/assays/1/result"));
}

#[test]
fn common_words_are_understood_however_they_are_written() {
    for word in [
        "queued",
        "IN_PROGRESS",
        "In Progress",
        "in-progress",
        "inProgress",
        "strange",
    ] {
        check(
            200,
            NOTHING,
            &json!({"state": word}),
            &running(Some(word), None),
        );
    }
    for word in [
        "completed",
        "SUCCEEDED",
        "success",
        "Done",
        "finished",
        "STATE_SUCCEEDED",
    ] {
        check(200, NOTHING, &json!({"state": word}), &WHOLE);
    }
    for word in ["failed", "ERROR", "Timed Out", "timedOut"] {
        let failed = JobStatus::Failed { message: None };
        check(200, NOTHING, &json!({"status": word}), &failed);
    }
    for word in ["cancelled", "CANCELED", "aborted"] {
        let cancelled = JobStatus::Cancelled { message: None };
        check(200, NOTHING, &json!({"status": word}), &cancelled);
    }
    let body = json!({"status": "running", "message": "mixing", "progress": 0.25});
    check(200, NOTHING, &body, &running(Some("mixing"), Some(25.0)));
    let body = json!({"status": "running", "progress": "45 %"});
    check(200, NOTHING, &body, &running(Some("running"), Some(45.0)));
    let body = json!({"status": "running", "progress": 4000});
    check(200, NOTHING, &body, &running(Some("running"), None));
}

#[test]
fn a_status_says_by_itself_what_it_can() {
    let accepted = JobStatus::Running(JobRunning {
        status_url: Some("/status/2".to_owned()),
        by_status: true,
        ..JobRunning::default()
    });
    check(202, at("/status/2"), &Value::Null, &accepted);
    for status in [302, 303] {
        check(
            status,
            at("/results/1"),
            &Value::Null,
            &result_at("/results/1"),
        );
    }
    for status in [301, 307, 308] {
        let moved = JobStatus::Moved {
            to: "/elsewhere".to_owned(),
        };
        check(status, at("/elsewhere"), &Value::Null, &moved);
    }
    for status in [408, 425, 429, 500, 502, 503, 504] {
        // An error of the service is none of the job.
        let body = json!({"status": "error", "message": "try later"});
        check(status, NOTHING, &body, &JobStatus::Unavailable);
    }
    for status in [303, 304, 400, 401, 403, 404, 410] {
        let refused = JobStatus::Refused {
            message: Some("no such job".to_owned()),
        };
        check(status, NOTHING, &json!({"detail": "no such job"}), &refused);
    }
}

#[test]
fn an_answer_without_a_state_is_the_result() {
    check(200, NOTHING, &json!({"rows": [1, 2]}), &WHOLE);
    check(200, NOTHING, &json!([1, 2]), &WHOLE);
    check(204, NOTHING, &Value::Null, &WHOLE);
    check(201, at("/things/1"), &Value::Null, &result_at("/things/1"));
    check(200, at("/things/1"), &json!({"name": "thing"}), &WHOLE);
    check(
        200,
        at("/things/1"),
        &json!({"status": "done"}),
        &result_at("/things/1"),
    );
}

#[test]
fn a_service_that_speaks_by_status_ends_by_status() {
    let rules = JobRules::default();
    let read = |status, body: &Value| rules.read(&reply(status, NOTHING, body), true);
    // The state of what was made, not that of the job.
    assert_eq!(read(200, &json!({"state": "stored"})), WHOLE);
    assert!(matches!(
        read(200, &json!({"state": "running"})),
        JobStatus::Running(_)
    ));
    assert!(matches!(
        read(202, &json!({"state": "done"})),
        JobStatus::Running(_)
    ));
    assert!(matches!(
        read(202, &json!({"state": "failed"})),
        JobStatus::Failed { .. }
    ));
}

#[test]
fn the_result_is_whatever_is_there() {
    let rules = JobRules::default();
    let body = json!({"status": "failed"});
    assert_eq!(rules.read_result(&reply(200, NOTHING, &body)), WHOLE);
    let moved = rules.read_result(&reply(303, at("/x"), &Value::Null));
    assert_eq!(
        moved,
        JobStatus::Moved {
            to: "/x".to_owned()
        }
    );
    let going = rules.read_result(&reply(202, NOTHING, &Value::Null));
    assert!(matches!(going, JobStatus::Running(_)));
    let gone = rules.read_result(&reply(404, NOTHING, &Value::Null));
    assert_eq!(gone, JobStatus::Refused { message: None });
}

#[test]
fn the_first_answer_says_where_the_job_is() {
    let rules = JobRules::default();
    let begun = |method, links, body: &Value| rules.begin(method, &reply(202, links, body));
    let both = JobLinks {
        operation_location: Some("/operations/1"),
        ..at("/things/1")
    };
    let job = begun(Method::Post, both, &json!({"id": 7}));
    assert_eq!(job.status_url.as_deref(), Some("/operations/1"));
    assert_eq!(job.result_url.as_deref(), Some("/things/1"));
    assert_eq!(job.id.as_deref(), Some("7"));
    let azure = JobLinks {
        azure_async_operation: Some("https://a.example/operations/1"),
        ..NOTHING
    };
    assert!(begun(Method::Put, azure, &Value::Null).result_is_request_url);
    assert!(!begun(Method::Post, azure, &Value::Null).result_is_request_url);
    let job = begun(Method::Post, at("/jobs/1"), &Value::Null);
    assert_eq!(job.status_url.as_deref(), Some("/jobs/1"));
    assert_eq!((job.result_url, job.id), (None, None));
    let job = begun(
        Method::Post,
        NOTHING,
        &json!({"statusQueryGetUri": "https://a.example/s"}),
    );
    assert_eq!(job.status_url.as_deref(), Some("https://a.example/s"));
    let job = begun(
        Method::Post,
        NOTHING,
        &json!({"job_id": "a/b", "status_url": "javascript:1"}),
    );
    assert_eq!((job.status_url, job.id.as_deref()), (None, Some("a/b")));
}

#[test]
fn other_rules_look_elsewhere() {
    let rules = JobRules {
        state: vec!["/job/phase".parse().unwrap()],
        succeeded: vec!["Baked".to_owned()],
        result: vec!["/job/cake".parse().unwrap()],
        ..JobRules::default()
    };
    let body = json!({"status": "failed", "job": {"phase": "baked", "cake": [1]}});
    let read = rules.read(&reply(200, NOTHING, &body), false);
    assert_eq!(read, JobStatus::Succeeded(JobResult::Part(json!([1]))));
}

#[test]
fn a_pause_is_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (header, expected) in [
        ("7", Some(7)),
        (" 0 ", Some(0)),
        ("99999999999999999999999", Some(u64::MAX)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ] {
        let expected = expected.map(Duration::from_secs);
        assert_eq!(JobReply::retry_after(header, now), expected, "{header}");
    }
}

#[test]
fn a_template_needs_a_fixed_host_and_whole_braces() {
    for text in [
        "/jobs/{id}",
        "/jobs/{id}/result?of={id}",
        "https://a.example/jobs/{id}",
        "/jobs",
    ] {
        assert!(text.parse::<UrlTemplate>().is_ok(), "{text}");
    }
    for text in [
        "",
        "jobs/{id}",
        "//a.example/{id}",
        "https://{id}/x",
        "https://a.{id}/x",
        "ftp://a.example/x",
        "/{",
        "/}",
        "/{}",
        "/{a{b}}",
        "/a b",
        "/../{id}",
        "https://a.example",
        "/#{id}\n",
    ] {
        assert!(text.parse::<UrlTemplate>().is_err(), "{text}");
    }
}

#[test]
fn a_value_stays_in_its_part_of_the_url() {
    let template: UrlTemplate = "/jobs/{id}?of={id}".parse().unwrap();
    let expand = |value: &str| template.expand("https://a.example/v1", |_| Some(value.to_owned()));
    let url = expand("a/../b?c#d@e:f").unwrap();
    let encoded = "a%2F..%2Fb%3Fc%23d%40e%3Af";
    let expected = format!("https://a.example/v1/jobs/{encoded}?of={encoded}");
    assert_eq!(url.as_str(), expected);
    for value in ["", ".", "..", "%2e%2e"] {
        let refused = TemplateError::Value("id".to_owned());
        assert_eq!(expand(value), Err(refused), "{value}");
    }
    let missing = template.expand("https://a.example", |_| None);
    assert_eq!(missing, Err(TemplateError::Missing("id".to_owned())));
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "running",
            "done",
            "failed",
            "cancelled",
            "/x",
            "JOB_STATE_",
            "ſtate_é"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "status",
        "state",
        "done",
        "error",
        "message",
        "id",
        "name",
        "progress",
        "response",
        "properties",
        "provisioningState",
        "conclusion",
        "resourceLocation",
        "job",
        "data",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(members.collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_panics(status in 0u16..1000, header in any::<Option<String>>(), body in any_json(), by_status: bool) {
        let rules = JobRules::default();
        let links = JobLinks { location: header.as_deref(), ..NOTHING };
        let reply = reply(status, links, &body);
        let read = rules.read(&reply, by_status);
        if let JobStatus::Running(JobRunning { percent: Some(percent), .. }) = &read {
            prop_assert!((0.0..=100.0).contains(percent));
        }
        // Only a success or a redirect can end a job well.
        if matches!(read, JobStatus::Succeeded(_)) {
            prop_assert!((200..300).contains(&status) || matches!(status, 302 | 303));
        }
        let _ = rules.read_result(&reply);
        let _ = rules.begin(Method::Post, &reply);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), header in ".*") {
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let _ = JobRules::default().read(&reply(200, at(&header), &body), false);
        let _ = JobReply::retry_after(&header, SystemTime::UNIX_EPOCH);
        let _ = header.parse::<Pointer>();
        let _ = header.parse::<UrlTemplate>();
    }

    #[test]
    fn no_value_leaves_its_place(value in ".*", other in "[./%2eE\\\\]{0,6}") {
        let template: UrlTemplate = "/jobs/{id}/{other}/end".parse().unwrap();
        let value = |name: &str| Some(if name == "id" { value.clone() } else { other.clone() });
        if let Ok(url) = template.expand("https://a.example/v1", value) {
            prop_assert_eq!(url.host_str(), Some("a.example"));
            prop_assert!(url.path().starts_with("/v1/jobs/") && url.path().ends_with("/end"));
            prop_assert_eq!(url.path().split('/').count(), 6);
        }
    }
}

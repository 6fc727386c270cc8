//! Parameters that do not fit, methods that a revision lacks, and what is left to extensions.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{Elicitation, Filter, Schema};
use midfield_protocol::wire::{Codec, RequestMeta, modern};
use midfield_protocol::{Answer, Call, Error, Raw, Revision};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rich;
use crate::support::{request, value};

/// The code of the error by which `revision` refuses the request; `None` where it does not.
fn refusal(revision: Revision, method: &str, params: &Value) -> Option<i64> {
    let frame = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let request = request(&frame);
    let codec = Codec::new(revision);
    let error = codec.decode(&request).err()?;
    let written = value(rich::server().error(codec, Some(&request.id), &error));
    written["error"]["code"].as_i64()
}

#[test]
fn parameters_that_do_not_fit_are_invalid_in_every_revision() {
    let cases = [
        ("resources/read", json!({})),
        ("resources/read", json!({"uri": 1})),
        ("resources/list", json!({"cursor": 1})),
        ("resources/templates/list", json!({"cursor": {}})),
        ("prompts/list", json!({"cursor": false})),
        ("prompts/get", json!({"arguments": {}})),
        ("prompts/get", json!({"name": "a", "arguments": ["b"]})),
        ("prompts/get", json!({"name": "a", "arguments": {"b": 1}})),
        (
            "prompts/get",
            json!({"name": "a", "arguments": {"b": null}}),
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "a"}}),
        ),
        (
            "completion/complete",
            complete(&json!(["ref/prompt", "a"]), &json!({})),
        ),
        (
            "completion/complete",
            complete(&json!({"type": "ref/prompt"}), &json!({})),
        ),
        (
            "completion/complete",
            complete(&json!({"type": "ref/resource"}), &json!({})),
        ),
        (
            "completion/complete",
            complete(&json!({"type": "ref/tool", "name": "a"}), &json!({})),
        ),
        ("completion/complete", complete(&prompt(), &json!([]))),
        (
            "completion/complete",
            complete(&prompt(), &json!({"arguments": {"b": 1}})),
        ),
    ];
    for revision in Revision::ALL {
        for (method, params) in &cases {
            assert_eq!(
                refusal(revision, method, params),
                Some(-32_602),
                "{revision} {method} {params}"
            );
        }
        assert_eq!(
            refusal(
                revision,
                "completion/complete",
                &complete(&prompt(), &json!(null))
            ),
            None
        );
    }
}

fn prompt() -> Value {
    json!({"type": "ref/prompt", "name": "a"})
}

fn complete(reference: &Value, context: &Value) -> Value {
    json!({"ref": reference, "argument": {"name": "b", "value": ""}, "context": context})
}

#[test]
fn a_context_is_refused_from_the_first_byte_too_many() {
    let context = |length: usize| {
        let room = length - json!({"arguments": {"a": ""}}).to_string().len();
        let context = json!({"arguments": {"a": "v".repeat(room)}});
        refusal(
            Revision::V2026_07_28,
            "completion/complete",
            &complete(&prompt(), &context),
        )
    };
    assert_eq!(context(64 << 10), None);
    assert_eq!(context((64 << 10) + 1), Some(-32_602));
}

#[test]
fn a_listener_says_what_to_and_within_the_limits() {
    let modern = Revision::V2026_07_28;
    let listen = |params| refusal(modern, "subscriptions/listen", &params);
    assert_eq!(listen(json!({"notifications": {}})), None);
    let wrong = [
        json!({}),
        json!({"notifications": null}),
        json!({"notifications": [true]}),
        json!({"notifications": {"toolsListChanged": 1}}),
        json!({"notifications": {"resourceSubscriptions": "a:b"}}),
        json!({"notifications": {"resourceSubscriptions": vec!["a:b"; 1_001]}}),
        json!({"notifications": {"resourceSubscriptions": ["u".repeat((8 << 10) + 1)]}}),
    ];
    for params in wrong {
        assert_eq!(listen(params), Some(-32_602));
    }
}

#[test]
fn only_the_modern_wire_reads_what_a_client_brings_back() {
    for method in ["tools/call", "prompts/get", "resources/read"] {
        let with = |responses: Value| json!({"name": "a", "uri": "a:b", "inputResponses": responses, "requestState": "s"});
        for revision in Revision::ALL {
            let is_modern = revision == Revision::V2026_07_28;
            let refused = is_modern.then_some(-32_602);
            assert_eq!(refusal(revision, method, &with(json!([]))), refused);
            assert_eq!(refusal(revision, method, &with(json!(null))), None);
        }
    }
}

#[test]
fn what_belongs_to_the_protocol_is_never_left_to_extensions() {
    let not_found = Some(-32_601);
    let legacy = Revision::NEWEST_LEGACY;
    let modern = Revision::V2026_07_28;
    for method in ["server/discover", "subscriptions/listen"] {
        assert_eq!(
            refusal(legacy, method, &json!({"notifications": {}})),
            not_found
        );
    }
    for method in [
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        assert_eq!(refusal(modern, method, &json!({"uri": "a:b"})), not_found);
    }
    for method in [
        "initialize",
        "roots/list",
        "elicitation/create",
        "sampling/createMessage",
    ] {
        assert_eq!(refusal(legacy, method, &json!({})), not_found);
        assert_eq!(refusal(modern, method, &json!({})), not_found);
    }
}

#[test]
fn what_the_protocol_does_not_know_is_left_to_extensions() {
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"clock/now","params":{"zone" : "Z"}}"#;
    let request = request(frame);
    for revision in Revision::ALL {
        let call = Codec::new(revision).decode(&request).expect("a call");
        assert_eq!(call.method(), "clock/now");
        assert!(
            matches!(&call, Call::Other(other)
                if other.params.as_deref().is_some_and(|params| params.get() == r#"{"zone" : "Z"}"#)),
            "{call:?}"
        );
    }
}

#[test]
fn a_legacy_error_names_the_capability_that_is_missing() {
    let required = rich::tools_sample().capability();
    let error = Error::MissingCapability {
        required: Box::new(required),
    };
    let codec = Codec::new(Revision::NEWEST_LEGACY);
    let written = value(rich::server().error(codec, None, &error));
    assert_eq!(written["error"]["code"], -32_600);
    let message = written["error"]["message"].as_str().expect("a message");
    assert!(message.ends_with(": sampling.tools"), "{message}");
}

#[test]
fn no_revision_but_one_writes_the_error_that_asks_for_a_page() {
    let error = Error::UrlElicitationRequired {
        elicitations: vec![
            Elicitation::url("Sign in", "https://a.example/", "e"),
            Elicitation::form("Who?", Schema::default()),
        ],
    };
    for revision in Revision::ALL {
        let written = value(rich::server().error(Codec::new(revision), None, &error));
        let only = revision == Revision::V2025_11_25;
        assert_eq!(written["error"]["code"] == -32_042, only, "{revision}");
        let pages = written["error"]["data"]["elicitations"].as_array();
        assert_eq!(
            pages.map(Vec::len),
            only.then_some(1),
            "forms have no place there"
        );
        let told = written.to_string().contains("https://a.example/");
        assert!(told, "the page is told in words where it cannot be in data");
    }
}

#[test]
fn legacy_answers_are_answers_and_modern_refusals_have_a_status() {
    let error = Error::InvalidParams {
        detail: String::new(),
    };
    let status = |revision| Codec::new(revision).http_status(&error);
    assert_eq!(status(Revision::NEWEST_LEGACY), 200);
    assert_eq!(status(Revision::V2026_07_28), 400);
}

#[test]
fn more_values_than_an_answer_holds_are_cut_and_said_to_be_more() {
    use midfield_protocol::types::Completion;
    for (count, has_more) in [(100, None), (101, Some(true))] {
        let completion = Completion::new(vec!["v".to_owned(); count]);
        for revision in Revision::ALL {
            let answer = Answer::Completion(completion.clone());
            let written = rich::server().answer(Codec::new(revision), &RequestId::from(1), &answer);
            let written = value(written.expect("JSON"));
            let completion = &written["result"]["completion"];
            assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
            assert_eq!(completion["hasMore"].as_bool(), has_more);
        }
    }
}

#[test]
fn an_extensions_result_is_an_object_that_keeps_its_numbers() {
    let codec = Codec::new(Revision::V2026_07_28);
    let answer = |text: &str| {
        let raw: Raw = serde_json::from_str(text).expect("JSON");
        rich::server().answer(codec, &RequestId::from(1), &Answer::Raw(raw))
    };
    let written = String::from_utf8(answer(r#"{"a\n":1.50}"#).expect("JSON")).expect("UTF-8");
    assert!(
        written.contains(r#""resultType":"complete","a\n":1.50"#),
        "{written}"
    );
    assert!(answer("[1]").is_err());
    assert!(answer(r#"{"_meta":1}"#).is_err());
}

proptest! {
    #[test]
    fn a_filter_comes_back_as_it_was(
        tools: bool, prompts: bool, resources: bool, uris in prop::collection::vec(".*", 0..5),
    ) {
        let mut filter = Filter::default();
        filter.tools_list_changed = tools;
        filter.prompts_list_changed = prompts;
        filter.resources_list_changed = resources;
        filter.resource_subscriptions = uris;
        let frame = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen",
            "params": {"notifications": filter}})
        .to_string();
        let call = Codec::new(Revision::V2026_07_28).decode(&request(&frame));
        prop_assert!(matches!(call, Ok(Call::Listen(read)) if read == filter));
    }

    #[test]
    fn a_trace_is_kept_whole_or_dropped_and_never_fails_a_request(
        traceparent in prop_oneof![
            "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,8})?",
            "[0-9a-fA-F-]{50,60}",
            ".*",
        ],
        tracestate in ".*",
        baggage in prop_oneof![".*".prop_map(Value::from), any::<i64>().prop_map(Value::from)],
    ) {
        let frame = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "traceparent": traceparent, "tracestate": tracestate, "baggage": baggage,
        }}})
        .to_string();
        let meta = RequestMeta::read(&request(&frame)).expect("a `_meta`");
        let caller = modern::caller(meta).expect("a caller");
        let Some(trace) = caller.trace else { return Ok(()) };
        if let Some(kept) = trace.traceparent() {
            prop_assert_eq!(kept, traceparent.as_str());
            let rebuilt = format!(
                "-{}-{}-", trace.trace_id().expect("a trace"), trace.parent_id().expect("a parent")
            );
            prop_assert_eq!(kept.find(&rebuilt), Some(2));
        }
        prop_assert!(trace.tracestate().is_none_or(|kept| kept == tracestate));
        prop_assert!(trace.baggage().is_none_or(|kept| Some(kept) == baggage.as_str()));
    }
}

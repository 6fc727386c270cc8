//! Questions to the client: what each revision can ask, and which answers are taken.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    Action, CreateMessage, Elicitation, InputReply, InputRequest, SamplingContent, SamplingMessage,
    Schema,
};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Error, Raw, Revision};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rich;
use crate::support::value;

fn ask(revision: Revision, question: &InputRequest) -> Result<Value, Error> {
    wire::question(Codec::new(revision), &RequestId::from(1), question).map(value)
}

#[test]
fn a_revision_is_asked_only_what_it_has_words_for() {
    let sound: SamplingContent =
        serde_json::from_value(json!({"type": "audio", "data": "", "mimeType": "audio/wav"}))
            .expect("a sound");
    let sample = |content: Vec<SamplingContent>| {
        let role = midfield_protocol::types::Role::User;
        let message = SamplingMessage::new(role, content);
        InputRequest::Sample(Box::new(CreateMessage::new(9).message(message)))
    };
    let text = SamplingContent::text("a");
    let cases = [
        (InputRequest::ListRoots, Revision::V2024_11_05),
        (rich::plain_sample(), Revision::V2024_11_05),
        (sample(vec![sound]), Revision::V2025_03_26),
        (rich::form(false), Revision::V2025_06_18),
        (rich::form(true), Revision::V2025_11_25),
        (rich::sign_in(), Revision::V2025_11_25),
        (rich::tools_sample(), Revision::V2025_11_25),
        (sample(vec![text.clone(), text]), Revision::V2025_11_25),
        (sample(Vec::new()), Revision::V2025_11_25),
    ];
    for (question, since) in &cases {
        for revision in Revision::ALL {
            let can_ask = revision >= *since && revision <= Revision::NEWEST_LEGACY;
            let asked = ask(revision, question);
            assert_eq!(asked.is_ok(), can_ask, "{revision} {question:?}: {asked:?}");
            if let Err(error) = asked {
                assert!(error.to_string().contains(revision.as_str()), "{error}");
            }
        }
    }
}

#[test]
fn an_older_form_has_the_same_choices_in_older_words() {
    let asked = ask(Revision::V2025_06_18, &rich::form(false)).expect("a form");
    assert_eq!(
        asked["params"]["requestedSchema"],
        json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "title": "Name", "description": "Yours.", "minLength": 1, "maxLength": 80},
                "mail": {"type": "string", "format": "email"},
                "count": {"type": "integer", "minimum": 1, "maximum": 9},
                "agreed": {"type": "boolean", "title": "Agreed", "default": false},
                "colour": {"type": "string", "enum": ["red", "blue"]},
                "size": {"type": "string", "title": "Size", "enum": ["s", "l"], "enumNames": ["Small", "Large"]},
            },
            "required": ["name"],
        })
    );
    assert!(asked["params"].get("mode").is_none());
}

#[test]
fn a_form_without_fields_to_name_is_refused() {
    let question = InputRequest::Elicit(Elicitation::form("Well?", Schema::default()));
    assert!(ask(Revision::NEWEST_LEGACY, &question).is_err());
}

fn answer(question: &InputRequest, reply: &Value) -> Result<InputReply, String> {
    wire::read_reply(question, &Raw::of(reply).expect("JSON"))
}

#[test]
fn only_answers_of_the_right_shape_are_taken() {
    let form = rich::form(false);
    let sample = rich::plain_sample();
    let roots = InputRequest::ListRoots;
    let text = json!({"type": "text", "text": "a"});
    let cases = [
        (
            &form,
            json!({"action": "accept", "content": {"a": 1, "b": ["c"], "d": true}}),
            true,
        ),
        (&form, json!({"action": "decline"}), true),
        (&form, json!({"action": "ACCEPT"}), false),
        (&form, json!({"content": {}}), false),
        (&form, json!(["accept", {}]), false),
        (&form, json!({"action": "accept", "content": []}), false),
        (
            &form,
            json!({"action": "accept", "content": {"a": null}}),
            false,
        ),
        (
            &form,
            json!({"action": "accept", "content": {"a": {}}}),
            false,
        ),
        (
            &form,
            json!({"action": "accept", "content": {"a": [1]}}),
            false,
        ),
        (
            &sample,
            json!({"role": "assistant", "model": "m", "content": text}),
            true,
        ),
        (
            &sample,
            json!({"role": "assistant", "model": "m", "content": [text, text]}),
            true,
        ),
        (
            &sample,
            json!({"role": "system", "model": "m", "content": text}),
            false,
        ),
        (
            &sample,
            json!({"role": "assistant", "content": text}),
            false,
        ),
        (
            &sample,
            json!({"role": "assistant", "model": "m", "content": ["a"]}),
            false,
        ),
        (
            &sample,
            json!({"role": "assistant", "model": "m", "content": {"type": "video"}}),
            false,
        ),
        (&roots, json!({"roots": []}), true),
        (&roots, json!({"roots": [{"uri": "file:///a"}]}), true),
        (
            &roots,
            json!({"roots": [{"uri": "https://a.example/"}]}),
            false,
        ),
        (&roots, json!({"roots": [{"name": "a"}]}), false),
        (&roots, json!({}), false),
    ];
    for (question, reply, taken) in cases {
        assert_eq!(answer(question, &reply).is_ok(), taken, "{reply}");
    }
}

#[test]
fn what_the_user_did_not_send_off_is_left_out() {
    let content = json!({"secret": "s"});
    for (question, action, kept) in [
        (rich::form(false), "accept", true),
        (rich::form(false), "decline", false),
        (rich::form(false), "cancel", false),
        (rich::sign_in(), "accept", false),
    ] {
        let reply = answer(&question, &json!({"action": action, "content": content}));
        let Ok(InputReply::Elicit(result)) = reply else {
            panic!("no answer of a user: {reply:?}");
        };
        assert_eq!(result.content.is_some(), kept, "{action}");
        assert_eq!(result.action == Action::Accept, action == "accept");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(reply in json_like(), place in 0_usize..6) {
        let keys = ["action", "content", "role", "model", "roots", "uri"];
        let mut whole = json!({
            "action": "accept", "role": "assistant", "model": "m", "roots": [],
            "content": {"type": "text", "text": "a"},
        });
        whole[keys[place]] = reply.clone();
        for question in [rich::form(false), rich::sign_in(), rich::plain_sample(), InputRequest::ListRoots] {
            for reply in [&reply, &whole] {
                if let Ok(read) = answer(&question, reply) {
                    let again = match &read {
                        InputReply::Elicit(result) => json!(result),
                        InputReply::Sample(result) => json!(result),
                        InputReply::Roots(roots) => json!(roots),
                        other => panic!("an unknown answer {other:?}"),
                    };
                    prop_assert_eq!(answer(&question, &again), Ok(read));
                }
            }
        }
    }

    #[test]
    fn any_question_is_read_or_refused(params in json_like(), place in 0_usize..3) {
        let method = ["elicitation/create", "sampling/createMessage", "roots/list"][place];
        let question = json!({"method": method, "params": params});
        if let Ok(read) = serde_json::from_value::<InputRequest>(question) {
            let again = serde_json::from_value(json!(read)).expect("what was written is read");
            prop_assert_eq!(&read, &again);
            for revision in Revision::ALL {
                let _ = ask(revision, &read);
            }
        }
    }
}

/// JSON with the members that questions and answers have, in any place.
fn json_like() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "action",
        "content",
        "message",
        "requestedSchema",
        "properties",
        "type",
        "text",
        "roots",
        "uri",
        "role",
        "messages",
        "maxTokens",
        "mode",
        "url",
        "tools",
        "oneOf",
        "const",
        "title",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..1_000_000).prop_map(Value::from),
        prop::sample::select(vec![
            "accept",
            "user",
            "assistant",
            "object",
            "string",
            "array",
            "text",
            "file:///a",
            "form",
            "url",
            "",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

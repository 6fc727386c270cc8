//! What an answer has to be.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::object;
use super::types::{Choices, Everything};
use crate::server::form::Form;

#[test]
fn an_answer_is_checked_field_by_field_without_being_repeated() {
    let form = Form::of::<Everything>().expect("a form");
    let good = json!({
        "name": "Ada", "code": "abc", "email": "ada@example.com", "page": "https://example.com/",
        "day": "2026-07-28", "moment": "2026-07-28T12:00:00Z",
        "id": "67e55044-10b1-426f-9247-bb680e5fe0c8",
        "count": 30.0, "shift": 5, "share": 1, "initial": "A",
    });
    form.check(object(&good)).expect("a good answer");
    let read: Everything = form.read(object(&good)).expect("a good answer");
    assert_eq!((read.count, read.share, read.urgent), (30, 1.0, false));
    let cases = [
        ("name", json!(42)),
        ("name", json!(null)),
        ("code", json!("ABC")),
        ("code", json!("abcdef")),
        ("email", json!("nobody")),
        ("page", json!("no page")),
        ("day", json!("2026-02-30")),
        ("moment", json!("yesterday")),
        ("id", json!("1")),
        ("count", json!(256)),
        ("count", json!(1.5)),
        ("shift", json!(-6)),
        ("share", json!(0)),
        ("urgent", json!("yes")),
        ("initial", json!("AB")),
        ("unknown", json!("mystery")),
    ];
    for (field, value) in &cases {
        let mut answer = object(&good).clone();
        answer.insert((*field).to_owned(), value.clone());
        let misfit = form.check(&answer).expect_err(field);
        assert!(
            misfit.starts_with(&format!("the field `{field}`: ")),
            "{misfit}"
        );
        assert_eq!(misfit.lines().count(), 1, "{misfit}");
        for answered in ["ABC", "nobody", "yesterday", "mystery"] {
            assert!(!misfit.contains(answered), "{misfit}");
        }
        assert!(form.read::<Everything>(&answer).is_err());
    }
    let misfits = form.check(&Map::new()).expect_err("fields are required");
    assert_eq!(misfits.lines().count(), 10, "{misfits}");
    let crowd: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(n))).collect();
    let misfits = form.check(&crowd).expect_err("no such fields");
    assert!(misfits.lines().count() <= 16, "{misfits}");
}

#[test]
fn a_misfit_names_what_can_be_chosen() {
    let form = Form::of::<Choices>().expect("a form");
    let answer = json!({
        "untitledSingle": "option1", "titledSingle": "value9", "legacyEnum": "opt1",
        "untitledMulti": ["option1", "option9"], "titledMulti": ["value1", "value1", "value1"],
    });
    let misfits = form.check(object(&answer)).expect_err("wrong choices");
    let mut lines: Vec<&str> = misfits.lines().collect();
    lines.sort_unstable();
    let [multiple, single, untitled] = lines[..] else {
        panic!("{misfits}");
    };
    assert!(
        multiple.starts_with("the field `titledMulti`: "),
        "{multiple}"
    );
    assert!(
        single.contains("titledSingle") && single.contains("\"value1\""),
        "{single}"
    );
    assert!(
        untitled.contains("untitledMulti") && untitled.contains("\"option1\""),
        "{untitled}"
    );
}

/// Any JSON.
pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z$/~]{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An answer that often hits a field.
fn answer() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "name",
            "code",
            "email",
            "page",
            "day",
            "moment",
            "id",
            "count",
            "shift",
            "share",
            "urgent",
            "initial",
            "untitledSingle",
            "titledMulti",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec((name, json_value()), 0..14)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn no_answer_makes_a_form_panic(answer in answer()) {
        for form in [Form::cached::<Everything>(), Form::cached::<Choices>()] {
            let form = form.expect("a form");
            let is_read = form.read::<Value>(&answer).is_ok();
            prop_assert_eq!(form.check(&answer).is_ok(), is_read);
        }
    }
}

//! The client's half of the wire, against the server's half of this crate and against arbitrary input.

mod answers;
mod calls;
mod random;

use proptest::prelude::*;
use serde_json::{Map, Value};

/// A text of any characters.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/:_.-]{1,12}",
        prop::collection::vec(any::<char>(), 0..8)
            .prop_map(|characters| characters.into_iter().collect()),
    ]
}

/// A text that is not empty.
fn name() -> impl Strategy<Value = String> {
    any_text().prop_filter("a name", |text| !text.is_empty())
}

/// Any JSON, a few levels of it.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any object.
fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(any_text(), json(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

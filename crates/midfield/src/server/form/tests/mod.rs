//! Forms from types and from schemas: what comes out, what is refused, what an answer has to be.

mod answers;
mod schemas;
mod types;

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{Form, NotAForm};

/// The form of a hand-written schema with these fields, none required.
fn fields(fields: &Value) -> Result<Form, NotAForm> {
    form(json!({ "type": "object", "properties": fields }))
}

fn form(schema: Value) -> Result<Form, NotAForm> {
    Form::new(&serde_json::from_value(schema).expect("an object"))
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

/// What the client is told about the fields of a form that fits the schema of every revision.
#[track_caller]
fn told(form: &Form) -> Value {
    let schema = form.schema().to_value();
    for (revision, definition) in &*DEFINITIONS {
        let params = json!({ "message": "Please.", "mode": "form", "requestedSchema": schema });
        let misfit = definition
            .validate(&params)
            .err()
            .map(|error| error.to_string());
        assert_eq!(misfit, None, "{revision}: {schema}");
    }
    schema["properties"].clone()
}

/// `ElicitRequestFormParams` of each revision that knows all of a form, closed so that what is said beside
/// the subset is found.
fn definitions() -> [(&'static str, Validator); 2] {
    let revisions = [
        (
            "2025-11-25",
            include_str!("../../../../../midfield-protocol/fixtures/schema/2025-11-25.json"),
        ),
        (
            "2026-07-28",
            include_str!("../../../../../midfield-protocol/fixtures/schema/2026-07-28.json"),
        ),
    ];
    revisions.map(|(revision, text)| {
        let mut schema: Value = serde_json::from_str(text).expect("a schema");
        for name in [
            "StringSchema",
            "NumberSchema",
            "BooleanSchema",
            "UntitledSingleSelectEnumSchema",
            "TitledSingleSelectEnumSchema",
            "UntitledMultiSelectEnumSchema",
            "TitledMultiSelectEnumSchema",
            "LegacyTitledEnumSchema",
        ] {
            schema["$defs"][name]["additionalProperties"] = false.into();
        }
        let requested = &mut schema["$defs"]["ElicitRequestFormParams"]["properties"];
        requested["requestedSchema"]["additionalProperties"] = false.into();
        for unused in ["anyOf", "oneOf", "type"] {
            object_mut(&mut schema).shift_remove(unused);
        }
        schema["$ref"] = "#/$defs/ElicitRequestFormParams".into();
        (
            revision,
            jsonschema::validator_for(&schema).expect("a schema"),
        )
    })
}

static DEFINITIONS: LazyLock<[(&str, Validator); 2]> = LazyLock::new(definitions);

fn object_mut(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}

//! Forms of Rust types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{object, told};
use crate::server::form::Form;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
pub(super) struct Everything {
    /// Who it is for.
    pub(super) name: String,
    #[schemars(length(min = 2, max = 5), regex(pattern = "^[a-z]+$"))]
    pub(super) code: String,
    #[schemars(email)]
    pub(super) email: Option<String>,
    #[schemars(url, title = "Home page")]
    pub(super) page: String,
    #[schemars(extend("format" = "date"))]
    pub(super) day: String,
    #[schemars(extend("format" = "date-time"))]
    pub(super) moment: String,
    #[schemars(extend("format" = "uuid"))]
    pub(super) id: String,
    pub(super) count: u8,
    #[schemars(range(min = -5, max = 5))]
    pub(super) shift: i32,
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(super) share: f64,
    #[serde(default)]
    pub(super) urgent: bool,
    pub(super) initial: char,
}

#[test]
fn every_primitive_comes_out_in_the_words_of_the_specification() {
    let form = Form::of::<Everything>().expect("a form");
    assert_eq!(
        told(&form),
        json!({
            "name": { "type": "string", "description": "Who it is for." },
            "code": { "type": "string", "minLength": 2, "maxLength": 5 },
            "email": { "type": "string", "format": "email" },
            "page": { "type": "string", "title": "Home page", "format": "uri" },
            "day": { "type": "string", "format": "date" },
            "moment": { "type": "string", "format": "date-time" },
            "id": { "type": "string" },
            "count": { "type": "integer", "minimum": 0, "maximum": 255 },
            "shift": { "type": "integer", "minimum": -5, "maximum": 5 },
            "share": { "type": "number" },
            "urgent": { "type": "boolean", "default": false },
            "initial": { "type": "string", "minLength": 1, "maxLength": 1 },
        })
    );
    let root = form.schema().to_value();
    assert_eq!(
        root["required"],
        json!([
            "name", "code", "page", "day", "moment", "id", "count", "shift", "share", "initial"
        ])
    );
    assert_eq!(object(&root).len(), 3, "{root}");
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Active,
    Inactive,
    Pending,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
struct Defaults {
    name: String,
    age: i64,
    score: f64,
    status: Status,
    verified: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            name: "John Doe".into(),
            age: 30,
            score: 95.5,
            status: Status::Active,
            verified: true,
        }
    }
}

#[test]
fn the_defaults_of_a_type_are_told() {
    let form = Form::of::<Defaults>().expect("a form");
    assert_eq!(
        told(&form),
        json!({
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": {
                "type": "string",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": { "type": "boolean", "default": true },
        })
    );
    assert_eq!(form.schema().keywords().get("required"), None);
    let read: Defaults = form.read(&Map::new()).expect("nothing is required");
    assert_eq!((read.age, read.status), (30, Status::Active));
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Plain {
    Option1,
    Option2,
    Option3,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Titled {
    /// First Option
    Value1,
    /// Second Option.
    ///
    /// Of which more could be said.
    Value2,
    #[schemars(title = "Third Option")]
    Value3,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Choices {
    pub(super) untitled_single: Plain,
    pub(super) titled_single: Titled,
    #[schemars(extend(
        "enum" = ["opt1", "opt2", "opt3"],
        "enumNames" = ["Option One", "Option Two", "Option Three"],
    ))]
    pub(super) legacy_enum: String,
    pub(super) untitled_multi: Vec<Plain>,
    #[schemars(length(min = 1, max = 2))]
    pub(super) titled_multi: Option<Vec<Titled>>,
    /// Any.
    pub(super) maybe: Option<Titled>,
    #[serde(default)]
    pub(super) none: Option<Plain>,
}

#[test]
fn the_five_forms_of_an_enum_come_out() {
    let form = Form::of::<Choices>().expect("a form");
    let titles = json!([
        { "const": "value1", "title": "First Option" },
        { "const": "value2", "title": "Second Option" },
        { "const": "value3", "title": "Third Option" },
    ]);
    let values = json!(["option1", "option2", "option3"]);
    assert_eq!(
        told(&form),
        json!({
            "untitledSingle": { "type": "string", "enum": values },
            "titledSingle": { "type": "string", "oneOf": titles },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {
                "type": "array",
                "items": { "type": "string", "enum": values },
            },
            "titledMulti": {
                "type": "array",
                "minItems": 1,
                "maxItems": 2,
                "items": { "anyOf": titles },
            },
            "maybe": { "type": "string", "description": "Any.", "oneOf": titles },
            "none": { "type": "string", "enum": values },
        })
    );
    assert_eq!(
        form.schema().keywords()["required"],
        json!([
            "untitledSingle",
            "titledSingle",
            "legacyEnum",
            "untitledMulti"
        ])
    );
    let answer = json!({
        "untitledSingle": "option2",
        "titledSingle": "value1",
        "legacyEnum": "opt3",
        "untitledMulti": ["option1", "option3"],
        "titledMulti": ["value2"],
    });
    let read: Choices = form.read(object(&answer)).expect("an answer");
    assert_eq!(read.untitled_multi, [Plain::Option1, Plain::Option3]);
    assert_eq!(read.maybe, None);
}

#[test]
fn a_form_is_made_once_for_each_type() {
    let first = Form::cached::<Choices>().expect("a form");
    let second = Form::cached::<Choices>().expect("a form");
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    let other = Form::cached::<Everything>().expect("a form");
    assert_ne!(first.schema(), other.schema());
    assert!(Form::cached::<Vec<Plain>>().is_err());
}

#[test]
fn an_empty_form_asks_for_nothing_but_consent() {
    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Consent {}
    let form = Form::of::<Consent>().expect("a form");
    assert_eq!(told(&form), json!({}));
    assert_eq!(form.read(&Map::new()), Ok(Consent {}));
}

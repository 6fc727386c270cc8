//! Words and what they become, mistakes, and words of any kind.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "count": {"type": "integer", "minimum": 1},
            "ratio": {"type": ["number", "null"]},
            "sure": {"type": "boolean"},
            "name": {"type": "string"},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "color": {"enum": ["red", "green", 7, null]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "numbers": {"type": "array", "items": {"type": "integer"}},
            "who": {"$ref": "#/$defs/Person"},
            "a.b": {"type": "string"},
            "picture": {"type": "string", "contentEncoding": "base64"},
            "free": {"type": "object", "additionalProperties": {"type": "integer"}},
            "whatever": {},
        },
        "$defs": {"Person": {"type": "object", "properties": {
            "name": {"type": "string"}, "age": {"type": "integer"}, "boss": {"$ref": "#/$defs/Person"}}}},
    })
}

fn files(name: &str) -> Result<Vec<u8>, String> {
    match name {
        "text" => Ok(b"two\nlines\n".to_vec()),
        "five" => Ok(b"5\n".to_vec()),
        "bytes" => Ok(vec![0xff, 0]),
        "big" => Ok(b"{\"count\": 12345678901234567890123}".to_vec()),
        "-" => Ok(b"{\"count\": 1}".to_vec()),
        other => Err(format!("no {other}")),
    }
}

fn read_words(words: &[&str]) -> Result<Value, String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    read(&words, Map::new(), &schema(), &mut files).map(Value::Object)
}

#[test]
fn words_become_what_the_schema_takes() {
    for (words, expected) in [
        (
            &["count=3", "ratio=0.5", "sure=false", "name=5"] as &[&str],
            json!({"count": 3, "ratio": 0.5, "sure": false, "name": "5"}),
        ),
        (
            &["ratio=null", "either=5"],
            json!({"ratio": null, "either": 5}),
        ),
        (
            &["either=five", "name=a=b"],
            json!({"either": "five", "name": "a=b"}),
        ),
        (&["name="], json!({"name": ""})),
        (&["color=red"], json!({"color": "red"})),
        (&["color=7"], json!({"color": 7})),
        (&["tags=a", "tags=b,c"], json!({"tags": ["a", "b,c"]})),
        (&["tags=a"], json!({"tags": ["a"]})),
        (
            &["tags=[\"a\", \"b\"]", "numbers=1", "numbers=2"],
            json!({"tags": ["a", "b"], "numbers": [1, 2]}),
        ),
        (
            &["who.name=Ada", "who.boss.age=40"],
            json!({"who": {"name": "Ada", "boss": {"age": 40}}}),
        ),
        (
            &["who={\"name\": \"Ada\"}", "who.age=36"],
            json!({"who": {"name": "Ada", "age": 36}}),
        ),
        (&["a.b=x"], json!({"a.b": "x"})),
        (
            &["count:=4", "name:=\"@x\"", "whatever:=[1]"],
            json!({"count": 4, "name": "@x", "whatever": [1]}),
        ),
        (&["whatever=1"], json!({"whatever": 1})),
        (&["whatever=01"], json!({"whatever": "01"})),
        (
            &["whatever.x.y=true"],
            json!({"whatever": {"x": {"y": true}}}),
        ),
        (
            &[
                "name=@text",
                "count=@five",
                "picture=@bytes",
                "whatever:=@five",
            ],
            json!({"name": "two\nlines\n", "count": 5, "picture": "/wA=", "whatever": 5}),
        ),
        (&["free.x=1"], json!({"free": {"x": 1}})),
    ] {
        assert_eq!(read_words(words), Ok(expected), "{words:?}");
    }
}

#[test]
fn what_does_not_fit_is_told_by_its_name() {
    for (words, expected) in [
        (
            &["count=x"] as &[&str],
            "`count` takes a whole number, not `x`",
        ),
        (&["count=1.5"], "`count` takes a whole number, not `1.5`"),
        (&["count=0"], "/count: 0 is less than the minimum of 1"),
        (
            &["cuont=1"],
            "there is no argument `cuont`; did you mean `count`?",
        ),
        (
            &["color=gren"],
            "`color` takes \"red\" or \"green\" or 7 or null, not `gren`; did you mean `green`?",
        ),
        (
            &["count=1", "count=2"],
            "`count` is given 2 times: it takes a whole number",
        ),
        (
            &["numbers=1", "numbers=x"],
            "`numbers` takes a whole number, not `x`",
        ),
        (
            &["who.nam=x"],
            "there is no argument `who.nam`; did you mean `name`?",
        ),
        (
            &["count.x=1"],
            "`count` is a whole number, which has no member `x`",
        ),
        (&["who=x"], "`who` takes an object, not `x`"),
        (
            &["who:=5", "who.name=x"],
            "`who.name` is given both as a value and by its members",
        ),
        (
            &["name=@bytes"],
            "`name` takes a text, and the file holds none",
        ),
        (&["name=@none"], "no none"),
        (
            &["count:={"],
            "`count` is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        (&["--count"], "`--count` is no `NAME=VALUE`"),
    ] {
        let told = read_words(words).unwrap_err();
        assert_eq!(told, expected, "{words:?}");
    }
}

#[test]
fn a_name_that_is_near_none_is_told_with_those_that_there_are() {
    let told = read_words(&["=1"]).unwrap_err();
    assert!(
        told.starts_with("there is no argument ``: there are `count`, `ratio`"),
        "{told}"
    );
}

#[test]
fn what_must_be_there_is_told_with_its_kind() {
    let schema = json!({"type": "object", "properties": {"petId": {"type": "integer"}}, "required": ["petId", "x"],
        "additionalProperties": false});
    let told = read(&[], Map::new(), &schema, &mut files).unwrap_err();
    assert_eq!(told, "missing: `petId` (a whole number), `x` (any value)");
    // A tool that says nothing of its arguments takes all of them.
    let open = json!({"type": "object"});
    let words = ["n=1".to_owned(), "s=a b".to_owned()];
    assert_eq!(
        read(&words, Map::new(), &open, &mut files).map(Value::Object),
        Ok(json!({"n": 1, "s": "a b"}))
    );
}

#[test]
fn a_base_lies_beneath_the_words() {
    let base_of = |text: &str| base("--args", text, &mut files);
    assert_eq!(base_of("-"), base_of("{\"count\": 1}"));
    assert_eq!(base_of("@none"), Err("no none".to_owned()));
    assert_eq!(
        base_of("[]"),
        Err("`--args` takes a JSON object".to_owned())
    );
    let beneath = base_of(r#"{"count": 1, "who": {"name": "Ada", "age": 1}}"#).unwrap();
    let words = ["who.age=2".to_owned(), "count=5".to_owned()];
    let object = read(&words, beneath, &schema(), &mut files).map(Value::Object);
    assert_eq!(
        object,
        Ok(json!({"count": 5, "who": {"name": "Ada", "age": 2}}))
    );
}

proptest! {
    #[test]
    fn no_word_makes_reading_panic(words in prop::collection::vec("[a-z.:=@\\[{\"0-9ü]{0,12}", 0..4)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = read_words(&words);
    }

    #[test]
    fn no_schema_makes_reading_panic(text in "[a-z0-9.]{1,6}=[a-z0-9\\[{]{0,4}", kind in prop::sample::select(vec![
        json!(true), json!({"type": 5}), json!({"$ref": "#"}), json!({"$ref": "#/properties/a"}), json!({"enum": []}),
        json!({"anyOf": [{"$ref": "#/properties/a"}, {"type": "integer"}]}), json!({"items": false, "type": "array"}),
    ])) {
        let schema = json!({"properties": {"a": kind}, "additionalProperties": {"$ref": "#/properties/a"}});
        let _ = read(&[text], Map::new(), &schema, &mut files);
    }

    #[test]
    fn a_text_stays_as_it_is(text in "[^@].*") {
        let expected = json!({"name": text});
        prop_assert_eq!(read_words(&[&format!("name={text}")]), Ok(expected));
    }

    #[test]
    fn every_whole_number_is_itself(number: i64) {
        prop_assert_eq!(read_words(&[&format!("either={number}")]), Ok(json!({"either": number})));
    }

    #[test]
    fn any_json_passes_as_such(number in any::<f64>().prop_filter("finite", |it| it.is_finite()), text in ".*") {
        let value = json!([number, text, null]);
        let read = read_words(&[&format!("whatever:={value}")]);
        prop_assert_eq!(read, Ok(json!({"whatever": value})));
    }
}

#[test]
fn a_whole_number_is_sent_as_it_is_written_or_not_at_all() {
    let big = "12345678901234567890123";
    for word in [
        format!("count={big}"),
        format!("ratio={big}"),
        format!("whatever=[{big}]"),
        format!("numbers={big}"),
        format!("who={{\"age\": {big}}}"),
        format!("whatever:={big}"),
        "whatever:=@big".to_owned(),
    ] {
        let told = read_words(&[&word]).unwrap_err();
        assert!(
            told.contains(big) && told.contains("64 bits"),
            "{word}: {told}"
        );
    }
    let told = base("--args", "@big", &mut files).unwrap_err();
    assert!(told.starts_with("`--args` has the whole number"), "{told}");
    let either = format!("either={big}");
    assert_eq!(read_words(&[&either]), Ok(json!({"either": big})));
    let ratio = read_words(&["ratio=1.5e300", "count=18446744073709551615"]);
    assert_eq!(ratio, Ok(json!({"ratio": 1.5e300, "count": u64::MAX})));
}

#[test]
fn a_schema_whose_check_would_not_end_is_left_to_the_server() {
    let mut steps = Map::new();
    for step in 0..40 {
        let next = json!({"$ref": format!("#/$defs/{}", step + 1)});
        steps.insert(step.to_string(), json!({"allOf": [next, next]}));
    }
    steps.insert("40".to_owned(), json!({"type": "string"}));
    let ladder =
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/0"}}, "$defs": steps});
    let read = read(&["a:=5".to_owned()], Map::new(), &ladder, &mut files);
    assert_eq!(read.map(Value::Object), Ok(json!({"a": 5})));
}

//! The strict first pass over foreign JSON agrees with a naive model of it, wherever in a message the
//! foreign value stands.

use midfield_protocol::jsonrpc::{Code, Incoming, MAX_DEPTH};
use proptest::prelude::*;

/// A JSON text, kept so that its depth and its strings are known without parsing.
#[derive(Clone, Debug)]
enum Document {
    Number,
    Text(Vec<Unit>),
    List(Vec<Self>),
    Object(Vec<(Vec<Unit>, Self)>),
    /// So many lists around a document.
    Nested(usize, Box<Self>),
}

/// One piece of a string: a character as it is, an escape, or an escaped UTF-16 code unit.
#[derive(Clone, Debug)]
enum Unit {
    Plain(char),
    Short(char),
    Escaped(u16, bool),
    /// Both halves of a surrogate pair, escaped.
    Pair(u16, u16),
}

impl Document {
    fn write(&self, text: &mut String) {
        match self {
            Self::Number => text.push_str("-1.5e3"),
            Self::Text(units) => write_string(units, text),
            Self::List(items) => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    text.push_str(if place == 0 { " " } else { " ,\t" });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (place, (key, member)) in members.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { "," });
                    write_string(key, text);
                    text.push_str(" :\n");
                    member.write(text);
                }
                text.push('}');
            }
            Self::Nested(levels, inner) => {
                text.push_str(&"[".repeat(*levels));
                inner.write(text);
                text.push_str(&"]".repeat(*levels));
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Number | Self::Text(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => {
                1 + members
                    .iter()
                    .map(|(_, member)| member.depth())
                    .max()
                    .unwrap_or(0)
            }
            Self::Nested(levels, inner) => levels + inner.depth(),
        }
    }

    fn has_lone_surrogate(&self) -> bool {
        match self {
            Self::Number => false,
            Self::Text(units) => is_lone(units),
            Self::List(items) => items.iter().any(Self::has_lone_surrogate),
            Self::Object(members) => members
                .iter()
                .any(|(key, member)| is_lone(key) || member.has_lone_surrogate()),
            Self::Nested(_, inner) => inner.has_lone_surrogate(),
        }
    }
}

fn write_string(units: &[Unit], text: &mut String) {
    text.push('"');
    for unit in units {
        match unit {
            Unit::Plain(character) => text.push(*character),
            Unit::Short(character) => text.extend(['\\', *character]),
            Unit::Escaped(unit, true) => text.extend(format!("\\u{unit:04x}").chars()),
            Unit::Pair(high, low) => text.extend(format!("\\u{high:04x}\\u{low:04X}").chars()),
            Unit::Escaped(unit, false) => text.extend(format!("\\u{unit:04X}").chars()),
        }
    }
    text.push('"');
}

/// Whether the string that `units` write is no Unicode text.
fn is_lone(units: &[Unit]) -> bool {
    let mut buffer = [0; 2];
    let utf16 = units.iter().flat_map(|unit| match unit {
        Unit::Plain(character) => character.encode_utf16(&mut buffer).to_vec(),
        Unit::Short(_) => vec![u16::from(b' ')],
        Unit::Escaped(unit, _) => vec![*unit],
        Unit::Pair(high, low) => vec![*high, *low],
    });
    char::decode_utf16(utf16).any(|decoded| decoded.is_err())
}

/// A string; `escaped` gives the code units that may be escaped in it.
fn string(escaped: impl Strategy<Value = u16> + 'static) -> BoxedStrategy<Vec<Unit>> {
    let plain = prop_oneof![
        Just('['),
        Just('{'),
        Just(']'),
        Just('u'),
        Just('d'),
        Just('8'),
        Just('é'),
        Just('\u{1F600}'),
        Just('\u{7f}'),
    ];
    let short = prop::sample::select(vec!['"', '\\', '/', 'b', 'f', 'n', 'r', 't']);
    let unit = prop_oneof![
        plain.prop_map(Unit::Plain),
        short.prop_map(Unit::Short),
        (escaped, any::<bool>()).prop_map(|(unit, lower)| Unit::Escaped(unit, lower)),
        (0xD800..=0xDBFF_u16, 0xDC00..=0xDFFF_u16).prop_map(|(high, low)| Unit::Pair(high, low)),
    ];
    prop::collection::vec(unit, 0..8).boxed()
}

fn document(string: BoxedStrategy<Vec<Unit>>) -> impl Strategy<Value = Document> {
    let leaf = prop_oneof![
        Just(Document::Number),
        string.clone().prop_map(Document::Text),
    ];
    leaf.prop_recursive(6, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Document::List),
            prop::collection::vec((string.clone(), inner.clone()), 0..4).prop_map(Document::Object),
            (1..MAX_DEPTH / 2, inner)
                .prop_map(|(levels, inner)| Document::Nested(levels, Box::new(inner))),
        ]
    })
}

/// Code units of every kind: near the borders of the surrogates, in them, and elsewhere.
fn any_unit() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(0xD7FF_u16),
        Just(0xE000),
        Just(0x0041),
        Just(0x0022),
        Just(0x005C),
        0xD800..=0xDBFF_u16,
        0xDC00..=0xDFFF_u16,
    ]
}

/// Where in a message the foreign value stands, and how deep that is.
const PLACES: [(&str, &str, usize); 4] = [
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"#,
        "}}",
        2,
    ),
    (r#"{"jsonrpc":"2.0","id":1,"result":"#, "}", 1),
    (r#"{"unknown":"#, r#","jsonrpc":"2.0","method":"m"}"#, 1),
    (
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"m","data":"#,
        "}}",
        2,
    ),
];

fn agrees(document: &Document) -> Result<(), TestCaseError> {
    for (before, after, outside) in PLACES {
        let mut text = before.to_owned();
        document.write(&mut text);
        text.push_str(after);
        let too_deep = document.depth() + outside > MAX_DEPTH;
        let lone = document.has_lone_surrogate();
        match (Incoming::parse(text.as_bytes()), too_deep, lone) {
            (Ok(_), false, false) | (Err(_), true, true) => {}
            (Err(rejected), true, false) => {
                prop_assert_eq!(rejected.error.code, Code::INVALID_REQUEST);
            }
            (Err(rejected), false, true) => {
                prop_assert_eq!(rejected.error.code, Code::PARSE_ERROR);
            }
            (parsed, ..) => prop_assert!(false, "{text}: {parsed:?}"),
        }
    }
    Ok(())
}

#[test]
fn the_deepest_value_that_is_accepted_can_be_read() {
    for levels in MAX_DEPTH - 3..MAX_DEPTH + 3 {
        agrees(&Document::Nested(levels, Box::new(Document::Number))).expect("the model agrees");
        let text = format!(
            r#"{{"jsonrpc":"2.0","method":"m","params":{{"a":{}{}}}}}"#,
            "[".repeat(levels - 2),
            "]".repeat(levels - 2)
        );
        let accepted = Incoming::parse(text.as_bytes()).is_ok();
        assert_eq!(accepted, levels <= MAX_DEPTH, "{levels}");
        let read = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        assert_eq!(accepted, read, "{levels}");
    }
}

proptest! {
    #[test]
    fn lone_surrogates_are_found_and_pairs_are_not(document in document(string(any_unit()))) {
        agrees(&document)?;
    }

    #[test]
    fn depth_is_counted_as_it_is_written(document in document(string(Just(0x5B_u16)))) {
        agrees(&document)?;
    }

    #[test]
    fn whoever_reads_an_accepted_value_does_not_meet_a_limit_of_its_own(
        document in document(string(Just(0x7D_u16))),
    ) {
        let mut text = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"#.to_owned();
        document.write(&mut text);
        text.push_str("}}");
        let accepted = Incoming::parse(text.as_bytes()).is_ok();
        prop_assert_eq!(accepted, serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}

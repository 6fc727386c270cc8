//! Bytes to a JSON tree, within limits: how many nodes, how deep.
//!
//! JSON and YAML share one builder, so that both have the same limits and the same rule for
//! duplicate keys (the last one wins, as in most readers). It knows nothing of OpenAPI.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Limits;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON, with or without a byte order mark.
    Json,
    /// YAML 1.2 (`yes` and `on` are text); a document that holds one value.
    Yaml,
}

impl Format {
    /// The format that the bytes look like: JSON when the first visible byte opens an object or
    /// an array, else YAML.
    pub fn guess(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// Why bytes could not be read as a tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More bytes than the limit allows.
    #[error("the document has {size} bytes; the limit is {limit}: raise the limit or split it")]
    TooLarge {
        /// Bytes of the document.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// Not JSON, or more nodes or levels than the limits allow.
    #[error("could not read the document as JSON")]
    Json(#[source] serde_json::Error),
    /// Not YAML, or more nodes, levels or aliases than the limits allow.
    #[error("could not read the document as YAML")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// YAML must be UTF-8 here.
    #[error("could not read the document as text: it is not UTF-8")]
    NotText(#[source] std::str::Utf8Error),
    /// The system gave no thread to read YAML on.
    #[error("could not start a thread to read the document on")]
    NoThread(#[source] std::io::Error),
}

/// Reads `bytes` as `format`, or as what they look like. Returns how many nodes they have, too.
pub(crate) fn read(
    bytes: &[u8],
    format: Option<Format>,
    limits: &Limits,
) -> Result<(Value, usize), ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge {
            size: bytes.len(),
            limit: limits.bytes,
        });
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    match format.unwrap_or_else(|| Format::guess(bytes)) {
        Format::Json => read_json(bytes, limits).map_err(ReadError::Json),
        Format::Yaml => {
            let text = std::str::from_utf8(bytes).map_err(ReadError::NotText)?;
            on_a_large_stack(|| read_yaml(text, limits))
        }
    }
}

/// Runs `read` where it has room: the YAML reader takes so much stack for each level that the
/// permitted depth would overflow that of an ordinary thread in an unoptimized build.
fn on_a_large_stack<'scope, T: Send + 'scope>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'scope,
) -> Result<T, ReadError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(YAML_STACK);
        let reader = thread
            .spawn_scoped(scope, read)
            .map_err(ReadError::NoThread)?;
        reader
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn read_json(bytes: &[u8], limits: &Limits) -> Result<(Value, usize), serde_json::Error> {
    let nodes = Cell::new(limits.nodes);
    let tree = Tree {
        nodes: &nodes,
        depth: limits.depth,
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = tree.deserialize(&mut reader)?;
    reader.end()?;
    Ok((value, limits.nodes - nodes.get()))
}

fn read_yaml(text: &str, limits: &Limits) -> Result<(Value, usize), ReadError> {
    let nodes = Cell::new(limits.nodes);
    let tree = Tree {
        nodes: &nodes,
        depth: limits.depth,
    };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: limits.nodes,
            max_events: limits.nodes.saturating_mul(2),
            max_depth: limits.depth,
            flow_nesting_limit: limits.depth,
            max_total_scalar_bytes: limits.bytes,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    let read = |reader: serde_saphyr::Deserializer<'_, '_>| tree.deserialize(reader);
    let value = serde_saphyr::with_deserializer_from_str_with_options(text, options, read)
        .map_err(|error| ReadError::Yaml(Box::new(error)))?;
    Ok((value, limits.nodes - nodes.get()))
}

/// Builds one value and counts what it costs.
#[derive(Clone, Copy)]
struct Tree<'a> {
    nodes: &'a Cell<usize>,
    depth: usize,
}

impl Tree<'_> {
    fn child<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let left = self.nodes.get().checked_sub(1);
        self.nodes
            .set(left.ok_or_else(|| D::Error::custom("too many nodes"))?);
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(wide(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(wide(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // YAML has infinities and NaN; JSON has not, and their names are the nearest thing.
        Ok(Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let child = self.child()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(child)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let child = self.child()?;
        let mut map = Map::new();
        // A YAML key such as `200` or `null` is read as the text that is written there.
        while let Some(key) = access.next_key::<Option<String>>()? {
            let key = key.unwrap_or_else(|| "null".to_owned());
            map.insert(key, access.next_value_seed(child)?);
        }
        Ok(Value::Object(map))
    }
}

/// An integer that no JSON number of 64 bits can hold: the nearest double, as in JSON.
fn wide(digits: String) -> Value {
    let number = digits.parse().ok().and_then(Number::from_f64);
    number.map_or_else(|| Value::String(digits), Value::Number)
}

/// Values that aliases may add. Documents have some thousands; an attack has billions.
const MAX_ALIASED: usize = 200_000;

/// Stack for reading YAML, in bytes: about 20 KiB for each of 127 levels, several times over.
const YAML_STACK: usize = 16 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: &Value) {
        let (value, _) = read(text.as_bytes(), None, &Limits::default()).unwrap();
        assert_eq!(&value, expected, "{text}");
    }

    #[test]
    fn yaml_is_read_as_yaml_1_2_with_keys_as_text() {
        check(
            "200: ok\non: 1\nyes: no\nnull: 2",
            &json!({"200": "ok", "on": 1, "yes": "no", "null": 2}),
        );
        check(
            "a: 2020-01-01\nb: 0o17\nc: 1.5\nd: ~\ne: true",
            &json!({"a": "2020-01-01", "b": 15, "c": 1.5, "d": null, "e": true}),
        );
        check(
            "a: &x {b: 1}\nc: *x",
            &json!({"a": {"b": 1}, "c": {"b": 1}}),
        );
        check(
            "a: 18446744073709551616",
            &json!({"a": 18_446_744_073_709_551_616_f64}),
        );
        check("a: .inf", &json!({"a": ".inf"}));
    }

    #[test]
    fn json_is_read_with_a_byte_order_mark_and_the_last_of_two_equal_keys() {
        check("\u{feff} {\"a\": 1, \"a\": 2}", &json!({"a": 2}));
        check("a: 1\na: 2", &json!({"a": 2}));
    }

    #[test]
    fn a_tree_over_a_limit_is_refused() {
        let limits = Limits {
            nodes: 10,
            depth: 4,
            bytes: 200,
            ..Limits::default()
        };
        let refused = |text: &str| read(text.as_bytes(), None, &limits).unwrap_err();
        assert!(matches!(
            refused("[1,2,3,4,5,6,7,8,9,10]"),
            ReadError::Json(_)
        ));
        assert!(matches!(refused("[[[[[]]]]]"), ReadError::Json(_)));
        assert!(matches!(refused("a: [[[[[]]]]]"), ReadError::Yaml(_)));
        assert!(matches!(
            refused("a: [1,2,3,4,5,6,7,8,9,10]"),
            ReadError::Yaml(_)
        ));
        assert!(matches!(
            refused(&"x".repeat(300)),
            ReadError::TooLarge { .. }
        ));
    }
}

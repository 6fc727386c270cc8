//! JSON text that is known to be valid and is kept as it was written, on one line.

use std::fmt;

use memchr::memchr2;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON value, kept as its text.
///
/// Values that Midfield only hands on (structured results, error data) stay text, so that they are
/// neither parsed nor built up a second time and keep their numbers exactly. Only line breaks between
/// tokens are left out: on stdio a message is one line, in a stream of events its data is.
#[derive(Clone)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// The JSON text of `value`.
    ///
    /// # Errors
    /// When `value` cannot be JSON: a map whose keys are no strings, or a `Serialize` of its own that fails.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self::from)
    }

    /// The object without members.
    pub fn empty() -> Self {
        // Writing a map without entries cannot fail.
        Self::of(&serde_json::Map::new()).unwrap_or_else(|_| Self(RawValue::NULL.to_owned()))
    }

    /// Reads the value as a `T`.
    ///
    /// # Errors
    /// When the value has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }

    /// The value, borrowed.
    pub fn as_raw_value(&self) -> &RawValue {
        &self.0
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(value: Box<RawValue>) -> Self {
        Self(on_one_line(value))
    }
}

impl From<&RawValue> for Raw {
    fn from(value: &RawValue) -> Self {
        value.to_owned().into()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Two texts are equal when they are written alike; `1.0` is not `1`.
impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

/// Leaves line breaks out. Within a string JSON has none but escaped ones, so that all of them stand
/// between tokens, of which no two need white space to be told apart.
fn on_one_line(value: Box<RawValue>) -> Box<RawValue> {
    if memchr2(b'\n', b'\r', value.get().as_bytes()).is_none() {
        return value;
    }
    let text = value.get().replace(['\n', '\r'], "");
    RawValue::from_string(text).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_breaks_between_tokens_are_left_out() {
        let text = "{\r\n  \"a\\nb\" : [1.10,\n\n 1e2\r]\n}";
        let raw: Raw = serde_json::from_str(text).expect("JSON");
        assert_eq!(raw.as_str(), r#"{  "a\nb" : [1.10, 1e2]}"#);
        let boxed = RawValue::from_string("[\n]".to_owned()).expect("JSON");
        assert_eq!(Raw::from(boxed.as_ref()).as_str(), "[]");
        assert_eq!(Raw::from(boxed).as_str(), "[]");
    }
}

//! What a schema takes, as far as a command line can be read by it. What fits in the end is the validator's to say.

use serde_json::{Map, Value};

/// A schema within a root, which its references are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema<'s> {
    root: &'s Value,
    here: &'s Value,
}

/// A kind of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    Number,
    Text,
    Array,
    Object,
    Null,
}

/// Which values a schema takes; any, where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Kinds<'s> {
    pub(super) choices: Vec<&'s Value>,
    kinds: Vec<Kind>,
}

impl<'s> Schema<'s> {
    pub(super) fn root(root: &'s Value) -> Self {
        Self { root, here: root }
    }

    /// The schema of a member; `None` when it is none that is named.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        self.parts().into_iter().find_map(|part| {
            let here = part.get("properties")?.get(name)?;
            Some(Self { here, ..self })
        })
    }

    /// The names of its members.
    pub(super) fn names(self) -> Vec<&'s str> {
        let mut names = Vec::new();
        for part in self.parts() {
            let properties = part.get("properties").and_then(Value::as_object);
            names.extend(
                properties
                    .into_iter()
                    .flat_map(Map::keys)
                    .map(String::as_str),
            );
        }
        names
    }

    /// The schema of a member that is not named; `None` where there is no room for one.
    ///
    /// JSON Schema lets every name in where nothing is said. Where others are named, a name that is none of them is taken for a slip.
    pub(super) fn other(self) -> Option<Self> {
        let parts = self.parts();
        let said = parts
            .iter()
            .find_map(|part| part.get("additionalProperties"));
        let everything = || Self {
            here: &Value::Bool(true),
            ..self
        };
        match said {
            Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(everything()),
            Some(here) => Some(Self { here, ..self }),
            None if parts
                .iter()
                .any(|part| part.contains_key("patternProperties")) =>
            {
                Some(everything())
            }
            None => {
                let kinds = self.kinds();
                (self.names().is_empty() && (kinds.is_any() || kinds.take(Kind::Object)))
                    .then(everything)
            }
        }
    }

    /// The schema of the items of an array.
    pub(super) fn items(self) -> Self {
        let parts = self.parts();
        let here = parts
            .iter()
            .find_map(|part| part.get("items"))
            .unwrap_or(&Value::Bool(true));
        Self { here, ..self }
    }

    /// Which members must be there.
    pub(super) fn required(self) -> Vec<&'s str> {
        let required = self.here.get("required").and_then(Value::as_array);
        required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Whether a text stands for bytes in base64.
    pub(super) fn is_base64(self) -> bool {
        let parts = self.parts();
        let mut encodings = parts
            .iter()
            .filter_map(|part| part.get("contentEncoding")?.as_str());
        encodings.any(|encoding| encoding.eq_ignore_ascii_case("base64"))
    }

    pub(super) fn kinds(self) -> Kinds<'s> {
        let mut kinds = Kinds::default();
        for part in self.parts() {
            kinds.add(part);
        }
        kinds
    }

    /// The schema itself and what it is made of: what it refers to, and its alternatives.
    fn parts(self) -> Vec<&'s Map<String, Value>> {
        let mut parts: Vec<&Map<String, Value>> = Vec::new();
        let mut waiting = vec![self.here];
        while let Some(next) = waiting.pop() {
            let Some(part) = next.as_object() else {
                continue;
            };
            if parts.iter().any(|known| std::ptr::eq(*known, part)) || parts.len() >= MAX_PARTS {
                continue;
            }
            parts.push(part);
            for key in ["oneOf", "anyOf", "allOf"] {
                let alternatives = part.get(key).and_then(Value::as_array);
                waiting.extend(alternatives.into_iter().flatten().rev().take(MAX_PARTS));
            }
            let reference = part.get("$ref").and_then(Value::as_str);
            waiting.extend(reference.and_then(|it| self.root.pointer(it.strip_prefix('#')?)));
        }
        parts
    }
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::Text,
        Self::Array,
        Self::Object,
        Self::Null,
    ];

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::Array,
            "object" => Self::Object,
            "null" => Self::Null,
            _ => return None,
        })
    }

    fn told(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
            Self::Null => "null",
        }
    }
}

impl<'s> Kinds<'s> {
    fn add(&mut self, part: &'s Map<String, Value>) {
        let choices = part.get("enum").and_then(Value::as_array);
        let before = self.choices.len();
        self.choices.extend(choices.into_iter().flatten());
        self.choices.extend(part.get("const"));
        if self.choices.len() > before {
            // The choices say all; their type would let in others.
            return;
        }
        let names = match part.get("type") {
            Some(Value::Array(names)) => names.as_slice(),
            Some(name) => std::slice::from_ref(name),
            None => &[],
        };
        self.kinds
            .extend(names.iter().filter_map(|name| Kind::parse(name.as_str()?)));
        if names.is_empty() && part.contains_key("properties") {
            self.kinds.push(Kind::Object);
        }
        if names.is_empty() && part.contains_key("items") {
            self.kinds.push(Kind::Array);
        }
    }

    /// Whether values of a kind are among those that it names.
    pub(super) fn take(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether it says nothing.
    pub(super) fn is_any(&self) -> bool {
        self.choices.is_empty() && self.kinds.is_empty()
    }

    /// What is expected, in words.
    pub(super) fn told(&self) -> String {
        let mut told: Vec<String> = self
            .choices
            .iter()
            .take(MAX_TOLD)
            .map(ToString::to_string)
            .collect();
        if self.choices.len() > MAX_TOLD {
            told.push("…".to_owned());
        }
        for kind in Kind::ALL {
            if self.take(kind) {
                told.push(kind.told().to_owned());
            }
        }
        if told.is_empty() {
            return "any value".to_owned();
        }
        super::line(&told.join(" or "))
    }
}

/// Most schemas that one is made of.
const MAX_PARTS: usize = 100;
/// Most choices that are told.
const MAX_TOLD: usize = 20;

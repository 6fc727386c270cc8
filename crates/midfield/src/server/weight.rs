//! What a schema may cost to check, found before it is used: a few lines can ask for the same check a
//! million times over ([composition-keyword resource use](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#composition-keyword-resource-use)).

use std::collections::HashMap;

use serde_json::Value;

/// What is known of a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Most parts that apply to one and the same place of an instance.
    pub(super) in_place: usize,
    /// It refers to itself: how often its parts are checked depends on how deeply an instance nests.
    pub(super) is_recursive: bool,
}

/// Weighs `schema`; `None` when it refers on and on, further than a checker can follow.
pub(super) fn weigh(schema: &Value) -> Option<Weight> {
    let mut scale = Scale {
        root: schema,
        names: HashMap::new(),
        known: HashMap::new(),
        weight: Weight::default(),
    };
    scale.name(schema, 0)?;
    scale.part(schema, 0)?;
    Some(scale.weight)
}

struct Scale<'a> {
    root: &'a Value,
    /// The parts that have a name, by `$anchor`, `$dynamicAnchor` or `$id`.
    names: HashMap<&'a str, Vec<&'a Value>>,
    /// What each part weighs, by its address; `None` while it is being weighed.
    known: HashMap<*const Value, Option<usize>>,
    weight: Weight,
}

impl<'a> Scale<'a> {
    /// Finds the parts that have a name.
    fn name(&mut self, schema: &'a Value, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match schema {
            Value::Object(keywords) => {
                for keyword in ["$anchor", "$dynamicAnchor", "$id"] {
                    let name = keywords.get(keyword).and_then(Value::as_str);
                    if let Some(name) = name {
                        self.names.entry(last(name)).or_default().push(schema);
                    }
                }
                keywords
                    .values()
                    .try_for_each(|value| self.name(value, depth + 1))
            }
            Value::Array(parts) => parts.iter().try_for_each(|part| self.name(part, depth + 1)),
            _ => Some(()),
        }
    }

    /// How many parts apply in place where this one does.
    fn part(&mut self, schema: &'a Value, depth: usize) -> Option<usize> {
        if depth > MAX_DEPTH {
            return None;
        }
        let address = std::ptr::from_ref(schema);
        match self.known.get(&address) {
            Some(Some(known)) => return Some(*known),
            Some(None) => {
                self.weight.is_recursive = true;
                return Some(0);
            }
            None => {}
        }
        self.known.insert(address, None);
        let mut in_place = 1_usize;
        match schema {
            Value::Object(keywords) => {
                for (keyword, value) in keywords {
                    let weight = match keyword.as_str() {
                        "$ref" | "$dynamicRef" => self.target(value, depth)?,
                        "enum" | "const" | "default" | "examples" => continue,
                        _ => self.part(value, depth + 1)?,
                    };
                    if IN_PLACE.contains(&keyword.as_str()) {
                        in_place = in_place.saturating_add(weight);
                    }
                }
            }
            Value::Array(parts) => {
                for part in parts {
                    in_place = in_place.saturating_add(self.part(part, depth + 1)?);
                }
            }
            _ => {}
        }
        self.known.insert(address, Some(in_place));
        self.weight.in_place = self.weight.in_place.max(in_place);
        Some(in_place)
    }

    fn target(&mut self, reference: &'a Value, depth: usize) -> Option<usize> {
        let Some(reference) = reference.as_str() else {
            return Some(1);
        };
        let pointer = reference.strip_prefix('#');
        if let Some(target) = pointer.and_then(|pointer| self.root.pointer(pointer)) {
            return self.part(target, depth + 1);
        }
        // What a name stands for depends on the `$id`s around it: all that may be meant is weighed, and the worst is assumed.
        self.weight.is_recursive = true;
        let mut in_place = 1;
        for target in self.names.get(last(reference)).cloned().unwrap_or_default() {
            in_place = in_place.max(self.part(target, depth + 1)?);
        }
        Some(in_place)
    }
}

/// The last part of a name: an anchor, or the end of a URI.
fn last(name: &str) -> &str {
    let end = name.trim_end_matches(['#', '/']);
    end.rsplit(['#', '/']).next().unwrap_or(end)
}

/// Keywords whose schemas apply where their own schema does.
const IN_PLACE: [&str; 10] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
];

/// Longest way from part to part that is followed.
const MAX_DEPTH: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    #[test]
    fn parts_that_are_asked_for_again_and_again_weigh_again_and_again() {
        let mut definitions = Map::new();
        for step in 0..20 {
            let next = json!({"$ref": format!("#/$defs/{}", step + 1)});
            definitions.insert(step.to_string(), json!({"allOf": [next, next]}));
        }
        definitions.insert("20".to_owned(), json!({"type": "object"}));
        let ladder = json!({"$defs": definitions, "properties": {"a": {"$ref": "#/$defs/0"}}});
        let weight = weigh(&ladder).expect("an end");
        assert!(weight.in_place > 1 << 20, "{weight:?}");
        assert!(!weight.is_recursive);
    }

    #[test]
    fn what_is_large_but_asked_for_once_is_light() {
        let members: Map<_, _> = (0..1_000)
            .map(|number| (number.to_string(), json!({"$ref": "#/$defs/a"})))
            .collect();
        let wide = json!({"properties": members, "$defs": {"a": {"anyOf": [true, false]}}});
        let weight = weigh(&wide).expect("an end");
        assert!(weight.in_place < 10, "{weight:?}");
        assert!(!weight.is_recursive);
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_recursive_and_one_that_never_ends_is_refused() {
        for recursive in [
            json!({"properties": {"a": {"$ref": "#"}}}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}),
            json!({"$ref": "#named"}),
        ] {
            assert!(weigh(&recursive).is_some_and(|weight| weight.is_recursive));
        }
        let chain: Map<_, _> = (0..5_000)
            .map(|step| {
                (
                    step.to_string(),
                    json!({"$ref": format!("#/$defs/{}", step + 1)}),
                )
            })
            .collect();
        assert_eq!(weigh(&json!({"$ref": "#/$defs/0", "$defs": chain})), None);
    }
}

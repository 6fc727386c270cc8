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
        known: HashMap::new(),
        weight: Weight::default(),
    };
    scale.part(schema, 0)?;
    Some(scale.weight)
}

struct Scale<'a> {
    root: &'a Value,
    /// What each part weighs, by its address; `None` while it is being weighed.
    known: HashMap<*const Value, Option<usize>>,
    weight: Weight,
}

impl<'a> Scale<'a> {
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
        let pointer = reference
            .as_str()
            .and_then(|text| text.strip_prefix('#'))
            .and_then(|pointer| self.root.pointer(pointer));
        if let Some(target) = pointer {
            return self.part(target, depth + 1);
        }
        // A name given by `$anchor` or `$id`; where it leads is not followed, so the worst is assumed.
        self.weight.is_recursive = true;
        Some(1)
    }
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

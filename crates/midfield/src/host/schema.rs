//! Whether a value fits a schema that a server gave, such as the arguments of a tool its input schema.
//!
//! A server's schema may be made to keep whoever checks by it busy for ever
//! ([composition-keyword resource use](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#composition-keyword-resource-use)):
//! it is weighed first.

use jsonschema::PatternOptions;
use serde_json::Value;

use crate::server::{is_small, measured};

/// Why a value does not fit a schema. It may quote both: neither is safe to show as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// Where in the value, as a JSON pointer; empty for all of it.
    pub place: String,
    /// What is wrong there.
    pub told: String,
}

/// Why `value` does not fit `schema`, formats included. A schema that is none, or whose check might not end, is left to the server:
/// nothing is wrong then.
pub fn misfit(schema: &Value, value: &Value) -> Option<Misfit> {
    let is_recursive = measured(schema).ok()?;
    // A server's patterns are matched in linear time, or not at all.
    let validator = jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .ok()?;
    // This keeps in mind what it has found out; the search for places does not.
    if validator.is_valid(value) {
        return None;
    }
    if is_recursive && !is_small(value) {
        return Some(Misfit {
            place: String::new(),
            told: "it does not fit the schema, and nests too deeply to say where".to_owned(),
        });
    }
    let error = validator.iter_errors(value).next()?;
    Some(Misfit {
        place: error.instance_path().to_string(),
        told: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let schema = json!({"properties": {"a": {"type": "integer", "maximum": 3}}});
        assert_eq!(misfit(&schema, &json!({"a": 3})), None);
        let told = misfit(&schema, &json!({"a": 4})).expect("a misfit");
        assert_eq!(told.place, "/a");
        assert!(told.told.contains("maximum"), "{told:?}");
        assert_eq!(misfit(&json!({"type": 5}), &json!(1)), None);
    }

    #[test]
    fn a_ladder_of_references_is_left_to_the_server() {
        for by_name in [false, true] {
            let mut steps = Map::new();
            let target = |step: usize| {
                if by_name {
                    format!("#step{step}")
                } else {
                    format!("#/$defs/{step}")
                }
            };
            for step in 0..40 {
                let next = json!({"$ref": target(step + 1)});
                let both = json!({"$anchor": format!("step{step}"), "allOf": [next, next]});
                steps.insert(step.to_string(), both);
            }
            let end = json!({"$anchor": "step40", "type": "object"});
            steps.insert("40".to_owned(), end);
            let ladder = json!({"$defs": steps, "properties": {"a": {"$ref": target(0)}}});
            assert_eq!(misfit(&ladder, &json!({"a": {}})), None);
        }
    }
}

//! What was found against what a plan expects.

use anyhow::{Result, bail};
use serde_json::Value;

/// Numbers are compared by value: a plan writes `1` where a client may give `1.0`.
pub(crate) fn must_equal(found: &Value, expected: &Value, what: &str) -> Result<()> {
    if same(found, expected) {
        return Ok(());
    }
    bail!("{what} is {found}, not {expected}")
}

/// Every member of `expected` is in `found`, at every depth; `found` may hold more.
pub(crate) fn must_hold(found: &Value, expected: &Value, path: &str) -> Result<()> {
    let Value::Object(members) = expected else {
        return must_equal(found, expected, path);
    };
    if !found.is_object() {
        bail!("{path} is {found}, not an object");
    }
    for (key, value) in members {
        let part = found.get(key).unwrap_or(&Value::Null);
        must_hold(part, value, &format!("{path}.{key}"))?;
    }
    Ok(())
}

/// Whether `found` holds `expected`.
pub(crate) fn holds(found: &Value, expected: &Value) -> bool {
    must_hold(found, expected, "").is_ok()
}

/// Every part is in the text.
pub(crate) fn must_contain(text: &str, parts: &[String]) -> Result<()> {
    for part in parts {
        if !text.contains(part.as_str()) {
            let begin: String = text.chars().take(300).collect();
            bail!("the text does not contain {part:?}: {begin}");
        }
    }
    Ok(())
}

fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            found == expected || found.as_f64() == expected.as_f64()
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| same(found, expected))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && expected
                    .iter()
                    .all(|(key, value)| found.get(key).is_some_and(|part| same(part, value)))
        }
        _ => found == expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_may_hold_more_and_a_list_may_not() {
        assert!(holds(&json!({"a": 1.0, "b": 2}), &json!({"a": 1})));
        assert!(!holds(&json!({"a": [1, 2]}), &json!({"a": [1]})));
        assert!(!holds(&json!({"b": 2}), &json!({"a": 1})));
    }
}

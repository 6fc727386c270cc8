//! Whether a value fits a schema of a server.

use jsonschema::PatternOptions;
use serde_json::Value;

use super::text::line;

/// Why `value` does not fit `schema`. A schema that cannot be used is left to the server.
pub(in crate::cli) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    // A server's patterns are matched in linear time, or not at all.
    let validator = jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .ok()?;
    let error = validator.validate(value).err()?;
    let place = error.instance_path().to_string();
    let told = line(&error.to_string());
    Some(if place.is_empty() {
        told
    } else {
        format!("{}: {told}", line(&place))
    })
}

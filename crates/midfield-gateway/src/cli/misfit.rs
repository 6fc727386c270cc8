//! Whether a value fits a schema of a server.

use midfield::host::schema;
use serde_json::Value;

use super::text::line;

/// Why `value` does not fit `schema`. A schema that cannot be used is left to the server.
pub(in crate::cli) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let misfit = schema::misfit(schema, value)?;
    let told = line(&misfit.told);
    Some(if misfit.place.is_empty() {
        told
    } else {
        format!("{}: {told}", line(&misfit.place))
    })
}

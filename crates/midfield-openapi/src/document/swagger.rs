//! Swagger 2.0 as OpenAPI 3.0.
use super::Node;
use serde_json::Value;
pub(super) fn convert(root: Node<'_>, _warnings: &mut Vec<String>) -> Value {
    root.value().clone()
}

use rmcp as _; use axum as _;
fn main() {}

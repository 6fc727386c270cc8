//! Integration tests.

mod tool_macro;

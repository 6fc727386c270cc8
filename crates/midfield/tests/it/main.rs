//! Integration tests.

mod fixture;
mod harness;
mod http_bad_input;
mod http_batch;
mod http_head;
mod http_legacy;
mod http_limits;
mod http_modern;
mod http_streams;
mod messages;
mod schemas;
mod stdio;
mod tool_macro;
mod tools;

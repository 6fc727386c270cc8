//! Integration tests: the crate against the specification's examples and schemas, against its own frozen
//! messages, and against arbitrary input.

mod adapted;
mod examples;
mod frames;
mod headers;
mod memory;
mod messages;
mod nesting;
mod not_yet;
mod received;
mod rich;
mod schemas;
mod support;
mod written;

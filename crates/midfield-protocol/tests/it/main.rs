//! Integration tests: the crate against the specification's examples and schemas, against its own frozen
//! messages, and against arbitrary input.

mod adapted;
mod asked;
mod client;
mod examples;
mod frames;
mod headers;
mod memory;
mod messages;
mod nesting;
mod received;
mod refused;
mod rich;
mod schemas;
mod support;
mod tasks;
mod written;

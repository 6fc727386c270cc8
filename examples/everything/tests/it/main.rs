//! Integration tests.

mod stdio;
mod stop;

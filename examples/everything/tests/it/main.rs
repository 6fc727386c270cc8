//! Integration tests.

mod stdio;

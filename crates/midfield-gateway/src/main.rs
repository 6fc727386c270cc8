//! The `midfield` binary.

fn main() {}

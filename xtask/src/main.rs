//! `cargo xtask`: the commands of the project itself.

fn main() {}

//! The servers that the testers are let loose on.

/// A server of this repository that takes `--port N` and answers at `/mcp`, or `--stdio`.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name in the result and for `--target`.
    pub(super) name: &'static str,
    /// What to tell `cargo build`.
    pub(super) build: &'static [&'static str],
    /// The list methods that must give something.
    pub(super) lists: &'static [&'static str],
    /// Tools that can be called without a partner at the other end, with their arguments as JSON; the first one bears
    /// the load.
    pub(super) calls: &'static [(&'static str, &'static str)],
    /// Tools that may take longer than a checker waits: they close their stream while they work, and go on when the client comes
    /// back, or take as long as their arguments say.
    pub(super) lets_go: &'static [&'static str],
}

/// A new server needs an entry here, and nothing else.
pub(super) const TARGETS: &[Target] = &[EVERYTHING, CONFORMANCE];

/// The lists that a server has which has everything.
const LISTS: &[&str] = &[
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
];

const EVERYTHING: Target = Target {
    name: "everything",
    build: &["--package", "everything"],
    lists: LISTS,
    calls: &[
        ("weigh", r#"{"grams":1}"#),
        ("note", r#"{"title":"a","text":"b"}"#),
    ],
    lets_go: &["chart"],
};

const CONFORMANCE: Target = Target {
    name: "conformance",
    build: &["--package", "midfield", "--example", "conformance"],
    lists: LISTS,
    calls: &[
        ("test_simple_text", "{}"),
        ("test_multiple_content_types", "{}"),
    ],
    lets_go: &["test_reconnection", "slow_compute"],
};

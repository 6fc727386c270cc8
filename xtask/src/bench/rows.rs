//! What is measured: the rows of the tables, and how each server is asked to do them.

/// One row of a table.
#[derive(Debug)]
pub(super) struct Row {
    /// A short name for `--only` and for what is printed on the way.
    pub(super) key: &'static str,
    /// What the table says.
    pub(super) title: &'static str,
    /// How it is measured.
    pub(super) kind: Kind,
}

/// A way of measuring.
#[derive(Debug)]
pub(super) enum Kind {
    /// Requests per second over HTTP.
    Http(Http),
    /// Requests per second over stdio, with so many in flight.
    Stdio { window: &'static str },
    /// Tasks per second over HTTP: made, looked at, completed. Kept in a file, or in memory.
    Tasks {
        clients: &'static str,
        in_file: bool,
    },
    /// From the process's start to the first answer over stdio, and the memory that it then occupies.
    Start,
    /// Instructions in user space for each request, which do not depend on the machine's load.
    Instructions(Http),
}

/// Flags for a server and for the load generator.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) server: &'static [&'static str],
    pub(super) load: &'static [&'static str],
}

impl Row {
    /// Whether it is counted under valgrind.
    pub(super) fn needs_valgrind(&self) -> bool {
        matches!(self.kind, Kind::Instructions(_))
    }

    /// Whether the bare server can do it, which has no tasks.
    pub(super) fn has_limit(&self) -> bool {
        !matches!(self.kind, Kind::Tasks { .. })
    }

    /// Whether its figure is requests per second.
    pub(super) fn is_rate(&self) -> bool {
        matches!(self.kind, Kind::Http(_) | Kind::Stdio { .. })
    }
}

/// All keys, for an error message.
pub(super) fn keys() -> String {
    ROWS.iter()
        .map(|row| row.key)
        .collect::<Vec<_>>()
        .join(", ")
}

const MODERN_JSON: &[&str] = &["--mode", "modern", "--resp", "json"];
const SESSION_SSE: &[&str] = &["--mode", "stateful", "--resp", "sse"];
const STATELESS_JSON: &[&str] = &["--mode", "stateless", "--resp", "json"];

/// All rows, in the order of the tables.
pub(super) const ROWS: &[Row] = &[
    Row {
        key: "call-2026",
        title: "`tools/call`, 2026-07-28, JSON",
        kind: Kind::Http(Http {
            server: MODERN_JSON,
            load: &["--revision", "2026-07-28", "--work", "call"],
        }),
    },
    Row {
        key: "call-2025-session",
        title: "`tools/call`, 2025-11-25 session, SSE",
        kind: Kind::Http(Http {
            server: SESSION_SSE,
            load: &["--session", "--work", "call"],
        }),
    },
    Row {
        key: "call-2025-stateless",
        title: "`tools/call`, 2025-11-25 stateless, JSON",
        kind: Kind::Http(Http {
            server: STATELESS_JSON,
            load: &["--work", "call"],
        }),
    },
    Row {
        key: "list-2026",
        title: "`tools/list` of 50 tools, 2026-07-28",
        kind: Kind::Http(Http {
            server: MODERN_JSON,
            load: &["--revision", "2026-07-28", "--work", "list"],
        }),
    },
    Row {
        key: "read-2026",
        title: "`resources/read`, 2026-07-28",
        kind: Kind::Http(Http {
            server: MODERN_JSON,
            load: &["--revision", "2026-07-28", "--work", "read"],
        }),
    },
    Row {
        key: "progress",
        title: "1,000 progress notifications in a call, SSE",
        kind: Kind::Http(Http {
            server: SESSION_SSE,
            load: &[
                "--session",
                "--work",
                "progress",
                "--connections",
                "4",
                "--notifications",
                "1000",
            ],
        }),
    },
    Row {
        key: "cold-2025",
        title: "cold: connect, initialize, one call (2025)",
        kind: Kind::Http(Http {
            server: SESSION_SSE,
            load: &["--session", "--work", "cold"],
        }),
    },
    Row {
        key: "cold-2026",
        title: "cold: connect, discover, one call (2026)",
        kind: Kind::Http(Http {
            server: MODERN_JSON,
            load: &["--revision", "2026-07-28", "--work", "cold"],
        }),
    },
    Row {
        key: "stdio-1",
        title: "stdio, one call at a time",
        kind: Kind::Stdio { window: "1" },
    },
    Row {
        key: "stdio-32",
        title: "stdio, 32 calls in flight",
        kind: Kind::Stdio { window: "32" },
    },
    Row {
        key: "tasks-memory-1",
        title: "tasks per second, one client, kept in memory",
        kind: Kind::Tasks {
            clients: "1",
            in_file: false,
        },
    },
    Row {
        key: "tasks-memory-16",
        title: "tasks per second, 16 clients, kept in memory",
        kind: Kind::Tasks {
            clients: "16",
            in_file: false,
        },
    },
    Row {
        key: "tasks-file-1",
        title: "tasks per second, one client, kept in a file (rmcp: in memory)",
        kind: Kind::Tasks {
            clients: "1",
            in_file: true,
        },
    },
    Row {
        key: "tasks-file-16",
        title: "tasks per second, 16 clients, kept in a file (rmcp: in memory)",
        kind: Kind::Tasks {
            clients: "16",
            in_file: true,
        },
    },
    Row {
        key: "tasks-file-64",
        title: "tasks per second, 64 clients, kept in a file (rmcp: in memory)",
        kind: Kind::Tasks {
            clients: "64",
            in_file: true,
        },
    },
    Row {
        key: "start",
        title: "spawn to first answer, stdio, ms",
        kind: Kind::Start,
    },
    Row {
        key: "instructions-call-2026",
        title: "user-space instructions per `tools/call` (2026 JSON)",
        kind: Kind::Instructions(Http {
            server: MODERN_JSON,
            load: &["--revision", "2026-07-28", "--work", "call"],
        }),
    },
];

//! Regular expressions of documents: kept when a validator can compile them, else dropped.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Remembers which patterns of a document compile, since the same ones come again and again.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: Mutex<HashMap<String, bool>>,
}

impl Patterns {
    /// Whether a validator of JSON Schema can use this pattern, in linear time and little memory.
    pub(crate) fn compiles(&self, pattern: &str) -> bool {
        if pattern.len() > MAX_LENGTH {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiles) = known.get(pattern) {
            return *compiles;
        }
        if known.len() >= MAX_PATTERNS {
            return false;
        }
        let compiles = compiles(pattern);
        known.insert(pattern.to_owned(), compiles);
        compiles
    }
}

fn compiles(pattern: &str) -> bool {
    // Intersection, difference and nested classes mean something else in ECMAScript.
    let other_meaning = ["&&", "--", "~~", "[[", "(?x", "(?#"];
    if other_meaning.iter().any(|text| pattern.contains(text)) {
        return false;
    }
    regex::RegexBuilder::new(pattern)
        .size_limit(MAX_PROGRAM)
        .nest_limit(MAX_NESTING)
        .build()
        .is_ok()
}

/// Different patterns of a document that are tried; compiling takes its time.
const MAX_PATTERNS: usize = 5_000;

/// Longest pattern in bytes.
const MAX_LENGTH: usize = 4_096;

/// Bytes of a compiled pattern.
const MAX_PROGRAM: usize = 1 << 20;

/// Levels of groups.
const MAX_NESTING: u32 = 50;

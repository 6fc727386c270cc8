//! Names of tools: readable, unique, and the same whatever the order of the document.
//!
//! The rule, in this order:
//! 1. the `operationId`, with each run of characters other than `A-Z a-z 0-9 _ -` as one `_`;
//! 2. without an `operationId`, or when two operations would have the same name: the method and
//!    the path (`get_pets_petId`), for all of them;
//! 3. when that is still the same, or longer than 64 characters: with six hexadecimal digits of a
//!    hash of method and path behind it.

use std::collections::HashMap;

use crate::document::Entry;

/// The names of `entries`, in their order.
pub(crate) fn names(entries: &[Entry<'_>]) -> Vec<String> {
    let mut names: Vec<String> = entries.iter().map(preferred).collect();
    for next in [by_path, by_hash, by_long_hash] {
        let mut count: HashMap<String, usize> = HashMap::new();
        for name in &names {
            *count.entry(name.clone()).or_default() += 1;
        }
        if count.len() == names.len() {
            return names;
        }
        for (name, entry) in names.iter_mut().zip(entries) {
            if count.get(name.as_str()).is_some_and(|count| *count > 1) {
                *name = next(entry);
            }
        }
    }
    number_the_rest(&mut names);
    names
}

/// Two entries with the same method, path and hash cannot be told apart but by their order.
fn number_the_rest(names: &mut [String]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for name in names {
        while seen.contains_key(name.as_str()) {
            let number = seen.entry(name.clone()).or_insert(1);
            *number += 1;
            *name = with_suffix(name, &number.to_string());
        }
        seen.insert(name.clone(), 1);
    }
}

fn preferred(entry: &Entry<'_>) -> String {
    let cleaned = clean(entry.operation_id.unwrap_or_default());
    if cleaned.is_empty() {
        by_path(entry)
    } else {
        fit(cleaned, entry)
    }
}

fn by_path(entry: &Entry<'_>) -> String {
    fit(
        clean(&format!("{}_{}", entry.method.key(), entry.path)),
        entry,
    )
}

fn by_hash(entry: &Entry<'_>) -> String {
    let hash = hash(entry) & 0x00ff_ffff;
    with_suffix(&by_path(entry), &format!("{hash:06x}"))
}

fn by_long_hash(entry: &Entry<'_>) -> String {
    with_suffix(&by_path(entry), &format!("{:016x}", hash(entry)))
}

/// Each run of other characters as one `_`, none at the ends.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || character == '-' || character == '_' {
            cleaned.push(character);
        } else if !cleaned.ends_with('_') {
            cleaned.push('_');
        }
    }
    cleaned.trim_matches('_').to_owned()
}

/// A name that is too long is cut, and its hash keeps it apart from others that begin alike.
fn fit(name: String, entry: &Entry<'_>) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let hash = hash(entry) & 0x00ff_ffff;
    with_suffix(&name, &format!("{hash:06x}"))
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let room = MAX_NAME.saturating_sub(suffix.len() + 1);
    // Names are ASCII by now, so that every index is a boundary; `get` states it without a panic.
    let kept = name.get(..room.min(name.len())).unwrap_or_default();
    format!("{}_{suffix}", kept.trim_end_matches('_'))
}

/// FNV-1a: stable for ever, unlike the hashes of the standard library.
fn hash(entry: &Entry<'_>) -> u64 {
    let bytes = entry
        .method
        .key()
        .bytes()
        .chain([b' '])
        .chain(entry.path.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What MCP clients accept as the length of a tool's name.
const MAX_NAME: usize = 64;

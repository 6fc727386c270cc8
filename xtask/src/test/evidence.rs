//! Pages of `docs/` name the test that shows each claim; this checks that the test is there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::root;

/// The pages.
const PAGES: [&str; 2] = ["docs/revisions.md", "docs/hardening.md"];

/// Where tests are whose names begin with this; without any of these, they are the `midfield` crate's.
const CRATES: [(&str, &str); 6] = [
    ("protocol", "crates/midfield-protocol/tests/it"),
    ("durable", "crates/midfield-durable/tests/it"),
    ("gateway", "crates/midfield-gateway/tests/it"),
    ("openapi", "crates/midfield-openapi/tests/it"),
    ("everything", "examples/everything/tests/it"),
    ("", "crates/midfield/tests/it"),
];

/// Checks every test that the pages name.
pub(super) fn check() -> Result<()> {
    PAGES.into_iter().try_for_each(check_page)
}

fn check_page(page: &str) -> Result<()> {
    let path = root().join(page);
    let text =
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let names = names(&text);
    let missing: Vec<&str> = names.iter().copied().filter(|name| !exists(name)).collect();
    if missing.is_empty() {
        println!(
            "{page} names {} tests, and all of them are there",
            names.len()
        );
        return Ok(());
    }
    bail!(
        "{page} names tests that are not there:\n  {}",
        missing.join("\n  ")
    )
}

/// The names between backticks that are paths of modules.
fn names(text: &str) -> Vec<&str> {
    let is_path = |word: &str| {
        word.contains("::")
            && word.split("::").all(|part| {
                !part.is_empty()
                    && part.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
                    })
            })
    };
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| is_path(word))
        .collect()
}

/// Whether there is a test, or a module of tests, of this name.
fn exists(name: &str) -> bool {
    let mut parts: Vec<&str> = name.split("::").collect();
    let crates = CRATES
        .iter()
        .find(|(prefix, _)| parts.first() == Some(prefix));
    let folder = match crates {
        Some((_, folder)) => {
            parts.remove(0);
            *folder
        }
        None => CRATES[CRATES.len() - 1].1,
    };
    let Some((test, modules)) = parts.split_last() else {
        return false;
    };
    let module = modules
        .iter()
        .fold(root().join(folder), |path, part| path.join(part));
    let holds = |file: PathBuf| {
        fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {test}(")))
    };
    holds(module.with_extension("rs"))
        || holds(module.join("mod.rs"))
        || is_module(&module.join(test))
}

fn is_module(path: &Path) -> bool {
    path.is_dir() || path.with_extension("rs").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_between_backticks_are_names() {
        let text = "`http_legacy::a_test` and `Server::new`, http::b, `protocol::received`, `x.rs`";
        assert_eq!(names(text), ["http_legacy::a_test", "protocol::received"]);
    }

    #[test]
    fn a_test_exists_where_its_name_says() {
        assert!(exists(
            "keys::the_first_start_makes_the_ring_and_every_later_one_reads_it"
        ));
        assert!(exists("protocol::received"));
        assert!(!exists("keys::nobody_wrote_this"));
        assert!(!exists("nowhere::a_test"));
    }
}

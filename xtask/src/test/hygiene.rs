//! What no tracked file may hold: traces of the machine that it was written on, addresses of package registries,
//! doctests that are not run, and more lines than anybody reads.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::root;

/// The most lines of a file that people write.
const MOST_LINES: usize = 1_000;

/// The files that people write, by their ending. Lock files, schemas and test data may be as long as they are.
const WRITTEN: [&str; 7] = ["rs", "mjs", "js", "py", "sh", "md", "toml"];

/// Hosts that serve packages, in parts, so that this file does not hold them itself. Which registry a machine fetches
/// from is its own affair.
const REGISTRIES: [&[&str]; 5] = [
    &["registry.", "npmjs.org"],
    &["registry.", "yarnpkg.com"],
    &["files.", "pythonhosted.org"],
    &["index.", "crates.io"],
    &["static.", "crates.io"],
];

/// Checks every tracked file.
pub(super) fn check() -> Result<()> {
    let mut git = std::process::Command::new("git");
    git.args(["ls-files", "-z"]).current_dir(root());
    let files = process::output_of(&mut git, Duration::from_mins(1))?;
    let forbidden = forbidden();
    let mut complaints = Vec::new();
    let mut count = 0;
    for file in files.split_terminator('\0') {
        let path = root().join(file);
        // A link, or a file that a working tree has lost: neither has a text of its own.
        if !path.is_file() || path.is_symlink() {
            continue;
        }
        count += 1;
        let bytes =
            std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            complaints.extend(look_at(file, text, &forbidden));
        }
    }
    if complaints.is_empty() {
        println!("{count} tracked files: nothing to complain of");
        return Ok(());
    }
    bail!(
        "{} complaints about tracked files:\n  {}",
        complaints.len(),
        complaints.join("\n  ")
    )
}

/// What no file may mention: the registries, and where this repository and its owner live on this machine.
fn forbidden() -> Vec<String> {
    let mut words: Vec<String> = REGISTRIES.iter().map(|parts| parts.concat()).collect();
    let home = std::env::var("HOME").unwrap_or_default();
    for folder in [root().display().to_string(), home] {
        // Only a folder with a name of its own says something about the machine.
        if folder.trim_matches('/').len() > 1 {
            words.push(format!("{}/", folder.trim_end_matches('/')));
        }
    }
    words
}

fn look_at(file: &str, text: &str, forbidden: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", number + 1);
        if let Some(word) = forbidden.iter().find(|word| mentions(line, word)) {
            complaints.push(format!("{place} mentions {word}"));
        }
        if is_ignored_doctest(line) {
            complaints.push(format!(
                "{place} has a doctest that is never compiled: use no_run or compile_fail"
            ));
        }
    }
    let lines = text.lines().count();
    let ending = Path::new(file)
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if WRITTEN.contains(&ending) && lines > MOST_LINES {
        complaints.push(format!(
            "{file} has {lines} lines: cut it where it has parts"
        ));
    }
    complaints
}

/// Whether a line holds `word` where a host or a path can begin, so that `/home/` is not found in `/my/home/`.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| {
            !before.is_alphanumeric() && !matches!(before, '.' | '_' | '-' | '~')
        })
    })
}

/// Whether a line opens a code block of Rust that rustdoc leaves out.
fn is_ignored_doctest(line: &str) -> bool {
    let line = line
        .trim_start()
        .trim_start_matches(['/', '!'])
        .trim_start();
    let fence = line
        .strip_prefix("```")
        .or_else(|| line.strip_prefix("~~~"));
    fence.is_some_and(|attributes| {
        attributes.split(',').any(|attribute| {
            attribute.trim() == "ignore" || attribute.trim().starts_with("ignore-")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_only_where_a_path_can_begin() {
        assert!(mentions("see /home/x/readme", "/home/x/"));
        assert!(mentions("(\"/home/x/readme\")", "/home/x/"));
        assert!(!mentions("see /my/home/x/readme", "/home/x/"));
        assert!(!mentions("file:///test/home/x/a", "/home/x/"));
    }

    #[test]
    fn a_registry_is_found_in_an_address() {
        assert!(mentions("https://packages.example/x", "packages.example"));
        assert!(!mentions(
            "https://my-packages.example/x",
            "packages.example"
        ));
    }

    #[test]
    fn only_code_that_rustdoc_leaves_out_is_complained_of() {
        let fence = "```";
        assert!(is_ignored_doctest(&format!("/// {fence}ignore")));
        assert!(is_ignored_doctest(&format!("    //! {fence}rust,ignore")));
        assert!(!is_ignored_doctest(&format!("/// {fence}no_run")));
        assert!(!is_ignored_doctest("/// the word ignore"));
    }

    #[test]
    fn long_files_are_complained_of_when_people_write_them() {
        let long = "\n".repeat(MOST_LINES + 1);
        assert_eq!(look_at("a/long.rs", &long, &[]).len(), 1);
        assert_eq!(look_at("a/data.json", &long, &[]).len(), 0);
    }
}

//! How a server is shown before it is used: the whole command, or the URL
//! ([SEP-1024](https://modelcontextprotocol.io/seps/1024-mcp-client-security-requirements-for-local-server-)).
//!
//! Values of variables and headers are left out, since they may be secrets, but for variables that change what a program loads.

use std::fmt::Write as _;
use std::path::Path;

use midfield::client::config::{Entry, Process, Transport, Unusual};
use serde::Serialize;

use super::text::line;
use crate::source::clean;

/// A server for programs.
#[derive(Debug, Default, Serialize)]
pub(super) struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// The names of the variables that are set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environment: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// The names of the headers that are sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        match entry {
            Entry::Command(command) => {
                let arguments = command.arguments.iter().map(String::as_str);
                Self {
                    command: Some(
                        std::iter::once(command.program.as_str())
                            .chain(arguments)
                            .collect(),
                    ),
                    folder: command
                        .folder
                        .as_ref()
                        .map(|folder| folder.display().to_string()),
                    environment: command.environment.names().collect(),
                    ..Self::default()
                }
            }
            Entry::Url(endpoint) => Self {
                url: Some(&endpoint.url),
                headers: endpoint.headers.names().collect(),
                transport: endpoint.transport.map(Transport::word),
                ..Self::default()
            },
            // An entry of a kind that is not known here has nothing to show.
            _ => Self::default(),
        }
    }
}

/// A server for people, in lines that begin with `indent`; last what is unusual about it.
pub(super) fn lines(entry: &Entry, unusual: &[String], indent: &str) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{indent}{name:<8} {value}");
        }
    };
    match entry {
        Entry::Command(command) => {
            row("starts", &command_line(command));
            let folder = command.folder.as_deref().map(path);
            row("in", folder.as_deref().unwrap_or_default());
            row("with", &variables(entry, command));
        }
        Entry::Url(endpoint) => {
            let transport = endpoint.transport.map_or("", Transport::word);
            row("calls", &visible(&endpoint.url));
            row("over", transport);
            let names: Vec<String> = endpoint.headers.names().map(line).collect();
            row("headers", &names.join(", "));
        }
        _ => {}
    }
    for told in unusual {
        row("unusual", &line(told));
    }
    text
}

/// What is unusual about a server, in words.
pub(super) fn unusual(entry: &Entry) -> Vec<String> {
    entry.unusual().iter().map(ToString::to_string).collect()
}

fn variables(entry: &Entry, process: &Process) -> String {
    let changing = entry.unusual();
    let is_changing = |name: &str| {
        let mut changing = changing.iter();
        changing.any(|it| matches!(it, Unusual::ChangesProgram { variable } if variable == name))
    };
    let told = process.environment.iter().map(|(name, value)| {
        if is_changing(name) {
            format!("{}={}", quoted(name), quoted(value))
        } else {
            quoted(name)
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A command as it would be typed, all of it.
pub(super) fn command_line(process: &Process) -> String {
    let words = std::iter::once(&process.program).chain(&process.arguments);
    words.map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A path as a shell takes it.
pub(super) fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A word as a shell takes it. What a reader would not see is written by its number: it must neither hide nor be left out.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_@%+=:,./-".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let shown = visible(word);
    if shown == word {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    format!(
        "$'{}'",
        visible(&word.replace('\\', r"\\").replace('\'', r"\'"))
    )
}

/// A text in which each character that a reader does not see, or a terminal obeys, is written by its number.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let mut buffer = [0; 4];
        let is_line = matches!(character, '\n' | '\t');
        if is_line || clean(character.encode_utf8(&mut buffer)).is_empty() {
            let _ = write!(shown, "\\U{:08x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use midfield::client::config::Endpoint;

    use super::*;

    #[test]
    fn a_command_is_shown_whole_and_hides_nothing() {
        let long = "x".repeat(5_000);
        let process = Process::new("npx", ["-y", "a b", "it's", "", "a\u{202e}b\n'\\", &long]);
        let expected = format!(r"npx -y 'a b' 'it'\''s' '' $'a\U0000202eb\U0000000a\'\\' {long}");
        assert_eq!(command_line(&process), expected);
    }

    #[test]
    fn values_are_left_out_unless_they_change_the_program() {
        let mut process = Process::new("x", [""; 0]);
        process.environment.set("KEY", "canary");
        process.environment.set("LD_PRELOAD", "evil.so");
        let entry = Entry::Command(process);
        assert_eq!(
            lines(&entry, &[], "  "),
            "  starts   x\n  with     KEY, LD_PRELOAD=evil.so\n"
        );
        let mut endpoint = Endpoint::new("https://a.example/mcp");
        endpoint.headers.set("X-Key", "canary");
        let entry = Entry::Url(endpoint);
        assert_eq!(
            lines(&entry, &[], ""),
            "calls    https://a.example/mcp\nheaders  X-Key\n"
        );
        assert!(
            !serde_json::to_string(&Shown::new(&entry))
                .unwrap()
                .contains("canary")
        );
    }
}

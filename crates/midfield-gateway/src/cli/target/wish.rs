//! What a file wants that somebody has to agree to: to start a command, or to be sent what is the user's.
//!
//! Each is remembered by a digest of all that decides what it does; what changes is asked anew. No value is shown.

use std::fmt::Write as _;
use std::path::Path;

use midfield::client::config::{Endpoint, Entry, Process};
use sha2::{Digest as _, Sha256};

use super::configuration::Served;
use super::{Around, Origin, Resolved};
use crate::cli::entry;
use crate::cli::text::line;

/// Something that needs consent.
pub(super) struct Wish {
    /// All that decides what it does, in one number.
    pub(super) digest: String,
    /// What is told where it was agreed to before.
    pub(super) known: String,
    /// All of it, as it is shown before somebody agrees.
    pub(super) shown: String,
    /// What is done when somebody agrees.
    pub(super) act: Act,
}

/// What is done when somebody agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Start,
    Send,
}

impl Resolved {
    /// What needs consent before this server is used, to which the command line sends `given`.
    pub(super) fn wish(&self, around: &Around, given: &[String]) -> Option<Wish> {
        match (&self.entry, &self.origin) {
            (_, Origin::Configuration(served)) => served.wish(&self.name),
            (Entry::Command(command), Origin::Foreign(path)) => {
                Some(self.start(command, path, &around.folder))
            }
            (Entry::Url(_), Origin::Foreign(path)) => self.send(path, given),
            _ => None,
        }
    }

    fn start(&self, command: &Process, path: &Path, folder: &Path) -> Wish {
        let path = entry::path(path);
        let folder = command.folder.as_deref().unwrap_or(folder);
        Wish {
            digest: of_process(command, folder),
            known: format!("starts {} (of {path})", entry::command_line(command)),
            shown: format!(
                "`{}`, of {path}, starts a command on this machine:\n\n{}\nIt runs with all your rights, in {}, and may do harm: {AGREE}\n",
                line(&self.name),
                entry::lines(&self.entry, &entry::unusual(&self.entry), "  "),
                entry::path(folder),
            ),
            act: Act::Start,
        }
    }

    /// A URL of a file needs consent only where it gets what the file itself does not hold.
    fn send(&self, path: &Path, given: &[String]) -> Option<Wish> {
        let taken = self.variables.iter();
        let mut sent: Vec<String> = taken.map(|name| format!("the variable `{name}`")).collect();
        sent.extend_from_slice(given);
        let Entry::Url(written) = &self.shown else {
            return None;
        };
        if sent.is_empty() {
            return None;
        }
        let path = entry::path(path);
        let told = sent.join(", ");
        let url = entry::visible(&written.url);
        Some(Wish {
            digest: of_endpoint(written, &sent),
            known: format!("sends {told} to {url} (of {path})"),
            shown: format!(
                "`{}`, of {path}, gets to know what is yours:\n\n{}  gets     {told}\n\nWhoever answers there may use it: {AGREE}\n",
                line(&self.name),
                entry::lines(&self.shown, &entry::unusual(&self.shown), "  "),
            ),
            act: Act::Send,
        })
    }
}

impl Served {
    fn wish(&self, name: &str) -> Option<Wish> {
        if !self.needs_consent {
            return None;
        }
        let path = entry::path(&self.path);
        let mut rows = String::new();
        for (does, what) in &self.does {
            let _ = writeln!(rows, "  {does:<8} {what}");
        }
        let mut digest = Digest::new(b"midfield approval of a configuration 1");
        digest.put(self.path.as_os_str().as_encoded_bytes());
        digest.put(self.text.as_bytes());
        Some(Wish {
            digest: digest.finish(),
            known: format!("serves the configuration {path}"),
            shown: format!(
                "`{}` is the configuration {path}, which midfield serves on this machine:\n\n{rows}\nIt does so with all your rights, and may do harm: {AGREE}\n",
                line(name),
            ),
            act: Act::Start,
        })
    }
}

/// All that decides what a command does.
fn of_process(process: &Process, folder: &Path) -> String {
    let mut variables: Vec<(&str, &str)> = process.environment.iter().collect();
    variables.sort_unstable();
    let mut digest = Digest::new(b"midfield approval 1");
    digest.put(folder.as_os_str().as_encoded_bytes());
    digest.put(process.program.as_bytes());
    digest.put(&process.arguments.len().to_be_bytes());
    for argument in &process.arguments {
        digest.put(argument.as_bytes());
    }
    for (name, value) in variables {
        digest.put(name.as_bytes());
        digest.put(value.as_bytes());
    }
    digest.finish()
}

/// All that decides what a URL gets, as it is written: a variable may have another value tomorrow.
fn of_endpoint(written: &Endpoint, sent: &[String]) -> String {
    let mut digest = Digest::new(b"midfield approval of a url 1");
    digest.put(written.url.as_bytes());
    digest.put(
        written
            .transport
            .map_or("", |transport| transport.word())
            .as_bytes(),
    );
    digest.put(&sent.len().to_be_bytes());
    for what in sent {
        digest.put(what.as_bytes());
    }
    for (name, value) in written.headers.iter() {
        digest.put(name.as_bytes());
        digest.put(value.as_bytes());
    }
    digest.finish()
}

/// A digest of parts, each with its length, so that nothing can move from one part to the next.
struct Digest(Sha256);

impl Digest {
    fn new(kind: &[u8]) -> Self {
        let mut digest = Self(Sha256::new());
        digest.put(kind);
        digest
    }

    fn put(&mut self, part: &[u8]) {
        self.0.update(part.len().to_be_bytes());
        self.0.update(part);
    }

    fn finish(self) -> String {
        let mut text = String::new();
        for byte in self.0.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

const AGREE: &str = "agree only if you know where it comes from.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_what_runs_changes_the_digest() {
        let of = |words: &[&str], variable: &str, folder: &str| {
            let mut process = Process::new(words[0], words[1..].to_vec());
            process.environment.set("A", variable);
            of_process(&process, Path::new(folder))
        };
        let first = of(&["x", "a", "b"], "v", "/p");
        assert_eq!(first, of(&["x", "a", "b"], "v", "/p"));
        for other in [
            of(&["x", "ab"], "v", "/p"),
            of(&["x", "a", "b", "c"], "v", "/p"),
            of(&["y", "a", "b"], "v", "/p"),
            of(&["x", "a", "b"], "w", "/p"),
            of(&["x", "a", "b"], "v", "/q"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn whatever_changes_what_a_url_gets_changes_the_digest() {
        let of = |url: &str, header: &str, sent: &[&str]| {
            let mut endpoint = Endpoint::new(url);
            endpoint.headers.set("A", header);
            let sent: Vec<String> = sent.iter().map(ToString::to_string).collect();
            of_endpoint(&endpoint, &sent)
        };
        let first = of("https://a.example", "${K}", &["k"]);
        assert_eq!(first, of("https://a.example", "${K}", &["k"]));
        for other in [
            of("https://b.example", "${K}", &["k"]),
            of("https://a.example", "x ${K}", &["k"]),
            of("https://a.example", "${K}", &["k", "token"]),
        ] {
            assert_ne!(first, other);
        }
    }
}

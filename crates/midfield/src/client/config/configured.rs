//! A server as its file has it, and what it becomes where its variables are known.

use std::path::{Path, PathBuf};

use super::expand::{Scope, expand};
use super::{Dialect, Endpoint, Entry, Process};

/// A server as a file has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Configured {
    /// Its name in the file.
    pub name: String,
    /// The folder that it is for, where a file has servers for several.
    pub project: Option<PathBuf>,
    /// The host does not use it.
    pub is_disabled: bool,
    /// What the file says and nobody here follows, in words.
    pub notes: Vec<String>,
    pub(super) written: Result<Entry, String>,
    pub(super) borrowed: Vec<Borrowed>,
    pub(super) dialect: Dialect,
    pub(super) workspace: Option<PathBuf>,
}

/// A variable or a header whose value a member of its own takes from the environment.
#[derive(Clone, Debug)]
pub(super) struct Borrowed {
    /// The variable or the header.
    pub(super) name: String,
    /// What stands before the value, such as `Bearer `.
    pub(super) before: &'static str,
    /// The environment variable.
    pub(super) variable: String,
    /// It is left out where the variable is not set.
    pub(super) is_optional: bool,
}

/// Why a server cannot be used from here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server `{name}` cannot be used: {}", told(reasons))]
#[non_exhaustive]
pub struct Unresolved {
    /// The server's name.
    pub name: String,
    /// All that is wrong with it.
    pub reasons: Vec<Reason>,
}

/// One thing that keeps a server from being used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A variable is not set and has no default.
    #[error("`{member}` needs the environment variable `{variable}`, which is not set")]
    Unset {
        /// Where it stands, such as `headers.Authorization`.
        member: String,
        /// The variable.
        variable: String,
    },
    /// The host asks its user for a value.
    #[error("`{member}` needs `${{input:{input}}}`, which the host asks its user for")]
    Asked {
        /// Where it stands.
        member: String,
        /// The id of what is asked.
        input: String,
    },
    /// A value is known to the host alone.
    #[error("`{member}` needs `{reference}`, which only the host knows")]
    HostOnly {
        /// Where it stands.
        member: String,
        /// What stands there.
        reference: String,
    },
    /// What is written is neither a command nor a URL.
    #[error("{0}")]
    Unusable(String),
}

fn told(reasons: &[Reason]) -> String {
    let told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    told.join("; ")
}

impl Configured {
    /// The server as it is written, with its variables as such. What is no entry is told in words.
    ///
    /// # Errors
    /// With what is wrong, where it is neither a command nor a URL.
    pub fn written(&self) -> Result<Entry, Reason> {
        let mut entry = self.written.clone().map_err(Reason::Unusable)?;
        self.lend(&mut entry, |borrowed| {
            Some(format!("{}${{{}}}", borrowed.before, borrowed.variable))
        });
        Ok(entry)
    }

    /// The folder that a relative [`Process::folder`] is about: of the project that the server is for, else of the file's own.
    /// `None` for a text that was no file.
    pub fn base(&self) -> Option<&Path> {
        self.project.as_deref().or(self.workspace.as_deref())
    }

    /// The server with its variables filled in by `lookup`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// With all that is missing.
    pub fn resolve(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Entry, Unresolved> {
        let mut reasons = Vec::new();
        let entry = match &self.written {
            Ok(entry) => Some(self.fill_in(entry, lookup, &mut reasons)),
            Err(told) => {
                reasons.push(Reason::Unusable(told.clone()));
                None
            }
        };
        match entry {
            Some(entry) if reasons.is_empty() => Ok(entry),
            _ => Err(Unresolved {
                name: self.name.clone(),
                reasons,
            }),
        }
    }

    fn fill_in(
        &self,
        entry: &Entry,
        lookup: &dyn Fn(&str) -> Option<String>,
        reasons: &mut Vec<Reason>,
    ) -> Entry {
        let scope = Scope {
            dialect: self.dialect,
            workspace: self.workspace.as_deref(),
            lookup,
        };
        let mut fill = |text: &str, member: &str| expand(text, scope, member, reasons);
        let mut filled = match entry {
            Entry::Command(command) => {
                let arguments = command
                    .arguments
                    .iter()
                    .map(|text| fill(text, "args"))
                    .collect();
                let folder = command
                    .folder
                    .as_ref()
                    .map(|folder| fill(&folder.to_string_lossy(), "cwd").into());
                Entry::Command(Process {
                    program: fill(&command.program, "command"),
                    arguments,
                    environment: command
                        .environment
                        .iter()
                        .map(|(name, value)| (name, fill(value, &format!("env.{name}"))))
                        .collect(),
                    folder,
                })
            }
            Entry::Url(endpoint) => Entry::Url(Endpoint {
                url: fill(&endpoint.url, "url"),
                headers: endpoint
                    .headers
                    .iter()
                    .map(|(name, value)| (name, fill(value, &format!("headers.{name}"))))
                    .collect(),
                transport: endpoint.transport,
            }),
        };
        if let Entry::Url(endpoint) = &filled
            && reasons.is_empty()
            && !is_http(&endpoint.url)
        {
            let told = "`url` is no URL of http or https";
            reasons.push(Reason::Unusable(told.to_owned()));
        }
        self.lend(&mut filled, |borrowed| match lookup(&borrowed.variable) {
            Some(value) => Some(format!("{}{value}", borrowed.before)),
            None if borrowed.is_optional => None,
            None => {
                reasons.push(Reason::Unset {
                    member: borrowed.name.clone(),
                    variable: borrowed.variable.clone(),
                });
                None
            }
        });
        filled
    }

    /// Sets what members of its own take from the environment.
    fn lend(&self, entry: &mut Entry, mut value: impl FnMut(&Borrowed) -> Option<String>) {
        let secrets = match entry {
            Entry::Command(command) => &mut command.environment,
            Entry::Url(endpoint) => &mut endpoint.headers,
        };
        for borrowed in &self.borrowed {
            if let Some(value) = value(borrowed) {
                secrets.set(borrowed.name.clone(), value);
            }
        }
    }
}

fn is_http(url: &str) -> bool {
    let url = url::Url::parse(url);
    url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

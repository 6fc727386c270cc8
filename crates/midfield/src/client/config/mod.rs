//! The files in which hosts keep the servers that they use: the `mcp.json` family.
//!
//! Each host has its own file and its own habits: another name for the map of servers, comments or none, variables written in
//! one way or another. Here they all become an [`Entry`]: a command to start, or a URL to call. Reading starts nothing and
//! fetches nothing.
//!
//! ```
//! use midfield::client::config::{Dialect, Entries, Entry};
//!
//! let text = r#"{"mcpServers": {"lab": {"url": "https://lab.example/mcp", "headers": {"X-Key": "${LAB_KEY}"}}}}"#;
//! let entries = Entries::parse(text, Dialect::ClaudeCode)?;
//! let lab = entries.find("lab")?.resolve(&|name| (name == "LAB_KEY").then(|| "secret".to_owned()))?;
//! let Entry::Url(lab) = lab else { unreachable!() };
//! assert_eq!(lab.headers.value("x-key"), Some("secret"));
//! assert!(!format!("{lab:?}").contains("secret"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod configured;
mod dialect;
mod entry;
mod expand;
mod file;
mod hosts;
mod read;
mod unusual;

pub use configured::{Configured, Reason, Unresolved};
pub use dialect::Dialect;
pub use entry::{Endpoint, Entry, Process, Secrets, Transport};
pub use file::{ConfigError, Entries, UnknownName};
pub use hosts::{KnownFile, Places, System, project_files, user_files};
pub use unusual::Unusual;

#[cfg(test)]
mod tests;

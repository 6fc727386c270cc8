//! What happens to tasks, noted in a file: a JSON object on a line for each act, as `midfield-durable` tells it with the target
//! `midfield::audit`, with the subject behind the owner's digest where the configuration knows it.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use midfield::Principal;
use midfield::server::Tasks;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::config::Token;

/// The target of the events that are noted.
pub(crate) const TARGET: &str = "midfield::audit";

/// Notes what happens to tasks.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    file: Mutex<File>,
    /// Subjects by the digests that their tasks are owned by.
    subjects: HashMap<String, String>,
}

impl Audit {
    /// Opens the file at `path`, and makes it, for its owner only, when it is not there. What is in it stays.
    pub(crate) fn open(path: &Path, tokens: &[Token]) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path);
        let file = file.with_context(|| {
            format!(
                "could not open the file {}, which `[audit]` names",
                path.display()
            )
        })?;
        let subjects = tokens.iter().map(|token| {
            let owner = Tasks::owner(&Principal::from(token.identity.clone()));
            (owner.to_string(), token.identity.subject.clone())
        });
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            subjects: subjects.collect(),
        })
    }

    /// The line of an event.
    fn line(&self, event: &Event<'_>) -> Vec<u8> {
        let mut row = Row::default();
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        row.put("time", time.into());
        event.record(&mut row);
        let owner = row.0.get("owner").and_then(Value::as_str);
        if let Some(subject) = owner.and_then(|owner| self.subjects.get(owner)) {
            let subject = subject.clone();
            row.put("subject", subject.into());
        }
        let mut line = Value::Object(row.0).to_string().into_bytes();
        line.push(b'\n');
        line
    }
}

impl<S: Subscriber> Layer<S> for Audit {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = self.line(event);
        let written = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            // In one, so that lines of processes that share the file do not mix; a file has no buffer that needs a flush.
            file.write_all(&line)
        };
        if let Err(error) = written {
            let path = self.path.display();
            tracing::error!(%error, %path, "what happened to a task could not be noted");
        }
    }
}

/// The fields of an event.
#[derive(Default)]
struct Row(Map<String, Value>);

impl Row {
    fn put(&mut self, name: &str, value: Value) {
        // What it says for people is the same for all.
        if name != "message" {
            self.0.insert(name.to_owned(), value);
        }
    }
}

impl Visit for Row {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }
}

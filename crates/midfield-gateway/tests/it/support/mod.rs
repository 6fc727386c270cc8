//! What the tests run midfield with: folders, services that record and are scripted, clients.

mod asking;
mod client;
mod folder;
mod home;
mod midfield;
mod nagging;
mod questioner;
mod service;
mod terminal;
mod workshop;

pub(crate) use asking::{ADA, Asking, GRACE, make_task};
pub(crate) use client::{Client, Era};
pub(crate) use folder::Folder;
pub(crate) use home::Home;
pub(crate) use midfield::{Midfield, Output, free_port, run, run_with};
pub(crate) use nagging::Nagging;
pub(crate) use questioner::{Questioner, discovered};
pub(crate) use service::{Recorded, Service, answer};
pub(crate) use terminal::Terminal;
pub(crate) use workshop::Workshop;

use serde_json::Value;

/// `midfield tasks`: a command about tasks of the server at `url`, with the rest of its words, as whoever `MIDFIELD_TOKEN` stands
/// for.
pub(crate) fn tasks_at<'a>(url: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    let (name, rest) = command.split_first().unwrap();
    let head = ["tasks", name, url];
    [&head, rest, &["--token-env", "MIDFIELD_TOKEN"]].concat()
}

/// The text of a tool's result.
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

/// A document of one operation, `GET /things`, with what `responses` says of its answers.
pub(crate) fn document_of_things(responses: &str) -> String {
    format!(
        r#"{{"openapi": "3.1.0", "info": {{"title": "Things", "version": "1"}},
            "paths": {{"/things": {{"get": {{"operationId": "listThings", "responses": {responses}}}}}}}}}"#
    )
}

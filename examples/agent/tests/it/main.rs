//! The example as a process of its own, driven by midfield's client.

mod crash;
mod eras;

use std::path::Path;

use midfield::client::Command;
use midfield::host::model::Scripted;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What the assistant says, as its clients read it.
#[derive(Debug, PartialEq, Deserialize)]
struct Advice {
    answer: String,
    rounds: u32,
    model: String,
}

const LOG: &str = "The Log from the Sea of Cortez";

/// A model that looks for a book and reserves another one at once, and then has an answer.
fn model() -> Scripted {
    Scripted::new()
        .uses([
            ("find_books", object(json!({"subject": "Sea"}))),
            ("reserve", object(json!({"title": LOG}))),
        ])
        .says("It is reserved.")
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

/// What comes of a call with that model.
fn advice() -> Advice {
    Advice {
        answer: "It is reserved.".into(),
        rounds: 2,
        model: "scripted".into(),
    }
}

/// The server over stdio, with its state in a folder.
fn over_stdio(state: &Path) -> Command {
    let server = Command::new(env!("CARGO_BIN_EXE_agent"));
    server.arg("--stdio").arg("--state").arg(state)
}

/// How often each book was reserved.
fn reservations(state: &Path) -> Vec<String> {
    let written = std::fs::read_to_string(state.join("reservations.txt")).expect("a list");
    written.lines().map(str::to_owned).collect()
}

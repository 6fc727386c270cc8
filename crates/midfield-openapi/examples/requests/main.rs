//! Prints, for every operation of the OpenAPI documents under the given directories, arguments
//! made up from its schema and the request that they make: one JSON object per line.
//!
//! `cargo run --release -p midfield-openapi --example requests -- DIRECTORY…`
//!
//! `tests/differential/compare.mjs` builds the same requests with another client and compares.
#![expect(
    clippy::print_stdout,
    reason = "the cases are what this program is for"
)]

mod sample;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_openapi::{
    Credentials, Document, Folder, Operation, Options, Place, ReadOptions, Skipped,
};
use serde_json::{Map, Value, json};

fn main() -> anyhow::Result<()> {
    let directories: Vec<String> = std::env::args().skip(1).collect();
    if directories.is_empty() {
        bail!("no directory was given: name those that hold OpenAPI documents");
    }
    for directory in directories {
        for document in find(Path::new(&directory))? {
            print_cases(&document)
                .with_context(|| format!("could not make requests for {}", document.display()))?;
        }
    }
    Ok(())
}

fn find(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let is_document = [".json", ".yaml", ".yml"]
                .iter()
                .any(|end| name.ends_with(end));
            if path.is_dir() && name != "node_modules" && name != "test" {
                pending.push(path);
            } else if is_document && name != "package.json" {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn print_cases(path: &Path) -> anyhow::Result<()> {
    let mut options = ReadOptions::default();
    options.url = Some(DOCUMENT_URL.parse()?);
    let folder = Folder::new(path.parent().unwrap_or(path));
    let document = Document::read(&std::fs::read(path)?, &options, &folder)?;
    for operation in document.operations(&Options::default()) {
        let operation = match operation {
            Ok(operation) => operation,
            Err(skipped) => {
                println!("{}", skip(path, &skipped));
                continue;
            }
        };
        let all = sample::arguments(&operation.input_schema);
        let mut required = all.clone();
        required.retain(|name, _| {
            operation
                .arguments()
                .any(|argument| argument.name == name && argument.required)
        });
        let is_new = required.len() < all.len();
        println!("{}", case(path, &operation, &all)?);
        if is_new {
            println!("{}", case(path, &operation, &required)?);
        }
    }
    Ok(())
}

fn skip(path: &Path, skipped: &Skipped) -> Value {
    json!({
        "document": path,
        "method": skipped.method.as_str(),
        "path": skipped.path,
        "skipped": skipped.reason.to_string(),
    })
}

/// A case: the arguments by their place in a request, and the request that we make of them.
fn case(
    path: &Path,
    operation: &Operation,
    arguments: &Map<String, Value>,
) -> anyhow::Result<Value> {
    let request = operation
        .request(arguments, &Credentials::none())
        .with_context(|| format!("{} {}", operation.method, operation.path))?;
    let mut parameters = Vec::new();
    let mut body = Value::Null;
    for argument in operation.arguments() {
        let Some(value) = arguments.get(argument.name) else {
            continue;
        };
        if argument.place == Place::Body {
            body = json!({"mediaType": argument.source, "value": value});
        } else {
            let place = argument.place.as_str();
            parameters.push(json!({"in": place, "name": argument.source, "value": value}));
        }
    }
    Ok(json!({
        "document": path,
        "documentUrl": DOCUMENT_URL,
        "method": operation.method.as_str(),
        "path": operation.path,
        "parameters": parameters,
        "body": body,
        "request": {
            "method": request.method.as_str(),
            "url": request.url,
            "headers": request.headers,
            "body": request.body.map(|body| STANDARD.encode(body)),
        },
    }))
}

/// Where each document is taken to come from, so that relative servers have a host.
const DOCUMENT_URL: &str = "https://document.invalid/openapi.json";

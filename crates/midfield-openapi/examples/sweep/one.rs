//! One document: read it, build every operation, validate every schema.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use jsonschema::PatternOptions;
use midfield_openapi::{Document, Folder, Options, ReadOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What became of a document.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OneReport {
    /// Why it could not be read.
    pub(crate) error: Option<String>,
    /// What it said when it panicked.
    pub(crate) panic: Option<String>,
    pub(crate) operations: usize,
    pub(crate) tools: usize,
    /// Tools whose server is only known by a base URL or the document's own URL.
    pub(crate) relative: usize,
    /// Operations without tool, by kind of reason.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Tools with a schema that was left open in part.
    pub(crate) opened: usize,
    /// Tools that say what they answer.
    pub(crate) with_output: usize,
    /// Bytes of the largest schema, as JSON.
    pub(crate) largest_schema: usize,
    /// Schemas that are not valid, and names that are not unique.
    pub(crate) invalid: Vec<String>,
    /// Time to read the document and to build all operations.
    pub(crate) time: Duration,
    /// Peak memory of the process.
    pub(crate) peak_kib: u64,
}

pub(crate) fn sweep(path: &Path) -> OneReport {
    let swept = catch_unwind(AssertUnwindSafe(|| try_sweep(path)));
    let mut report = match swept {
        Ok(Ok(mut report)) => {
            // The answer must fit into a pipe that nobody reads before the end.
            report.invalid.truncate(MAX_PROBLEMS);
            report
        }
        Ok(Err(error)) => OneReport {
            error: Some(format!("{error:#}")),
            ..OneReport::default()
        },
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            OneReport {
                panic: Some(text.unwrap_or_default()),
                ..OneReport::default()
            }
        }
    };
    report.peak_kib = peak_kib();
    report
}

fn try_sweep(path: &Path) -> anyhow::Result<OneReport> {
    let bytes = std::fs::read(path)?;
    let folder = Folder::new(path.parent().unwrap_or(path));
    let mut options = ReadOptions::default();
    options.url = Some(ASSUMED_URL.parse()?);
    let mut report = OneReport::default();
    let started = Instant::now();
    let document = Document::read(&bytes, &options, &folder)?;
    drop(bytes);
    let entries = document.entries();
    report.time += started.elapsed();
    report.operations = entries.len();
    let mut names = HashSet::new();
    for entry in entries {
        let started = Instant::now();
        let operation = entry.operation(&Options::default());
        report.time += started.elapsed();
        if !is_name(&entry.name) || !names.insert(entry.name.clone()) {
            report
                .invalid
                .push(format!("{}: not a unique name", entry.name));
        }
        match operation {
            Ok(operation) => {
                report.tools += 1;
                report.relative += usize::from(operation.base_url.contains("document.invalid"));
                report.opened += usize::from(!operation.notes.is_empty());
                report.with_output += usize::from(operation.output_schema.is_some());
                let schemas = [
                    ("input", Some(&operation.input_schema)),
                    ("output", operation.output_schema.as_ref()),
                ];
                for (side, schema) in schemas {
                    let Some(schema) = schema else { continue };
                    report.largest_schema = report.largest_schema.max(schema.to_string().len());
                    if let Err(problem) = check(schema) {
                        report
                            .invalid
                            .push(format!("{} {side}: {problem}", operation.name));
                    }
                }
                if operation.input_schema.get("type") != Some(&Value::from("object")) {
                    report
                        .invalid
                        .push(format!("{}: the input is not an object", operation.name));
                }
            }
            Err(skipped) => {
                *report
                    .skipped
                    .entry(skipped.reason.kind().to_owned())
                    .or_default() += 1;
            }
        }
    }
    Ok(report)
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// Whether a schema is valid by the meta-schema, compiles with either engine for patterns, and
/// refers to nothing that is not there.
fn check(schema: &Value) -> anyhow::Result<()> {
    jsonschema::draft202012::meta::validate(schema)
        .map_err(|error| anyhow::anyhow!("not 2020-12 at {}: {error}", error.instance_path()))?;
    jsonschema::draft202012::options()
        .build(schema)
        .map_err(|error| anyhow::anyhow!("does not compile: {error}"))?;
    jsonschema::draft202012::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| anyhow::anyhow!("does not compile with linear patterns: {error}"))?;
    let mut references = Vec::new();
    collect(schema, &mut references);
    for reference in references {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| schema.pointer(pointer));
        anyhow::ensure!(target.is_some(), "`{reference}` leads nowhere");
    }
    Ok(())
}

/// All references, also those that merely stand in an example: they are none too many.
fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => references.push(reference),
                    ("examples" | "default" | "enum" | "const", _) => {}
                    _ => collect(value, references),
                }
            }
        }
        _ => {}
    }
}

/// The most memory that this process ever held; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}

/// Problems of one document that are reported.
const MAX_PROBLEMS: usize = 50;

/// Where each document is taken to come from, so that relative servers have a host.
const ASSUMED_URL: &str = "https://document.invalid/openapi.json";

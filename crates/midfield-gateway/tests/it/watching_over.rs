//! What an operator sees: figures for Prometheus, and what happened to tasks.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{
    Era, Folder, Midfield, Service, answer, document_of_things, free_port, make_task, run_with,
    tasks_at,
};

const ADA: &str = "ada-token-5d1f0c7e";

fn configuration(folder: &Folder, service: &Service, figures: u16) -> PathBuf {
    folder.write("things.json", &document_of_things("{}"));
    let text = format!(
        "keys = \"midfield.keys\"\n[tokens.ada]\ntoken = {{ env = \"MIDFIELD_TEST_ADA\" }}\nsubject = \"ada@example.com\"\n\
         [tasks]\nstore = \"tasks.db\"\n[audit]\nfile = \"audit.jsonl\"\n[metrics]\nlisten = \"127.0.0.1:{figures}\"\n\
         [sources.things]\nopenapi = \"things.json\"\nbase_url = \"{}\"\ntasks = \"optional\"\n",
        service.url()
    );
    folder.write("midfield.toml", &text)
}

fn service() -> Service {
    Service::answering(answer("200 OK", "application/json", b"{}"))
}

fn serve(path: &std::path::Path) -> Midfield {
    Midfield::serve_with(path, |command| {
        command.env("MIDFIELD_TEST_ADA", ADA);
    })
}

/// Runs a call of Ada's as a task to its end, and gives its id.
fn finished_task(midfield: &Midfield) -> String {
    let id = make_task(midfield.port(), Some(ADA), "listThings", &json!({}));
    let url = format!("http://127.0.0.1:{}/mcp", midfield.port());
    let output = run_with(&tasks_at(&url, &["result", &id]), |command| {
        command.env("MIDFIELD_TOKEN", ADA);
    });
    assert_eq!(output.code, Some(0), "{output:?}");
    id
}

/// Head and body of what is answered at a port.
fn fetch(port: u16, request: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!("{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// All values of a text in the format of Prometheus, by their names with labels; every line is looked at.
fn values(text: &str) -> BTreeMap<String, f64> {
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    let mut helped = String::new();
    let mut values = BTreeMap::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            help.split_once(' ').unwrap().0.clone_into(&mut helped);
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').unwrap();
            assert_eq!(name, helped, "{line}");
            assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            assert!(
                types.insert(name.to_owned(), kind.to_owned()).is_none(),
                "{line}"
            );
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let bare = name.split('{').next().unwrap();
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            assert!(bare.bytes().all(is_name), "{line}");
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| {
                    bare.strip_suffix(end)
                        .filter(|family| types.contains_key(*family))
                })
                .unwrap_or(bare);
            assert_eq!(family, helped, "{line}");
            assert_eq!(
                types[family] == "counter",
                bare.ends_with("_total"),
                "{line}"
            );
            let value = value.parse().unwrap();
            assert!(values.insert(name.to_owned(), value).is_none(), "{line}");
        }
    }
    values
}

#[test]
fn figures_are_told_in_the_format_of_prometheus_at_a_port_of_their_own() {
    let (service, folder, port) = (service(), Folder::new(), free_port());
    let midfield = serve(&configuration(&folder, &service, port));
    finished_task(&midfield);
    finished_task(&midfield);
    let (head, body) = fetch(port, "GET /metrics", "localhost");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let values = values(&body);
    let value = |name: &str| *values.get(name).unwrap_or_else(|| panic!("{name}\n{body}"));
    for (name, expected) in [
        ("midfield_tasks_made_total", 2.0),
        ("midfield_tasks_ended_total{state=\"completed\"}", 2.0),
        ("midfield_tasks_ended_total{state=\"failed\"}", 0.0),
        ("midfield_tasks{state=\"completed\"}", 2.0),
        ("midfield_task_seconds_count", 2.0),
        ("midfield_task_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("midfield_store_seconds_count{verb=\"create\"}", 2.0),
        ("midfield_store_errors_total", 0.0),
    ] {
        assert!(
            (value(name) - expected).abs() < f64::EPSILON,
            "{name}\n{body}"
        );
    }
    let version = format!(
        "midfield_build_info{{version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert!((value(&version) - 1.0).abs() < f64::EPSILON);
    // Buckets are cumulative.
    let of_create = |entry: &(&String, &f64)| {
        entry
            .0
            .starts_with("midfield_store_seconds_bucket{verb=\"create\"")
    };
    let counts: Vec<f64> = values
        .iter()
        .filter(of_create)
        .map(|(_, value)| *value)
        .collect();
    assert_eq!(counts.len(), 13, "{body}");
    assert!(counts.iter().all(|count| *count <= 2.0), "{body}");
}

#[test]
fn figures_are_nowhere_else_and_nothing_else_is_there() {
    let (service, folder, port) = (service(), Folder::new(), free_port());
    let midfield = serve(&configuration(&folder, &service, port));
    let (head, body) = fetch(midfield.port(), "GET /metrics", "localhost");
    assert!(!head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(!body.contains("midfield_"), "{body}");
    for (request, host, status) in [
        ("GET /mcp", "localhost", "404"),
        ("POST /metrics", "127.0.0.1:1", "405"),
        ("HEAD /metrics", "[::1]", "200"),
        ("GET /metrics", "rebound.example", "403"),
        ("GET /metrics", "", "403"),
    ] {
        let (head, body) = fetch(port, request, host);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{request} {head}"
        );
        assert!(!body.contains("midfield_"), "{body}");
    }
}

#[test]
fn what_happens_to_tasks_is_noted_a_line_each() {
    let (service, folder, port) = (service(), Folder::new(), free_port());
    let path = configuration(&folder, &service, port);
    let file = folder.path().join("audit.jsonl");
    let mut ids = Vec::new();
    for _ in 0..2 {
        // The second process adds to what the first one wrote.
        let midfield = serve(&path);
        ids.push(finished_task(&midfield));
        assert!(
            midfield
                .client_of(ADA, Era::Modern)
                .list_tools()
                .1
                .contains("listThings")
        );
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let rows: Vec<Value> = rows.collect();
    let acts: Vec<_> = rows
        .iter()
        .map(|row| row["act"].as_str().unwrap())
        .collect();
    assert_eq!(acts, ["made", "completed", "made", "completed"], "{text}");
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row["task"], *ids[number / 2], "{row}");
        assert_eq!(row["tool"], "listThings", "{row}");
        assert_eq!(row["subject"], "ada@example.com", "{row}");
        assert_eq!(row["owner"].as_str().unwrap().len(), 64, "{row}");
        assert!(row["time"].as_str().unwrap().ends_with('Z'), "{row}");
    }
    assert_eq!(rows[1]["from"], "working");
    assert_eq!(rows[1]["state"], "completed");
    assert!(!text.contains(ADA), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_keeps_the_server_from_starting() {
    let (service, folder, port) = (service(), Folder::new(), free_port());
    std::fs::create_dir(folder.path().join("audit.jsonl")).unwrap();
    let path = configuration(&folder, &service, port);
    let output = run_with(&["serve", path.to_str().unwrap()], |command| {
        command.env("MIDFIELD_TEST_ADA", ADA);
    });
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stderr.contains("audit.jsonl, which `[audit]` names"),
        "{output:?}"
    );
}

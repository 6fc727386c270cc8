//! The quickstart, as the README promises it: in both eras, over HTTP and stdio.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Client, Era, Folder, Midfield, free_port, run, text};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .canonicalize()
        .unwrap()
}

/// The quickstart with a port for its laboratory that no other test uses.
fn quickstart(folder: &Folder) -> PathBuf {
    let text = std::fs::read_to_string(examples().join("quickstart.toml")).unwrap();
    assert!(text.contains("7421"));
    std::os::unix::fs::symlink(examples().join("lab"), folder.path().join("lab")).unwrap();
    folder.write(
        "quickstart.toml",
        &text.replace("7421", &free_port().to_string()),
    )
}

#[test]
fn the_quickstart_serves_the_laboratory_in_both_eras() {
    let folder = Folder::new();
    let midfield = Midfield::serve(&quickstart(&folder));
    let log = midfield.log();
    assert!(log.contains("midfield 0.1.0 · quickstart\n"), "{log}");
    assert!(log.contains("/mcp      2024-11-05 … 2026-07-28\n"), "{log}");
    assert!(log.contains("  sources  lab  openapi  15 tools\n"), "{log}");
    for era in [Era::Legacy, Era::Modern] {
        let client = midfield.client(era);
        let tools = client.request("tools/list", json!({}));
        assert_eq!(tools["tools"].as_array().unwrap().len(), 15);
        work_in_the_laboratory(&client);
    }
    let discovered = midfield
        .client(Era::Modern)
        .request("server/discover", json!({}));
    let name = &discovered["_meta"]["io.modelcontextprotocol/serverInfo"]["name"];
    assert_eq!(name, "quickstart", "{discovered}");
}

fn work_in_the_laboratory(client: &Client) {
    let page = client.call_tool("listSamples", json!({"status": "stored", "limit": 2}));
    assert_eq!(page["structuredContent"]["samples"][0]["id"], "s-003");
    assert_eq!(page["structuredContent"]["nextOffset"], 2);

    let new = json!({"name": "Clay", "material": "soil", "collectedOn": "2026-03-14", "origin": {"site": "Pit"}});
    let sample = client.call_tool("registerSample", json!({"body": new}));
    let id = sample["structuredContent"]["id"].as_str().unwrap();

    let order = json!({"sampleId": id, "instrumentId": "i-ion", "measure": {"analyte": "nitrate"}, "durationSeconds": 0});
    let found = client.call_tool("startAssay", json!({"body": order}));
    assert_eq!(found["structuredContent"]["analyte"], "nitrate", "{found}");
    let assay = &found["structuredContent"]["assayId"];
    let result = client.call_tool("getResult", json!({"assayId": assay}));
    assert_eq!(result["structuredContent"]["unit"], "mg/L");
    let table = client.call_tool("getMeasurements", json!({"assayId": assay}));
    assert!(text(&table).starts_with("repeat,value,unit\n1,"), "{table}");

    let label = client.call_tool("getSampleLabel", json!({"sampleId": id}));
    assert_eq!(label["content"][0]["type"], "image");
    assert_eq!(label["content"][0]["mimeType"], "image/png");

    // Needs the key, which the configuration keeps in a file.
    let gone = client.call_tool("discardSample", json!({"sampleId": id}));
    assert_eq!(text(&gone), "the service answered 204 No Content");
    let missing = client.call_tool("getSample", json!({"sampleId": id}));
    assert_eq!(missing["isError"], true);
    assert!(
        text(&missing).starts_with("the service answered 404 Not Found"),
        "{missing}"
    );
}

#[test]
fn arguments_that_do_not_fit_are_told_and_not_sent() {
    let folder = Folder::new();
    let midfield = Midfield::serve(&quickstart(&folder));
    let result = midfield.call("listSamples", json!({"limit": "many"}));
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("/limit"), "{result}");
}

#[test]
fn a_job_runs_and_can_be_cancelled() {
    let folder = Folder::new();
    let midfield = Midfield::serve(&quickstart(&folder));
    let order = json!({"sampleId": "s-001", "instrumentId": "i-icp", "measure": {"analyte": "lead"}, "durationSeconds": 600});
    std::thread::scope(|scope| {
        let client = midfield.client(Era::Modern);
        let assay = scope.spawn(move || client.call_tool("startAssay", json!({"body": order})));
        let begun = Instant::now();
        let cancelled = loop {
            let job = midfield.call("cancelJob", json!({"jobId": "j-001"}));
            if job["isError"] != true {
                break job;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{job}");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(cancelled["structuredContent"]["status"], "cancelled");
        let result = assay.join().unwrap();
        assert!(
            text(&result).starts_with("the job was cancelled"),
            "{result}"
        );
    });
    let result = midfield.call("getResult", json!({"assayId": "a-001"}));
    assert!(
        text(&result).starts_with("the service answered 409 Conflict"),
        "{result}"
    );
}

#[test]
fn over_stdio_stdout_carries_the_protocol_only() {
    let folder = Folder::new();
    let path = quickstart(&folder);
    let mut child = Command::new(env!("CARGO_BIN_EXE_midfield"))
        .args([
            "serve",
            path.to_str().unwrap(),
            "--stdio",
            "--log-level",
            "trace",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |id: u64, method: &str, params: Value| -> Value {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        writeln!(input, "{request}").unwrap();
        let line = lines.next().unwrap().unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], id);
        answer["result"].take()
    };
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let modern = json!({"name": "getSample", "arguments": {"sampleId": "s-001"}, "_meta": meta});
    let sample = ask(1, "tools/call", modern);
    assert_eq!(sample["structuredContent"]["name"], "Soil 1", "{sample}");
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    assert_eq!(ask(2, "initialize", hello)["protocolVersion"], "2025-11-25");
    let legacy = json!({"name": "getSample", "arguments": {"sampleId": "s-002"}});
    assert_eq!(
        ask(3, "tools/call", legacy)["structuredContent"]["name"],
        "Water 2"
    );
    // The client is gone: midfield and its laboratory end by themselves.
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(lines.next().is_none());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("  mcp      stdio      2024-11-05 … 2026-07-28\n"),
        "{log}"
    );
}

#[test]
fn the_laboratory_ends_even_when_midfield_is_killed() {
    let folder = Folder::new();
    let path = quickstart(&folder);
    let text = std::fs::read_to_string(&path).unwrap();
    let port = text
        .split("--port\", \"")
        .find_map(|rest| rest.split('"').next()?.parse::<u16>().ok());
    let laboratory = ("127.0.0.1", port.unwrap());
    let mut midfield = Midfield::serve(&path);
    assert!(TcpStream::connect(laboratory).is_ok());
    assert_eq!(midfield.end_by(Signal::KILL), None);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(laboratory).is_ok() {
        assert!(Instant::now() < deadline, "the laboratory still answers");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn nothing_is_wrong_with_the_quickstart() {
    let path = examples().join("quickstart.toml");
    let output = run(&["check", path.to_str().unwrap()]);
    assert_eq!(
        output.stdout, "lab: 15 tools\nnothing is wrong\n",
        "{output:?}"
    );
    assert_eq!(output.code, Some(0));
}

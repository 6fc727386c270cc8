//! Jobs from their beginning to their end, with a service in another language.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Era, Folder, Midfield, text};

fn files() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/jobs");
    path.canonicalize().unwrap()
}

/// `tests/jobs/service.py` on a free port, killed with this value.
pub(crate) struct JobService {
    child: Child,
    port: u16,
}

impl JobService {
    pub(crate) fn start(retry_after: &str) -> Self {
        let mut child = Command::new("python3")
            .arg(files().join("service.py"))
            .args(["--retry-after", retry_after])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self { child, port }
    }

    /// A gateway in front of it, with `jobs` in its configuration.
    fn gateway(&self, folder: &Folder, jobs: &str) -> Midfield {
        Midfield::serve(&folder.write("midfield.toml", &self.source(jobs)))
    }

    /// The source of a configuration, with `jobs` in it.
    pub(crate) fn source(&self, jobs: &str) -> String {
        format!(
            "[sources.jobs]\nopenapi = \"{}\"\nbase_url = \"http://127.0.0.1:{}\"\n[sources.jobs.jobs]\n{jobs}",
            files().join("openapi.json").display(),
            self.port
        )
    }
}

impl Drop for JobService {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn counts(midfield: &Midfield) -> Value {
    midfield.call("getCounts", json!({}))["structuredContent"].clone()
}

const QUICK: &str = "poll_interval = { min = \"50ms\", max = \"200ms\" }\n";

#[test]
fn a_job_is_begun_once_and_its_result_arrives_in_both_eras() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = service.gateway(&folder, QUICK);
    for (number, era) in [Era::Legacy, Era::Modern].into_iter().enumerate() {
        let client = midfield.client(era);
        let order = json!({"body": {"label": "soil", "seconds": 0.6}});
        let (result, told) = client.call_with_progress("startJob", order);
        let expected = json!({"job": number + 1, "label": "soil", "answer": 42});
        assert_eq!(result["structuredContent"], expected, "{result}");
        let first = told.first().unwrap();
        assert_eq!(first["total"], 100, "{told:?}");
        let message = first["message"].as_str().unwrap();
        assert!(message.starts_with("running, "), "{told:?}");
        assert!(told.len() >= 2, "{told:?}");
        let told = counts(&midfield);
        assert_eq!(told["submissions"], number + 1);
        assert_eq!(told["results"], number + 1);
        assert!(
            told["polls"].as_u64().unwrap() < 20 * (number as u64 + 1),
            "{told}"
        );
    }
}

#[test]
fn what_a_job_comes_to_is_not_promised() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    for (jobs, has_schema) in [("", false), ("follow = \"never\"\n", true)] {
        let midfield = service.gateway(&folder, jobs);
        let listed = midfield
            .client(Era::Modern)
            .request("tools/list", json!({}));
        let tools = listed["tools"].as_array().unwrap();
        let tool = tools
            .iter()
            .find(|tool| tool["name"] == "startJob")
            .unwrap();
        assert_eq!(tool["outputSchema"].is_object(), has_schema, "{tool}");
    }
}

#[test]
fn jobs_that_are_not_followed_are_answered_as_they_begin() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = service.gateway(&folder, "follow = \"never\"\n");
    let result = midfield.call("startJob", json!({"body": {"seconds": 60}}));
    assert_eq!(
        result["structuredContent"],
        json!({"id": 1, "state": "running"})
    );
    assert_eq!(counts(&midfield)["polls"], 0);
}

#[test]
fn no_answer_is_asked_for_before_the_service_wants_it() {
    let (folder, service) = (Folder::new(), JobService::start("1"));
    let midfield = service.gateway(&folder, QUICK);
    let begun = Instant::now();
    let result = midfield.call("startJob", json!({"body": {"seconds": 1.5}}));
    assert_eq!(result["structuredContent"]["answer"], 42, "{result}");
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(counts(&midfield)["polls"], 2);
}

#[test]
fn a_job_that_fails_says_why() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = service.gateway(&folder, QUICK);
    let result = midfield.call("startJob", json!({"body": {"seconds": 0.1, "fails": true}}));
    assert_eq!(result["isError"], true);
    let told = "the job failed: the sample was spilled\n\n{";
    assert!(text(&result).starts_with(told), "{result}");
}

#[test]
fn a_job_that_somebody_cancels_was_cancelled() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = service.gateway(&folder, QUICK);
    let url = format!("127.0.0.1:{}", service.port);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| midfield.call("startJob", json!({"body": {"seconds": 60}})));
        while counts(&midfield)["polls"].as_u64().unwrap() == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut stream = std::net::TcpStream::connect(&url).unwrap();
        let request = "DELETE /jobs/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let result = call.join().unwrap();
        assert!(
            text(&result).starts_with("the job was cancelled"),
            "{result}"
        );
        assert_eq!(result["isError"], true);
    });
}

#[test]
fn a_job_without_end_is_cancelled_in_time() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    for (cancel, told, cancelled) in [
        ("", "it was cancelled", 1),
        ("cancel = \"none\"\n", "it may go on", 1),
        ("cancel = \"DELETE /jobs/{id}\"\n", "it was cancelled", 2),
        ("cancel = \"POST /jobs/{id}/stop\"\n", "it was cancelled", 2),
        (
            "cancel = \"PUT /jobs/{id}\"\n",
            "the service did not cancel it, so that it may go on",
            2,
        ),
    ] {
        let midfield = service.gateway(&folder, &format!("{QUICK}max_duration = \"1s\"\n{cancel}"));
        let begun = Instant::now();
        let result = midfield.call("startJob", json!({"body": {"seconds": 60}}));
        let expected = format!("the job of the service `jobs` did not end within 1s; {told}");
        assert_eq!(text(&result), expected);
        assert_eq!(result["isError"], true);
        let elapsed = begun.elapsed();
        assert!(elapsed >= Duration::from_secs(1) && elapsed < Duration::from_secs(10));
        assert_eq!(counts(&midfield)["cancellations"], cancelled, "{cancel}");
    }
}

#[test]
fn each_call_is_a_job_of_its_own_key() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = service.gateway(
        &folder,
        &format!("{QUICK}idempotency_header = \"Idempotency-Key\"\n"),
    );
    for _ in 0..2 {
        let result = midfield.call("startJob", json!({"body": {"seconds": 0.1}}));
        assert_eq!(result["structuredContent"]["answer"], 42, "{result}");
    }
    // Two calls are two jobs, each with its own key.
    let counts = counts(&midfield);
    assert_eq!(
        (&counts["submissions"], &counts["repeats"]),
        (&json!(2), &json!(0))
    );
}

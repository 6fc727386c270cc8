//! A job that is followed by a task, while midfield is killed again and again.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::jobs::JobService;
use crate::support::{Client, Era, Folder, Midfield};

const TASKS: &str = "keys = \"midfield.keys\"\n[tasks]\nstore = \"tasks.db\"\n";
const QUICK: &str = "poll_interval = { min = \"50ms\", max = \"200ms\" }\n";

fn serve(folder: &Folder, service: &JobService, jobs: &str) -> Midfield {
    let configuration = format!("{TASKS}{}", service.source(jobs));
    Midfield::serve(&folder.write("midfield.toml", &configuration))
}

fn client(midfield: &Midfield) -> Client {
    Client::new(midfield.port(), Era::Modern).with_tasks()
}

fn begin(midfield: &Midfield, seconds: f64) -> String {
    let order = json!({"body": {"label": "soil", "seconds": seconds}});
    let task = client(midfield).call_tool("startJob", order);
    assert_eq!(task["resultType"], "task", "{task}");
    task["taskId"].as_str().unwrap().to_owned()
}

fn look(midfield: &Midfield, task: &str) -> Value {
    client(midfield).request("tasks/get", json!({"taskId": task}))
}

/// The task once it has ended.
fn end(midfield: &Midfield, task: &str) -> Value {
    let begun = Instant::now();
    loop {
        let task = look(midfield, task);
        if task["status"] != "working" {
            return task;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{task}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_job_is_submitted_once_however_often_midfield_is_killed() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let mut midfield = serve(&folder, &service, QUICK);
    let task = begin(&midfield, 3.0);
    // The job must have been taken up: what is killed while it is submitted is another test.
    let taken_up = Instant::now();
    while look(&midfield, &task)["statusMessage"].is_null() {
        assert!(taken_up.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..4 {
        midfield.end_by(Signal::KILL);
        midfield = serve(&folder, &service, QUICK);
        let seen = look(&midfield, &task);
        assert_eq!(seen["status"], "working", "{seen}");
        thread::sleep(Duration::from_millis(150));
    }
    let ended = end(&midfield, &task);
    assert_eq!(ended["status"], "completed", "{ended}");
    let result = &ended["result"]["structuredContent"];
    let expected = json!({"job": 1, "label": "soil", "answer": 42});
    assert_eq!(*result, expected, "{ended}");
    let counts = midfield.call("getCounts", json!({}))["structuredContent"].clone();
    assert_eq!(counts["submissions"], 1, "{counts}");
}

#[test]
fn the_job_of_a_task_that_is_cancelled_is_cancelled_too() {
    let (folder, service) = (Folder::new(), JobService::start("0"));
    let midfield = serve(&folder, &service, QUICK);
    let task = begin(&midfield, 60.0);
    let taken_up = Instant::now();
    while look(&midfield, &task)["statusMessage"].is_null() {
        assert!(taken_up.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    client(&midfield).request("tasks/cancel", json!({"taskId": task}));
    assert_eq!(look(&midfield, &task)["status"], "cancelled");
    let cancelled = Instant::now();
    loop {
        let counts = midfield.call("getCounts", json!({}))["structuredContent"].clone();
        if counts["cancellations"] == 1 {
            break;
        }
        assert!(cancelled.elapsed() < Duration::from_secs(10), "{counts}");
        thread::sleep(Duration::from_millis(50));
    }
}

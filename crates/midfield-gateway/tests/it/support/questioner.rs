//! A server of somebody else with one task, `t-1`, which asks whatever a test wants, and nothing more once that is answered.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::service::{Service, answer};

/// The server. It tells of no changes, so that it is looked at again and again.
pub(crate) struct Questioner {
    service: Service,
    task: Arc<Mutex<Task>>,
}

#[derive(Default)]
struct Task {
    /// What is asked and not answered.
    open: Map<String, Value>,
    answers: Map<String, Value>,
    /// Why no answer is taken.
    refusal: Option<&'static str>,
}

impl Questioner {
    /// Asks these questions, each the parameters of an elicitation under its key.
    pub(crate) fn new(questions: &Value) -> Self {
        let questions = questions.as_object().unwrap().iter();
        let open = questions.map(|(key, params)| {
            let question = json!({"method": "elicitation/create", "params": params});
            (key.clone(), question)
        });
        Self::of(open.collect())
    }

    /// Asks these requests, whatever they are.
    pub(crate) fn of(open: Map<String, Value>) -> Self {
        let task = Task {
            open,
            ..Task::default()
        };
        let task = Arc::new(Mutex::new(task));
        let kept = Arc::clone(&task);
        let service = Service::new(move |request, stream| {
            let asked: Value = serde_json::from_slice(&request.body).unwrap();
            let mut task = kept.lock().unwrap();
            let (status, mut answered) = match asked["method"].as_str() {
                Some("server/discover") => ("200 OK", json!({"result": discovered()})),
                Some("tasks/get") => ("200 OK", json!({"result": task.state()})),
                Some("tasks/update") if task.refusal.is_some() => (
                    "200 OK",
                    json!({"error": {"code": -32602, "message": task.refusal}}),
                ),
                Some("tasks/update") => {
                    task.take(&asked["params"]["inputResponses"]);
                    ("200 OK", json!({"result": {"resultType": "complete"}}))
                }
                _ => (
                    "404 Not Found",
                    json!({"error": {"code": -32601, "message": "unknown method"}}),
                ),
            };
            answered["jsonrpc"] = "2.0".into();
            answered["id"] = asked["id"].clone();
            let body = answered.to_string();
            let _ = stream.write_all(&answer(status, "application/json", body.as_bytes()));
        });
        Self { service, task }
    }

    /// One question under the key `it`.
    pub(crate) fn asking(params: &Value) -> Self {
        Self::new(&json!({"it": params}))
    }

    /// A form under the key `it`.
    pub(crate) fn form(message: &str, properties: &Value, required: &[&str]) -> Self {
        Self::asking(
            &json!({"mode": "form", "message": message, "requestedSchema": {
            "type": "object", "properties": properties, "required": required}}),
        )
    }

    pub(crate) fn url(&self) -> String {
        self.service.url()
    }

    /// Takes no answer, for this reason.
    pub(crate) fn refuse(&self, why: &'static str) {
        self.task.lock().unwrap().refusal = Some(why);
    }

    /// Asks nothing any more.
    pub(crate) fn withdraw(&self) {
        self.task.lock().unwrap().open.clear();
    }

    /// What was answered so far, by its key.
    pub(crate) fn answers(&self) -> Value {
        self.task.lock().unwrap().answers.clone().into()
    }
}

/// What a server of 2026-07-28 says of itself that has tasks and nothing else.
pub(crate) fn discovered() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
        "capabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}})
}

impl Task {
    fn state(&self) -> Value {
        let mut state = json!({"resultType": "complete", "taskId": "t-1", "createdAt": "2026-01-01T00:00:00Z",
            "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null, "pollIntervalMs": 1});
        let more = if self.open.is_empty() {
            json!({"status": "completed", "result": {"content": [{"type": "text", "text": "at its end"}]}})
        } else {
            json!({"status": "input_required", "inputRequests": self.open})
        };
        let more = more.as_object().unwrap().clone();
        state.as_object_mut().unwrap().extend(more);
        state
    }

    fn take(&mut self, answers: &Value) {
        for (key, answer) in answers.as_object().unwrap() {
            self.open.shift_remove(key);
            self.answers.insert(key.clone(), answer.clone());
        }
    }
}

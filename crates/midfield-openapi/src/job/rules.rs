//! Where services keep what they say of a job, and by which words.

use super::Pointer;

/// Where a service keeps what it says of a job, and by which words it says it.
///
/// Of several pointers the first counts that leads to something of the kind that is looked for. The defaults fit
/// Azure, operations as Google has them, and the names that most others use.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobRules {
    /// Where the first answer has the URL of the state, when no header has it.
    pub status_link: Vec<Pointer>,
    /// Where the first answer has the id of the job: a text or a number.
    pub id: Vec<Pointer>,
    /// Where the state is: a word, or `true` when the job has ended and `false` when not.
    pub state: Vec<Pointer>,
    /// Where a second word says how it ended, when the state only says that it did.
    pub outcome: Vec<Pointer>,
    /// Words for: it goes on. Case and separators do not matter, in all lists of words. A word that is in none
    /// of the lists means the same, but where the service says by the status 202 that work goes on.
    pub running: Vec<String>,
    /// Words for: ended well.
    pub succeeded: Vec<String>,
    /// Words for: ended, and not well.
    pub failed: Vec<String>,
    /// Words for: ended before its time.
    pub cancelled: Vec<String>,
    /// Where it is said what the job is doing.
    pub message: Vec<Pointer>,
    /// Where it is said what went wrong: a text, or an object with a text `message`.
    pub error: Vec<Pointer>,
    /// Where it is said how far it has come: percent from 0 to 100, or a fraction below 1.
    pub progress: Vec<Pointer>,
    /// Where the URL of the result is, when the job has ended: one that begins with `http://`, `https://` or `/`.
    pub result_link: Vec<Pointer>,
    /// Where the result itself is, when the job has ended. The whole answer where none leads to something.
    pub result: Vec<Pointer>,
}

impl Default for JobRules {
    fn default() -> Self {
        Self {
            status_link: pointers(STATUS_LINK),
            id: pointers(ID),
            state: pointers(STATE),
            outcome: pointers(OUTCOME),
            running: words(RUNNING),
            succeeded: words(SUCCEEDED),
            failed: words(FAILED),
            cancelled: words(CANCELLED),
            message: pointers(MESSAGE),
            error: pointers(ERROR),
            progress: pointers(PROGRESS),
            result_link: pointers(RESULT_LINK),
            result: Vec::new(),
        }
    }
}

fn pointers(list: &[&str]) -> Vec<Pointer> {
    list.iter().map(|text| Pointer::known(text)).collect()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

const STATUS_LINK: &[&str] = &[
    "/statusUrl",
    "/status_url",
    "/statusUri",
    // Durable Functions of Azure.
    "/statusQueryGetUri",
    "/links/status",
    "/_links/status/href",
];

const ID: &[&str] = &[
    "/id",
    "/jobId",
    "/job_id",
    "/taskId",
    "/task_id",
    "/operationId",
    "/operation_id",
    "/uuid",
    "/job/id",
    "/data/id",
];

const STATE: &[&str] = &[
    "/status",
    "/state",
    "/provisioningState",
    "/properties/provisioningState",
    "/runtimeStatus",
    "/status/state",
    "/job/status",
    "/job/state",
    "/data/status",
    "/data/attributes/status",
    "/done",
];

const OUTCOME: &[&str] = &["/conclusion", "/outcome", "/result"];

const RUNNING: &[&str] = &[
    "running",
    "pending",
    "queued",
    "enqueued",
    "in_progress",
    "processing",
    "started",
    "starting",
    "not_started",
    "waiting",
    "accepted",
    "submitted",
    "scheduled",
    "created",
    "creating",
    "updating",
    "deleting",
    "provisioning",
    "preparing",
    "validating",
    "finalizing",
    "executing",
    "working",
    "retrying",
    "paused",
    "cancelling",
    "canceling",
];

const SUCCEEDED: &[&str] = &[
    "succeeded",
    "success",
    "successful",
    "completed",
    "complete",
    "done",
    "finished",
    "ok",
    "ready",
    "passed",
    "completed_with_warnings",
    "completed_with_errors",
    "partially_succeeded",
];

const FAILED: &[&str] = &[
    "failed",
    "failure",
    "error",
    "errored",
    "faulted",
    "crashed",
    "timed_out",
    "timeout",
    "expired",
    "rejected",
    "unsuccessful",
    "killed",
    "dead",
    "startup_failure",
];

const CANCELLED: &[&str] = &["cancelled", "canceled", "aborted", "terminated", "revoked"];

const MESSAGE: &[&str] = &[
    "/message",
    "/statusMessage",
    "/status_message",
    "/progressMessage",
    "/progress/message",
    "/status/message",
    "/detail",
    "/step",
    "/phase",
    "/metadata/message",
];

const ERROR: &[&str] = &[
    "/error",
    "/properties/error",
    "/status/errorResult",
    "/errors/0",
    "/failureReason",
    "/failure_reason",
    "/reason",
    "/message",
    "/statusMessage",
    "/detail",
    "/title",
];

const PROGRESS: &[&str] = &[
    "/percentComplete",
    "/percent_complete",
    "/progress",
    "/progress/percent",
    "/percent",
    "/percentage",
    "/progressPercent",
    "/properties/percentComplete",
    "/metadata/progressPercent",
    "/metadata/progressPercentage",
    "/metadata/progress",
];

const RESULT_LINK: &[&str] = &[
    "/resourceLocation",
    "/resultUrl",
    "/result_url",
    "/resultUri",
    "/resultLocation",
    "/links/result",
    "/_links/result/href",
    "/result",
];

//! What is told of a job: to whoever waits for it while it goes on, and to the model at its end.

use midfield::Context;
use midfield::types::{Progress, ToolResult};
use midfield_openapi::{JobResult, JobRunning, JobStatus, ReplyContent};

use super::super::answer::{MAX_HEADER, Telling, quote, structured};
use super::super::call::Target;
use super::Heard;

/// Tells how far a job has come, where there is something new to say.
#[derive(Default)]
pub(super) struct Teller {
    /// How far it was said to be. It has to grow with whatever is told.
    told: f64,
    last: Option<(Option<f64>, Option<String>)>,
}

impl Teller {
    pub(super) async fn tell(&mut self, running: &JobRunning, target: &Target, context: &Context) {
        let message = running.message.as_deref();
        let message = message.map(|message| quote(&target.secrets, message, MAX_HEADER));
        let news = (running.percent, message);
        if self.last.as_ref() == Some(&news) {
            return;
        }
        let (percent, message) = news.clone();
        self.last = Some(news);
        let ahead = percent.filter(|percent| *percent > self.told);
        self.told = ahead.unwrap_or(self.told + LITTLE);
        let mut progress = Progress::new(self.told);
        if percent.is_some() {
            progress = progress.total(100.0_f64.max(self.told));
        }
        if let Some(message) = message {
            progress = progress.message(message);
        }
        context.report(progress).await;
    }
}

/// The result of a call whose job has ended as `heard`.
pub(super) fn to_result(target: &Target, heard: &Heard) -> ToolResult {
    let answer = &heard.answer;
    let telling = Telling {
        answer,
        secrets: &target.secrets,
    };
    let content = || {
        let status = answer.status.as_u16();
        let content_type = answer.content_type.as_deref();
        target
            .operation
            .reply(status, content_type, &answer.body)
            .content
    };
    let failure = |text: &str, message: &Option<String>| {
        let text = match message {
            Some(message) => {
                let message = quote(&target.secrets, message, MAX_MESSAGE);
                format!("{text}: {message}")
            }
            None => text.to_owned(),
        };
        telling.error(text, &content())
    };
    match &heard.status {
        JobStatus::Succeeded(JobResult::Part(value)) => structured(value),
        JobStatus::Succeeded(_) => match content() {
            ReplyContent::Empty => {
                ToolResult::text("the service finished the job and answered nothing more")
            }
            _ => target.result_of(answer),
        },
        JobStatus::Failed { message } => failure("the job failed", message),
        JobStatus::Cancelled { message } => failure("the job was cancelled", message),
        JobStatus::Refused { message } => {
            let status = answer.status;
            let about = if heard.is_result {
                "the job succeeded, but the service answered"
            } else {
                "the service took the work up, but asked about it answered"
            };
            failure(&format!("{about} {status}"), message)
        }
        // None of these is an end.
        JobStatus::Running(_) | JobStatus::Moved { .. } | JobStatus::Unavailable => {
            failure("the service does not say how the job ended", &None)
        }
    }
}

/// How far a message without a number moves on, in percent.
const LITTLE: f64 = 0.001;
/// Most bytes of what a service says about a failure.
const MAX_MESSAGE: usize = 1000;

//! How many questions of a server are open, and whose turn it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::AbortHandle;
use midfield_protocol::jsonrpc::RequestId;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Hearing, lock};
use crate::client::Refusal;

/// The server's own requests.
#[derive(Default)]
pub(super) struct Questions {
    /// Those that are being answered.
    open: HashMap<RequestId, Open>,
    /// Requests about tasks that are being answered, with what ends those that may be withdrawn.
    about_tasks: HashMap<RequestId, Option<AbortHandle>>,
    /// How many of its tasks are being worked on.
    at_work: usize,
    /// How many came since a request of ours was last begun.
    since: usize,
    /// Requests of ours that are under way.
    under_way: usize,
    /// Since when the server waits for us.
    begun: Option<Instant>,
    /// How long it has waited for us, up to the last time that it did not.
    spent: Duration,
    /// Pages that the user was sent to, by their ids.
    pages: HashMap<String, Arc<Notify>>,
}

/// A question that is being answered.
struct Open {
    handle: AbortHandle,
    /// The task of the server that asks.
    task: Option<String>,
}

impl Questions {
    /// Makes room for a question, which `task` of the server may ask.
    pub(super) fn open(
        &mut self,
        id: &RequestId,
        handle: AbortHandle,
        task: Option<String>,
    ) -> Result<(), Refusal> {
        if self.open.contains_key(id) {
            return Err(Refusal::invalid(TWICE));
        }
        if self.open.len() >= MAX_OPEN {
            return Err(Refusal::failed(format!(
                "more than {MAX_OPEN} questions at once"
            )));
        }
        if self.since >= MAX_SINCE {
            let when = if self.under_way > 0 {
                "the client's requests are under way"
            } else {
                "no request of the client is under way"
            };
            return Err(Refusal::failed(format!(
                "more than {MAX_SINCE} questions while {when}"
            )));
        }
        self.since += 1;
        self.begin();
        self.open.insert(id.clone(), Open { handle, task });
        Ok(())
    }

    /// The question is answered, or is to be no more; what ends it, unless it was so before.
    pub(super) fn close(&mut self, id: &RequestId) -> Option<AbortHandle> {
        let open = self.open.remove(id);
        self.rest();
        open.map(|open| open.handle)
    }

    /// The questions of a task are to be answered no more; what ends them.
    pub(super) fn close_of_task(&mut self, task: &str) -> Vec<AbortHandle> {
        let is_of_task = |_: &RequestId, open: &mut Open| open.task.as_deref() == Some(task);
        let closed = self.open.extract_if(is_of_task);
        let handles = closed.map(|(_, open)| open.handle).collect();
        self.rest();
        handles
    }

    /// No question is to be answered any more, nor any request about tasks that may be withdrawn; what ends them.
    pub(super) fn close_all(&mut self) -> Vec<AbortHandle> {
        let questions = self.open.drain().map(|(_, open)| open.handle);
        let mut handles: Vec<AbortHandle> = questions.collect();
        let about_tasks = self.about_tasks.extract_if(|_, handle| handle.is_some());
        handles.extend(about_tasks.filter_map(|(_, handle)| handle));
        self.rest();
        handles
    }

    /// Makes room for a request about tasks, with what ends one that may be withdrawn.
    pub(super) fn open_about_task(
        &mut self,
        id: &RequestId,
        handle: Option<AbortHandle>,
    ) -> Result<(), Refusal> {
        if self.about_tasks.contains_key(id) {
            return Err(Refusal::invalid(TWICE));
        }
        if self.about_tasks.len() >= MAX_ABOUT_TASKS {
            return Err(Refusal::failed(format!(
                "more than {MAX_ABOUT_TASKS} requests about tasks at once"
            )));
        }
        self.about_tasks.insert(id.clone(), handle);
        Ok(())
    }

    /// The request about tasks is answered.
    pub(super) fn close_about_task(&mut self, id: &RequestId) {
        self.about_tasks.remove(id);
    }

    /// What ends a request about tasks that may be withdrawn.
    pub(super) fn withdraw_about_task(&mut self, id: &RequestId) -> Option<AbortHandle> {
        if !matches!(self.about_tasks.get(id), Some(Some(_))) {
            return None;
        }
        self.about_tasks.remove(id).flatten()
    }

    /// Whether the server waits for us.
    pub(super) fn is_our_turn(&self) -> bool {
        !self.open.is_empty() || self.at_work > 0
    }

    /// How long the server had to wait for us, altogether.
    pub(super) fn time(&self) -> Duration {
        self.spent + self.begun.map(|begun| begun.elapsed()).unwrap_or_default()
    }

    fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// Stops the clock when the server waits for us no more.
    fn rest(&mut self) {
        if !self.is_our_turn()
            && let Some(begun) = self.begun.take()
        {
            self.spent += begun.elapsed();
        }
    }

    /// A page that the user is sent to.
    pub(super) fn page(&mut self, elicitation_id: &str) -> Arc<Notify> {
        if self.pages.len() >= MAX_PAGES {
            self.pages.clear();
        }
        let page = self.pages.entry(elicitation_id.to_owned());
        page.or_default().clone()
    }

    /// The user has come back from a page; one that nobody was sent to is passed over.
    pub(super) fn visited(&mut self, elicitation_id: &str) {
        if let Some(page) = self.pages.remove(elicitation_id) {
            page.notify_waiters();
        }
    }
}

/// A task of the server that is being worked on.
pub(in crate::client) struct AtWork<'a>(&'a Hearing);

impl<'a> AtWork<'a> {
    pub(super) fn begin(hearing: &'a Hearing) -> Self {
        let mut questions = lock(&hearing.questions);
        questions.begin();
        questions.at_work += 1;
        Self(hearing)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut questions = lock(&self.0.questions);
        questions.at_work -= 1;
        questions.rest();
        drop(questions);
        self.0.your_turn();
    }
}

/// A request of ours that is under way.
pub(in crate::client) struct UnderWay<'a>(&'a Hearing);

impl<'a> UnderWay<'a> {
    pub(super) fn begin(hearing: &'a Hearing) -> Self {
        let mut questions = lock(&hearing.questions);
        // A client that is never idle is asked too, for each of its requests as often as for one alone.
        questions.since = 0;
        questions.under_way += 1;
        Self(hearing)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut questions = lock(&self.0.questions);
        questions.under_way -= 1;
        if questions.under_way == 0 {
            questions.since = 0;
        }
    }
}

const TWICE: &str = "the id of the request is that of another one which is still open";

/// Most questions of a server that are answered at once.
const MAX_OPEN: usize = 16;

/// Most requests of a server about tasks that are answered at once.
const MAX_ABOUT_TASKS: usize = 64;

/// Most questions of a server while requests of ours are under way, and between them.
const MAX_SINCE: usize = 256;

/// Most pages that users were sent to and have not come back from.
const MAX_PAGES: usize = 256;

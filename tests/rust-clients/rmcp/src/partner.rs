//! The client's side of the conversation: it answers the server's questions as the plan says, and remembers what it
//! was asked and told.

#![expect(
    deprecated,
    reason = "servers of older revisions ask for sampling and roots, and must be answered"
)]

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use rmcp::model::{
    ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams,
    ElicitResult, ErrorData, ListRootsResult, ProgressNotificationParam, ProgressToken,
    ResourceUpdatedNotificationParam,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ClientHandler, RoleClient};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::plan::{Answers, Plan};

/// The handler of what comes from the server.
#[derive(Debug)]
pub(crate) struct Partner {
    config: ClientConfig,
    memory: Mutex<Memory>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Memory {
    answers: Answers,
    asked: Vec<(String, Value)>,
    told: Vec<String>,
    progress: HashMap<ProgressToken, Vec<f64>>,
}

impl Partner {
    /// A partner that declares what the plan has answers for.
    pub(crate) fn new(plan: &Plan) -> Result<Self> {
        let mut capabilities = json!({});
        if plan.answers.elicitation.is_some() {
            capabilities["elicitation"] = json!({"form": {}, "url": {}});
        }
        if plan.answers.sampling.is_some() {
            capabilities["sampling"] = json!({});
        }
        if plan.answers.roots.is_some() {
            capabilities["roots"] = json!({});
        }
        let config = json!({
            "protocolVersion": plan.legacy_version,
            "capabilities": capabilities,
            "clientInfo": {"name": "midfield-interop", "version": "0"},
        });
        Ok(Self {
            config: serde_json::from_value(config).context("rmcp refused the capabilities")?,
            memory: Mutex::new(Memory {
                answers: plan.answers.clone(),
                ..Memory::default()
            }),
            news: Notify::new(),
        })
    }

    /// Answers otherwise from now on; returns the answers until now.
    pub(crate) fn answer(&self, answers: Answers) -> Answers {
        std::mem::replace(&mut self.memory().answers, answers)
    }

    /// What it was asked since the last look: methods and parameters.
    pub(crate) fn take_asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.memory().asked)
    }

    /// Forgets what it was told.
    pub(crate) fn forget_told(&self) {
        self.memory().told.clear();
    }

    /// Waits until it was told `event`: an URI, or the name of a list.
    pub(crate) async fn until_told(&self, event: &str) {
        loop {
            let news = self.news.notified();
            if self.memory().told.iter().any(|told| told == event) {
                return;
            }
            news.await;
        }
    }

    /// Waits until `count` progress notifications came for a request, and returns all.
    pub(crate) async fn progress(&self, token: &ProgressToken, count: usize) -> Vec<f64> {
        loop {
            let news = self.news.notified();
            let heard = self.heard(token);
            if heard.len() >= count {
                return heard;
            }
            news.await;
        }
    }

    /// The progress of a request so far.
    pub(crate) fn heard(&self, token: &ProgressToken) -> Vec<f64> {
        self.memory()
            .progress
            .get(token)
            .cloned()
            .unwrap_or_default()
    }

    fn reply<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
        choose: fn(&Answers) -> Option<Value>,
    ) -> Result<T, ErrorData> {
        let mut memory = self.memory();
        let params = serde_json::to_value(params).unwrap_or_default();
        memory.asked.push((method.to_owned(), params));
        let answer = choose(&memory.answers)
            .ok_or_else(|| ErrorData::internal_error(format!("no answer to {method}"), None))?;
        serde_json::from_value(answer)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }

    fn told(&self, event: impl Into<String>) {
        self.memory().told.push(event.into());
        self.news.notify_waiters();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientHandler for Partner {
    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        self.reply("sampling/createMessage", &params, |answers| {
            answers.sampling.clone()
        })
    }

    async fn list_roots(
        &self,
        _context: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        self.reply("roots/list", &json!({}), |answers| {
            answers.roots.clone().map(|roots| json!({"roots": roots}))
        })
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        self.reply("elicitation/create", &params, |answers| {
            answers.elicitation.clone()
        })
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.memory()
            .progress
            .entry(params.progress_token)
            .or_default()
            .push(params.progress);
        self.news.notify_waiters();
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.told(params.uri);
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.told("tools");
    }

    async fn on_prompt_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.told("prompts");
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.told("resources");
    }

    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }
}

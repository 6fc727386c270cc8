//! What the server answers: lists, resources, prompts, subscriptions, skills and tasks. The tools are in `tools`.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams,
    CompleteResult, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult,
    ListToolsResult, LoggingLevel, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, Skill, SkillFrontmatter, SkillResource, SkillResources,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::task_manager::TaskManager;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Sender, channel};

use crate::tools;

/// The resource that a tool changes.
pub(crate) const COUNTER: &str = "memo://counter";
/// A picture of one pixel.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const CITIES: [&str; 4] = ["Berlin", "Bern", "Bremen", "Paris"];
const PAGE: usize = 5;
const SKILL: &str = "skill://tally/SKILL.md";
const SKILL_TEXT: &str =
    "---\nname: tally\ndescription: Adds numbers with the tool `add`\n---\n\nCall `add`.\n";

/// Something that subscribers hear of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Tools,
    Counter,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) tasks: TaskManager,
    pub(crate) added: Mutex<Vec<String>>,
    pub(crate) touched: AtomicU64,
    pub(crate) changes: Sender<Change>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            tasks: TaskManager::new(),
            added: Mutex::default(),
            touched: AtomicU64::default(),
            changes: channel(64).0,
        }
    }
}

/// The server for one connection, or for one request in the modern era over HTTP.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) subscribed: Arc<Mutex<HashSet<String>>>,
    pub(crate) level: Arc<Mutex<Option<LoggingLevel>>>,
}

impl Peer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            subscribed: Arc::default(),
            level: Arc::default(),
        }
    }
}

/// A lock whose data is whole even if another holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A type of rmcp's from the JSON that it stands for.
pub(crate) fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// The same for a whole result; rmcp takes `resultType` out again where the revision has none.
pub(crate) fn complete<T: DeserializeOwned>(mut result: Value) -> Result<T, ErrorData> {
    result["resultType"] = "complete".into();
    from_json(result)
}

/// One page of a list, and the cursor of the next.
fn page<T: Clone>(
    items: &[T],
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|request| request.cursor) {
        Some(cursor) => cursor
            .parse()
            .ok()
            .filter(|start| *start < items.len())
            .ok_or_else(|| ErrorData::invalid_params("no such cursor", None))?,
        None => 0,
    };
    let end = items.len().min(start + PAGE);
    let next = (end < items.len()).then(|| end.to_string());
    Ok((items[start..end].to_vec(), next))
}

fn skill() -> Skill {
    let file = SkillResource::from_bytes(SKILL, SKILL_TEXT.as_bytes());
    let head = SkillFrontmatter::new("tally", "Adds numbers with the tool `add`");
    Skill::new(SKILL, head, SkillResources::Files(vec![file]))
}

impl ServerHandler for Peer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_resources()
            .enable_tools()
            .enable_resources_subscribe()
            .enable_tool_list_changed()
            .enable_tasks()
            .enable_skills()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("rmcp-peer", "1.0.0"))
            .with_instructions("Call `echo` first.")
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (tools, next) = page(&tools::list(self)?, request)?;
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor = next;
        if tools::is_modern(&context) {
            result.ttl_ms = Some(60_000);
            result.cache_scope = Some(CacheScope::Public);
        }
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        tools::call(self, request, context).await
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::list(self)
            .ok()?
            .into_iter()
            .find(|tool| tool.name == name)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = vec![
            json!({"uri": COUNTER, "name": "counter", "mimeType": "text/plain"}),
            json!({"uri": "memo://pixel", "name": "pixel", "mimeType": "image/png"}),
        ];
        listed.extend(CITIES.map(|city| {
            json!({"uri": format!("memo://note/{city}"), "name": city, "mimeType": "text/plain"})
        }));
        let (resources, next) = page(&listed, request)?;
        complete(json!({"resources": resources, "nextCursor": next}))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let note =
            json!({"uriTemplate": "memo://note/{name}", "name": "note", "mimeType": "text/plain"});
        complete(json!({"resourceTemplates": [note]}))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let content = match uri {
            "memo://pixel" => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
            SKILL => json!({"uri": uri, "mimeType": "text/markdown", "text": SKILL_TEXT}),
            COUNTER => {
                let touched = self
                    .shared
                    .touched
                    .load(std::sync::atomic::Ordering::Relaxed);
                json!({"uri": uri, "mimeType": "text/plain", "text": touched.to_string()})
            }
            _ => match uri.strip_prefix("memo://note/") {
                Some(name) => {
                    json!({"uri": uri, "mimeType": "text/plain", "text": format!("a note on {name}")})
                }
                None => {
                    return Err(ErrorData::resource_not_found(
                        "resource not found",
                        Some(json!({"uri": uri})),
                    ));
                }
            },
        };
        Ok(complete::<ReadResourceResult>(json!({"contents": [content]}))?.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let city = json!({"name": "city", "required": true});
        let listed = [
            json!({"name": "greet", "description": "Greets somebody", "arguments": [city]}),
            json!({"name": "picture", "description": "Shows a picture"}),
        ];
        let (prompts, next) = page(&listed, request)?;
        complete(json!({"prompts": prompts, "nextCursor": next}))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let content = match (request.name.as_str(), arguments["city"].as_str()) {
            ("greet", Some(city)) => json!({"type": "text", "text": format!("Greet {city}")}),
            ("picture", _) => json!({"type": "image", "data": PIXEL, "mimeType": "image/png"}),
            _ => {
                return Err(ErrorData::invalid_params(
                    "no such prompt with these arguments",
                    None,
                ));
            }
        };
        let messages = json!({"messages": [{"role": "user", "content": content}]});
        Ok(complete::<GetPromptResult>(messages)?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let start = request.argument.value.as_str();
        let values: Vec<&str> = CITIES
            .into_iter()
            .filter(|city| city.starts_with(start))
            .collect();
        complete(json!({"completion": {"values": values, "total": values.len(), "hasMore": false}}))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *lock(&self.level) = Some(request.level);
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        lock(&self.subscribed).insert(request.uri);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        lock(&self.subscribed).remove(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.shared.changes.subscribe();
        loop {
            let change = tokio::select! {
                () = context.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            // What was not subscribed to is refused by the sink, and one that lags behind has missed a change.
            let _ = match change {
                Ok(Change::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Change::Counter) => context.sink().notify_resource_updated(COUNTER).await,
                Err(_) => continue,
            };
        }
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(
            self.shared.tasks.get_task(&request.task_id)?,
        ))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared
            .tasks
            .update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared.tasks.cancel_task(&request.task_id)
    }

    async fn list_skills(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        Ok(ListSkillsResult::with_all_items(vec![skill()]))
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        if request.uri == SKILL {
            return Ok(GetSkillResult::new(skill()));
        }
        Err(ErrorData::invalid_params("no such skill", None))
    }
}

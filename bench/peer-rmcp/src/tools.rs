//! The tools: `echo`, `add`, `progress` and 47 that only fill the list; and the resource `bench://text`.

use std::sync::Arc;

use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
    CreateTaskResult, GetTaskParams, GetTaskResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, ResourceContents, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::schemars::JsonSchema;
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskManager, TaskOptions};
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_router};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct EchoArguments {
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct AddArguments {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: i64,
}

#[derive(Deserialize, JsonSchema)]
struct ProgressArguments {
    n: u32,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct FillerArguments {
    /// What to look for
    query: String,
    /// How many at most
    limit: Option<i64>,
    verbose: Option<bool>,
}

/// The server; clones share one router.
#[derive(Clone)]
pub(crate) struct Bench {
    router: Arc<ToolRouter<Self>>,
    tasks: TaskManager,
}

#[tool_router]
impl Bench {
    #[tool(description = "Echo the text back")]
    async fn echo(&self, Parameters(EchoArguments { text }): Parameters<EchoArguments>) -> String {
        text
    }

    #[tool(description = "Add two integers")]
    async fn add(&self, Parameters(AddArguments { a, b }): Parameters<AddArguments>) -> Json<Sum> {
        Json(Sum { sum: a + b })
    }

    #[tool(description = "Emit n progress notifications")]
    async fn progress(
        &self,
        Parameters(ProgressArguments { n }): Parameters<ProgressArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let Some(token) = context.meta.get_progress_token() else {
            return Ok("done".to_owned());
        };
        for step in 1..=n {
            let progress = ProgressNotificationParam::new(token.clone(), f64::from(step))
                .with_total(f64::from(n));
            let sent = context.peer.notify_progress(progress).await;
            sent.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        }
        Ok("done".to_owned())
    }
}

impl Bench {
    /// The server with its 50 tools.
    pub(crate) fn new() -> Self {
        let mut router = Self::tool_router();
        for number in 0..47 {
            let schema = rmcp::handler::server::common::schema_for_type::<FillerArguments>();
            let description =
                format!("Filler tool number {number}, here to give tools/list a real size");
            let tool = Tool::new(format!("filler_{number:02}"), description, schema);
            router.add_route(ToolRoute::new_dyn(tool, |_| {
                Box::pin(async {
                    Ok(CallToolResult::success(vec![ContentBlock::text("filler")]).into())
                })
            }));
        }
        Self {
            router: Arc::new(router),
            tasks: TaskManager::new(),
        }
    }
}

impl Bench {
    /// `add` as a task, as this crate's manager of tasks runs it.
    fn add_as_task(&self, request: CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
        let arguments = serde_json::Value::Object(request.arguments.unwrap_or_default());
        let arguments: AddArguments = serde_json::from_value(arguments)
            .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        let sum = Sum {
            sum: arguments.a + arguments.b,
        };
        let task = self.tasks.spawn(TaskOptions::new(), move |_| {
            Box::pin(async move {
                let sum = serde_json::to_value(sum).map_err(|error| {
                    TaskExit::Error(ErrorData::internal_error(error.to_string(), None))
                })?;
                Ok(CallToolResult::structured(sum))
            })
        });
        Ok(CallToolResponse::Task(CreateTaskResult::new(task)))
    }
}

impl ServerHandler for Bench {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let knows_tasks = context
            .client_capabilities()
            .is_some_and(|capabilities| capabilities.supports_tasks());
        if request.name == "add" && knows_tasks {
            return self.add_as_task(request);
        }
        self.router
            .call(ToolCallContext::new(self, request, context))
            .await
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let modern = context
            .protocol_version()
            .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        let mut result = ListToolsResult::with_all_items(self.router.list_all());
        result.ttl_ms = modern.then_some(0);
        result.cache_scope = modern.then_some(CacheScope::Public);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if request.uri != "bench://text" {
            return Err(ErrorData::resource_not_found("no such resource", None));
        }
        let text = "The quick brown fox jumps over the lazy dog.";
        let contents = ResourceContents::text(text, request.uri);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.router.get(name).cloned()
    }

    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder();
        ServerConfig::new(
            capabilities
                .enable_tools()
                .enable_resources()
                .enable_tasks()
                .build(),
        )
    }
}

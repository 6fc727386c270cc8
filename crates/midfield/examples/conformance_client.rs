//! The client that the official conformance suite tests. The suite names the scenario in the environment, and appends the
//! server's URL to the command line.

use std::env;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::future::try_join;
use midfield::Client;
use midfield::client::{AnswerElicitation, Asker, ClientBuilder, Error, Refusal, Sample, Speak};
use midfield::types::{
    Action, CreateMessage, ElicitResult, Elicitation, ElicitationCapability, Implementation, Root,
    SampleResult, SamplingContent, Settings,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A user that agrees to everything and fills in nothing: defaults are for the client.
struct Agreeable;

impl AnswerElicitation for Agreeable {
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes.url = Some(Settings::default());
        modes
    }

    async fn answer(&self, elicitation: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        let mut result = ElicitResult::new(Action::Accept);
        if let Elicitation::Form {
            requested_schema, ..
        } = &elicitation
        {
            let fields = requested_schema
                .keywords()
                .get("properties")
                .and_then(Value::as_object);
            let without_default = fields
                .into_iter()
                .flatten()
                .filter(|(_, field)| field.get("default").is_none());
            let booleans =
                without_default.filter(|(_, field)| field.get("type") == Some(&json!("boolean")));
            result.content = Some(
                booleans
                    .map(|(name, _)| (name.clone(), true.into()))
                    .collect(),
            );
        }
        Ok(result)
    }
}

/// A model that always says the same.
struct Parrot;

impl Sample for Parrot {
    async fn sample(&self, _: CreateMessage, _: Asker) -> Result<SampleResult, Refusal> {
        Ok(SampleResult::new(
            "parrot",
            vec![SamplingContent::text("Paris.")],
        ))
    }
}

fn builder() -> ClientBuilder {
    // Suites that do not say which revision they speak know none of the modern era.
    let revision = env::var("MCP_CONFORMANCE_PROTOCOL_VERSION").unwrap_or_default();
    let speak = if revision.as_str() < "2026-07-28" {
        Speak::Legacy
    } else {
        Speak::Modern
    };
    Client::builder()
        .implementation(Implementation::new(
            "midfield-conformance",
            env!("CARGO_PKG_VERSION"),
        ))
        .speak(speak)
        .elicitation(Agreeable)
        .sampling(Parrot)
        .roots(vec![Root::new("file:///tmp")])
        .extension("io.modelcontextprotocol/skills", Settings::default())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let url = env::args()
        .next_back()
        .context("give the URL of the server")?;
    let scenario = env::var("MCP_CONFORMANCE_SCENARIO").context("no scenario is named")?;
    let client = builder().connect(url.as_str()).await?;
    match scenario.as_str() {
        "initialize" | "request-metadata" | "json-schema-ref-no-deref" => {
            drop(client.tools().await?);
        }
        "tools_call" => {
            client.tools().await?;
            client
                .call_tool("add_numbers", json!({"a": 5, "b": 3}))
                .await?;
        }
        "elicitation-sep1034-client-defaults" => {
            client
                .call_tool("test_client_elicitation_defaults", ())
                .await?;
        }
        "sse-retry" => {
            client.tools().await?;
            client.call_tool("test_reconnection", ()).await?;
        }
        "sep-2322-client-request-state" => request_state(&client).await?,
        "http-standard-headers" => every_list(&client).await?,
        "http-custom-headers" => custom_headers(&client).await?,
        "http-invalid-tool-headers" => {
            for tool in client.tools().await?.iter() {
                client
                    .call_tool(&tool.name, json!({"region": "us-west1"}))
                    .await?;
            }
        }
        "json-schema-2020-12-preservation" => {
            let tools = client.tools().await?;
            let tool = tools
                .iter()
                .find(|tool| tool.name == "json_schema_2020_12_tool");
            let schema = &tool.context("the tool is not listed")?.input_schema;
            client
                .call_tool("json_schema_echo", json!({"schema": schema}))
                .await?;
        }
        "sep-2640-client-no-prefetch" => {
            let skills = client.skills().await?;
            ensure!(!skills.is_empty(), "there are no skills");
        }
        "sep-2640-client-verify-digest"
        | "sep-2640-client-verify-size"
        | "sep-2640-client-verify-frontmatter" => {
            spoiled_skill(&client).await?;
        }
        other => bail!("the scenario {other} is not known"),
    }
    client.close().await;
    Ok(())
}

async fn request_state(client: &Client) -> Result<()> {
    client.tools().await?;
    let asked = async { client.call_tool("test_mrtr_echo_state", ()).await };
    let unrelated = async { client.call_tool("test_mrtr_unrelated", ()).await };
    try_join(asked, unrelated).await?;
    client.call_tool("test_mrtr_no_state", ()).await?;
    client.call_tool("test_mrtr_no_result_type", ()).await?;
    Ok(())
}

async fn every_list(client: &Client) -> Result<()> {
    for tool in client.tools().await?.iter() {
        client.call_tool(&tool.name, Map::new()).await?;
    }
    for resource in client.resources().await?.iter() {
        client.read_resource(&resource.uri).await?;
    }
    for prompt in client.prompts().await?.iter() {
        client.get_prompt(&prompt.name).await?;
    }
    Ok(())
}

async fn custom_headers(client: &Client) -> Result<()> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Plan {
        tool_calls: Vec<Planned>,
    }
    #[derive(Deserialize)]
    struct Planned {
        name: String,
        #[serde(default)]
        arguments: Map<String, Value>,
    }
    let plan: Plan = serde_json::from_str(&env::var("MCP_CONFORMANCE_CONTEXT")?)?;
    client.tools().await?;
    for call in plan.tool_calls {
        client.call_tool(call.name, call.arguments).await?;
    }
    Ok(())
}

/// A skill that is not what its list says must not be loaded.
async fn spoiled_skill(client: &Client) -> Result<()> {
    for entry in client.skills().await? {
        match client.load_skill(&entry).await {
            Err(Error::Unverified { uri, detail }) => eprintln!("did not load {uri}: {detail}"),
            Err(error) => return Err(error.into()),
            Ok(_) => bail!("loaded a skill that is not what its list says"),
        }
    }
    Ok(())
}

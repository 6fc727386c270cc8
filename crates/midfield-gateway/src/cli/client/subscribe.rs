//! `midfield subscribe`: hears of changes.

use clap::Args;
use midfield::client::Change;
use midfield::types::Filter;
use serde_json::Value;

use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::{json, line};
use crate::cli::{Verdict, note};

/// The arguments of `midfield subscribe`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield subscribe [OPTIONS] SERVER\n       midfield subscribe [OPTIONS] -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Subscribe {
    /// The server: a URL, a file with servers, a configuration of midfield, or the name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    /// Hear of the list of tools. Without any choice: of all lists.
    #[arg(long)]
    tools: bool,

    /// Hear of the list of prompts.
    #[arg(long)]
    prompts: bool,

    /// Hear of the list of resources.
    #[arg(long)]
    resources: bool,

    /// Hear of the resource at this URI. May be given more than once.
    #[arg(long, value_name = "URI")]
    uri: Vec<String>,

    /// Print an object on a line for each change, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    via: Via,
}

impl Subscribe {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let server = self.via.only(self.server.as_ref())?;
        self.via.run(server, "it listens no more", async |session| {
            self.listen(session).await
        })
    }

    async fn listen(&self, session: &Session) -> anyhow::Result<Verdict> {
        let filter = self.filter();
        let mut subscription = session.client.subscribe(filter.clone()).await?;
        let left_out = left_out(&filter, subscription.accepted());
        if !left_out.is_empty() {
            note(&format!(
                "the server does not tell of {}",
                left_out.join(", ")
            ));
        }
        if *subscription.accepted() == Filter::default() {
            return Err(Ended::new(Exit::NotFound, "the server tells of none of it").into());
        }
        note("listening, until Ctrl-C");
        while let Some(change) = subscription.next().await {
            let told = if self.json {
                json(&object(&change), false)
            } else {
                format!("{}\n", text(&change))
            };
            session.print_on(&told)?;
        }
        Err(Ended::new(Exit::Unreachable, "the server can be listened to no more").into())
    }

    fn filter(&self) -> Filter {
        let is_all = !(self.tools || self.prompts || self.resources) && self.uri.is_empty();
        let mut filter = Filter::default();
        filter.tools_list_changed = self.tools || is_all;
        filter.prompts_list_changed = self.prompts || is_all;
        filter.resources_list_changed = self.resources || is_all;
        filter.resource_subscriptions.clone_from(&self.uri);
        filter
    }
}

/// What of a wish is not told.
fn left_out(wish: &Filter, accepted: &Filter) -> Vec<String> {
    let lists = [
        (
            "tools",
            wish.tools_list_changed,
            accepted.tools_list_changed,
        ),
        (
            "prompts",
            wish.prompts_list_changed,
            accepted.prompts_list_changed,
        ),
        (
            "resources",
            wish.resources_list_changed,
            accepted.resources_list_changed,
        ),
    ];
    let lists = lists
        .into_iter()
        .filter(|(_, wished, told)| *wished && !told);
    let lists = lists.map(|(name, _, _)| format!("the list of {name}"));
    let uris = wish.resource_subscriptions.iter();
    let uris = uris.filter(|uri| !accepted.resource_subscriptions.contains(uri));
    lists.chain(uris.map(|uri| line(uri))).collect()
}

fn text(change: &Change) -> String {
    match change {
        Change::Tools => "the list of tools".to_owned(),
        Change::Prompts => "the list of prompts".to_owned(),
        Change::Resources => "the list of resources".to_owned(),
        Change::Resource(uri) => line(uri),
        Change::Task(state) => format!("task {}: {}", line(&state.task.id), state.task.status),
        _ => "something".to_owned(),
    }
}

fn object(change: &Change) -> Value {
    match change {
        Change::Tools => serde_json::json!({"changed": "tools"}),
        Change::Prompts => serde_json::json!({"changed": "prompts"}),
        Change::Resources => serde_json::json!({"changed": "resources"}),
        Change::Resource(uri) => serde_json::json!({"changed": "resource", "uri": uri}),
        Change::Task(state) => serde_json::json!({"changed": "task", "taskId": state.task.id}),
        _ => serde_json::json!({"changed": "something"}),
    }
}

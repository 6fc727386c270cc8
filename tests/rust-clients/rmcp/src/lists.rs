//! The lists of a server, page by page.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use rmcp::model::PaginatedRequestParams;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Client;
use crate::checks::Checks;
use crate::compare::must_equal;
use crate::plan::{List, Plan};

/// More pages than any server under test has: a cursor that never ends must end the test.
const MOST_PAGES: usize = 100;

/// A list method, and the member that names an entry of its list.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tools,
    Resources,
    ResourceTemplates,
    Prompts,
}

/// Checks every list that the plan has.
pub(crate) async fn check(client: &Client, plan: &Plan, checks: &mut Checks) {
    let lists = [
        (Kind::Tools, &plan.tools),
        (Kind::Resources, &plan.resources),
        (Kind::ResourceTemplates, &plan.resource_templates),
        (Kind::Prompts, &plan.prompts),
    ];
    for (kind, list) in lists {
        let Some(list) = list else { continue };
        let outcome = check_one(client, kind, list).await;
        checks.record(&format!("{} page by page", kind.method()), outcome);
    }
}

impl Kind {
    const fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Resources => "resources/list",
            Self::ResourceTemplates => "resources/templates/list",
            Self::Prompts => "prompts/list",
        }
    }

    /// The member of the result, and the member of its entries.
    const fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "name"),
            Self::Resources => ("resources", "uri"),
            Self::ResourceTemplates => ("resourceTemplates", "uriTemplate"),
            Self::Prompts => ("prompts", "name"),
        }
    }

    async fn page(self, client: &Client, cursor: Option<String>) -> Result<Value> {
        let params = Some(PaginatedRequestParams::default().with_cursor(cursor));
        match self {
            Self::Tools => value(&client.list_tools(params).await?),
            Self::Resources => value(&client.list_resources(params).await?),
            Self::ResourceTemplates => value(&client.list_resource_templates(params).await?),
            Self::Prompts => value(&client.list_prompts(params).await?),
        }
    }
}

async fn check_one(client: &Client, kind: Kind, list: &List) -> Result<()> {
    let (names, count) = pages(client, kind).await?;
    let different: HashSet<&String> = names.iter().collect();
    must_equal(
        &different.len().into(),
        &names.len().into(),
        "the number of different names",
    )?;
    let missing: Vec<&String> = list
        .present
        .iter()
        .filter(|name| !different.contains(name))
        .collect();
    must_equal(&json!(missing), &json!([]), "the list of what is missing")?;
    match list.pages {
        Some(pages) => must_equal(&count.into(), &pages.into(), "the number of pages"),
        None => Ok(()),
    }
}

/// The names of all entries, with the number of pages.
async fn pages(client: &Client, kind: Kind) -> Result<(Vec<String>, usize)> {
    let (list, member) = kind.members();
    let mut names = Vec::new();
    let mut cursor = None;
    for count in 1..=MOST_PAGES {
        let page = kind.page(client, cursor).await?;
        let entries = page
            .get(list)
            .and_then(Value::as_array)
            .context("no list in the result")?;
        for entry in entries {
            let name = entry.get(member).and_then(Value::as_str);
            names.push(name.context("an entry has no name")?.to_owned());
        }
        cursor = page
            .get("nextCursor")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if cursor.is_none() {
            return Ok((names, count));
        }
    }
    bail!("{} did not end after {MOST_PAGES} pages", kind.method())
}

fn value(result: &impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(result)?)
}

//! What is unusual about a server.

use std::collections::HashSet;

use midfield::client::{Client, ServerInfo};
use midfield::types::{Schema, Tool};
use serde_json::{Value, json};

use super::super::list::Lists;
use super::words::{suspicion, suspicion_in};

/// All that is unusual, each in a sentence.
pub(super) async fn all(client: &Client, lists: &Lists) -> Vec<String> {
    let mut found = Vec::new();
    itself(&client.server(), &mut found);
    if let Err(error) = client.ping().await {
        found.push(format!("it does not answer a ping: {error}"));
    }
    let tools = lists
        .tools
        .as_deref()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (name, reason) in left_out(client, tools).await {
        found.push(format!("the tool `{name}` is left out: {reason}"));
    }
    names(
        "tool",
        tools.iter().map(|tool| tool.name.as_str()),
        &mut found,
    );
    for told in tools.iter().flat_map(of_tool) {
        found.push(told);
    }
    for prompt in lists.prompts.iter().flat_map(|list| list.iter()) {
        let what = format!("the prompt `{}`", prompt.name);
        text(&what, prompt.description.as_deref(), &mut found);
    }
    for resource in lists.resources.iter().flat_map(|list| list.iter()) {
        let what = format!("the resource `{}`", resource.uri);
        if url::Url::parse(&resource.uri).is_err() {
            found.push(format!("{what} is no URI"));
        }
        for said in [
            Some(resource.name.as_str()),
            resource.description.as_deref(),
        ] {
            if let Some(told) = said.and_then(suspicion) {
                found.push(format!("{what} {told}"));
            }
        }
    }
    let uris = lists.resources.iter().flat_map(|list| list.iter());
    twice(
        "resource",
        uris.map(|resource| resource.uri.as_str()),
        &mut found,
    );
    let prompts = lists.prompts.iter().flat_map(|list| list.iter());
    twice(
        "prompt",
        prompts.map(|prompt| prompt.name.as_str()),
        &mut found,
    );
    found
}

/// What a server says of itself as a whole.
fn itself(server: &ServerInfo, found: &mut Vec<String>) {
    match &server.implementation {
        None => found.push("it does not say what it is".to_owned()),
        Some(itself) if itself.name.is_empty() => found.push("its name is empty".to_owned()),
        Some(itself) => {
            let said = [
                Some(&itself.name),
                itself.title.as_ref(),
                itself.description.as_ref(),
            ];
            let told = said.into_iter().flatten().find_map(|said| suspicion(said));
            found.extend(told.map(|told| format!("what it says of itself {told}")));
        }
    }
    if let Some(told) = server.instructions.as_deref().and_then(suspicion) {
        found.push(format!("its instructions: what is said {told}"));
    }
    let Some(offers) = &server.capabilities else {
        found.push("it does not say what it offers".to_owned());
        return;
    };
    let is_announced = |list_changed: Option<bool>| list_changed == Some(true);
    let lists = [
        (
            "tools",
            offers
                .tools
                .as_ref()
                .map(|it| is_announced(it.list_changed)),
        ),
        (
            "prompts",
            offers
                .prompts
                .as_ref()
                .map(|it| is_announced(it.list_changed)),
        ),
        (
            "resources",
            offers
                .resources
                .as_ref()
                .map(|it| is_announced(it.list_changed)),
        ),
    ];
    for (name, is_announced) in lists {
        if is_announced == Some(false) {
            found.push(format!(
                "it does not say that it tells when its list of {name} changes (`listChanged`)"
            ));
        }
    }
}

fn of_tool(tool: &Tool) -> Vec<String> {
    let mut found = Vec::new();
    let what = format!("the tool `{}`", tool.name);
    text(&what, tool.description.as_deref(), &mut found);
    let schemas = [
        ("input", Some(&tool.input_schema)),
        ("output", tool.output_schema.as_ref()),
    ];
    for (name, schema) in schemas {
        let Some(schema) = schema else { continue };
        if let Some(told) = invalid(schema) {
            found.push(format!("{what}: its {name} schema is invalid: {told}"));
        }
        if let Some(told) = suspicion_in(&schema.to_value(), DEPTH) {
            found.push(format!("{what}: its {name} schema {told}"));
        }
    }
    found
}

/// A text that ought to be there and to say nothing strange.
fn text(what: &str, said: Option<&str>, found: &mut Vec<String>) {
    match said {
        None => found.push(format!("{what} has no description")),
        Some(said) if said.trim().is_empty() => found.push(format!("{what} has no description")),
        Some(said) => {
            if said.len() > MAX_DESCRIPTION {
                found.push(format!("{what}: its description has {} bytes", said.len()));
            }
            found.extend(suspicion(said).map(|told| format!("{what}: its description {told}")));
        }
    }
}

/// What is wrong with a schema.
fn invalid(schema: &Schema) -> Option<String> {
    let value = schema.to_value();
    if value.get("type").and_then(Value::as_str) != Some("object") {
        return Some("it is of no object".to_owned());
    }
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
    options.build(&value).err().map(|error| error.to_string())
}

/// Names outside of what the protocol allows, and those that are there twice.
fn names<'n>(what: &str, names: impl Iterator<Item = &'n str> + Clone, found: &mut Vec<String>) {
    for name in names.clone() {
        let is_usual = (1..=128).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !is_usual {
            found.push(format!(
                "the {what} `{name}` has a name that is not 1 to 128 of `A-Z a-z 0-9 _ - .`"
            ));
        }
    }
    twice(what, names, found);
}

fn twice<'n>(what: &str, names: impl Iterator<Item = &'n str>, found: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for name in names.filter(|name| !seen.insert(*name)) {
        found.push(format!("there are several of the {what} `{name}`"));
    }
}

/// The tools that the server lists and the client leaves out, on the list's first page, with the reason as far as it is known.
async fn left_out(client: &Client, kept: &[Tool]) -> Vec<(String, &'static str)> {
    let Ok(raw) = client.request("tools/list", json!({})).await else {
        return Vec::new();
    };
    let listed: Value = raw.read().unwrap_or_default();
    let listed = listed.get("tools").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(|tool| {
        let name = tool
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("without a name");
        let is_kept = kept.iter().any(|kept| kept.name == name);
        let has_headers = tool.to_string().contains("x-mcp-header");
        let reason = if has_headers {
            "its arguments cannot be repeated in headers as `x-mcp-header` says"
        } else {
            "it cannot be read"
        };
        (!is_kept).then(|| (name.to_owned(), reason))
    });
    listed.collect()
}

/// How deep a schema is looked into.
const DEPTH: usize = 32;

/// From how many bytes on a description is long.
const MAX_DESCRIPTION: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_schemas_are_looked_at() {
        let mut found = Vec::new();
        names("tool", ["a", "a b", "a"].into_iter(), &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
        let tool = |schema: Value| {
            let mut tool = Tool::new("t", Schema::new(schema.as_object().cloned().unwrap()));
            tool.description = Some("Does it.".to_owned());
            of_tool(&tool)
        };
        assert_eq!(tool(json!({"type": "object"})), [""; 0]);
        assert_eq!(tool(json!({"type": "object", "properties": 3})).len(), 1);
        assert_eq!(tool(json!({"type": "array"})).len(), 1);
    }
}

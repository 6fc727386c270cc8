//! Servers: which URL the paths of an operation stand behind.
//!
//! Nothing here depends on a tool's arguments, so that no argument chooses a host.

use std::collections::BTreeMap;

use url::Url;

use super::{MAX_LISTED, Options, Reason};
use crate::document::Node;

/// A server that the document offers for an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// Its URL as the document writes it, with `{variables}`.
    pub url: String,
    /// What the document says about it.
    pub description: Option<String>,
    /// Its variables.
    pub variables: Vec<ServerVariable>,
}

/// A variable in the URL of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerVariable {
    /// Its name.
    pub name: String,
    /// The value when none is set.
    pub default: Option<String>,
    /// The values that it may have; any when empty.
    pub allowed: Vec<String>,
}

/// The servers of an operation: its own, else those of its path, else those of the document.
pub(super) fn servers(operation: Node<'_>, item: Node<'_>, root: Node<'_>) -> Vec<Server> {
    let levels = [operation, item, root].into_iter();
    let mut lists = levels.map(|level| {
        let servers = level
            .member("servers")
            .into_iter()
            .flat_map(Node::items)
            .take(MAX_LISTED);
        servers.filter_map(server).collect::<Vec<_>>()
    });
    lists.find(|list| !list.is_empty()).unwrap_or_else(|| {
        vec![Server {
            url: "/".to_owned(),
            description: None,
            variables: Vec::new(),
        }]
    })
}

fn server(node: Node<'_>) -> Option<Server> {
    let node = node.resolve().ok()?;
    let variables = node
        .member("variables")
        .into_iter()
        .flat_map(Node::entries)
        .take(MAX_LISTED);
    Some(Server {
        url: node.text("url")?.trim().to_owned(),
        description: node.text("description").map(str::to_owned),
        variables: variables
            .map(|(name, variable)| variable_of(name, variable))
            .collect(),
    })
}

fn variable_of(name: &str, node: Node<'_>) -> ServerVariable {
    let scalar = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let allowed = node
        .member("enum")
        .into_iter()
        .flat_map(Node::items)
        .take(MAX_LISTED);
    let allowed: Vec<String> = allowed.filter_map(|item| scalar(item.value())).collect();
    let default = node.get("default").and_then(scalar);
    let only = if let [only] = allowed.as_slice() {
        Some(only.clone())
    } else {
        None
    };
    ServerVariable {
        name: name.to_owned(),
        default: default.or(only),
        allowed,
    }
}

/// The URL that the operation's path is put behind: absolute, without a slash at its end.
pub(super) fn base_url(
    servers: &[Server],
    document_url: Option<&Url>,
    options: &Options,
) -> Result<String, Reason> {
    if let Some(base) = &options.base_url {
        return checked(base.as_str());
    }
    let server = servers
        .get(options.server)
        .ok_or(Reason::NoSuchServer(options.server))?;
    let url = substitute(server, &options.server_variables)?;
    match Url::parse(&url) {
        Ok(_) => checked(&url),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let base = document_url.filter(|url| matches!(url.scheme(), "http" | "https"));
            let joined = match base {
                Some(base) => base.join(&url),
                // A host without a scheme: the safe one is taken.
                None if url.starts_with("//") => Url::parse(&format!("https:{url}")),
                None => return Err(Reason::NoServer(url)),
            };
            checked(joined.map_err(|_| Reason::InvalidServer(url))?.as_str())
        }
        Err(_) => Err(Reason::InvalidServer(url)),
    }
}

fn checked(text: &str) -> Result<String, Reason> {
    let invalid = || Reason::InvalidServer(text.to_owned());
    let url = Url::parse(text).map_err(|_| invalid())?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    // A password in a URL would be shown wherever the URL is.
    if !is_http || !url.username().is_empty() || url.password().is_some() {
        return Err(invalid());
    }
    let path = url.path().trim_end_matches('/');
    Ok(format!("{}{path}", url.origin().ascii_serialization()))
}

fn substitute(server: &Server, values: &BTreeMap<String, String>) -> Result<String, Reason> {
    let mut url = String::new();
    let mut rest = server.url.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        url.push_str(before);
        url.push_str(&value_of(server, name, values)?);
        rest = after;
    }
    url.push_str(rest);
    Ok(url)
}

fn value_of(
    server: &Server,
    name: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, Reason> {
    let variable = server
        .variables
        .iter()
        .find(|variable| variable.name == name);
    if let Some(value) = values.get(name) {
        let allowed = variable.map_or(&[][..], |variable| &variable.allowed);
        if !allowed.is_empty() && !allowed.contains(value) {
            let variable = name.to_owned();
            return Err(Reason::ServerVariableValue {
                variable,
                value: value.clone(),
            });
        }
        return Ok(value.clone());
    }
    variable
        .and_then(|variable| variable.default.clone())
        .ok_or_else(|| Reason::ServerVariable {
            variable: name.to_owned(),
        })
}

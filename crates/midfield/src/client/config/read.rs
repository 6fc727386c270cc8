//! From the document of a file to its servers.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::configured::Borrowed;
use super::{Configured, Dialect, Endpoint, Entry, Process, Secrets, Transport};

/// The servers that `document` has, wherever a host may keep them.
pub(super) fn servers(document: &Value, dialect: Dialect) -> Vec<Configured> {
    let mut read = Vec::new();
    let Some(document) = document.as_object() else {
        return read;
    };
    let excluded = document.get("mcp").and_then(|mcp| mcp.get("excluded"));
    for map in maps(document, dialect) {
        read.extend(map.iter().map(|(name, value)| {
            let mut server = server(name, value, dialect);
            let names = excluded.and_then(Value::as_array).into_iter().flatten();
            server.is_disabled |= names.into_iter().any(|excluded| excluded == name);
            server
        }));
    }
    let projects = document.get("projects").and_then(Value::as_object);
    for (folder, project) in projects.into_iter().flatten() {
        let map = project.get("mcpServers").and_then(Value::as_object);
        read.extend(map.into_iter().flatten().map(|(name, value)| Configured {
            project: Some(PathBuf::from(folder)),
            ..server(name, value, dialect)
        }));
    }
    read
}

/// The maps of servers by name.
fn maps(document: &Map<String, Value>, dialect: Dialect) -> Vec<&Map<String, Value>> {
    let keys = [
        "mcpServers",
        "servers",
        "mcp.servers",
        "context_servers",
        "mcp_servers",
    ];
    let mut found: Vec<_> = keys
        .iter()
        .filter_map(|key| document.get(*key)?.as_object())
        .collect();
    let mcp = document.get("mcp").and_then(Value::as_object);
    let within = mcp.and_then(|mcp| mcp.get("servers")?.as_object());
    found.extend(within);
    if dialect == Dialect::OpenCode && within.is_none() {
        found.extend(mcp);
    }
    found
}

fn server(name: &str, value: &Value, dialect: Dialect) -> Configured {
    let mut server = Configured {
        name: name.to_owned(),
        project: None,
        is_disabled: false,
        notes: Vec::new(),
        written: Err("it is no object".to_owned()),
        borrowed: Vec::new(),
        dialect,
        workspace: None,
    };
    if let Some(members) = value.as_object() {
        let mut members = Members {
            all: members,
            used: Vec::new(),
        };
        let is_off = members.get(&["disabled"]).and_then(Value::as_bool);
        let is_on = members.get(&["enabled"]).and_then(Value::as_bool);
        server.is_disabled = is_off == Some(true) || is_on == Some(false);
        server.written = entry(
            &mut members,
            dialect,
            &mut server.borrowed,
            &mut server.notes,
        );
        members.finish(&mut server.notes);
    }
    server
}

fn entry(
    members: &mut Members<'_>,
    dialect: Dialect,
    borrowed: &mut Vec<Borrowed>,
    notes: &mut Vec<String>,
) -> Result<Entry, String> {
    let kind = members.text(&["type", "transport", "transportType"])?;
    let has_command = members.all.get("command").is_some_and(|it| !it.is_null());
    let url = members.text(&["httpUrl", "serverUrl", "url"])?;
    match url {
        Some(url)
            if !has_command || kind.is_some_and(|kind| kind != "stdio" && kind != "local") =>
        {
            let is_sse = dialect == Dialect::Gemini && !members.all.contains_key("httpUrl");
            let transport = transport(kind, notes).or_else(|| is_sse.then_some(Transport::Sse));
            Ok(Entry::Url(Endpoint {
                url: url.to_owned(),
                headers: headers(members, borrowed)?,
                transport,
            }))
        }
        _ if has_command => command(members, borrowed).map(Entry::Command),
        _ if members
            .all
            .get("source")
            .is_some_and(|source| source == "extension") =>
        {
            Err("an extension of the host starts it".to_owned())
        }
        _ => Err("it has neither `command` nor `url`".to_owned()),
    }
}

fn command(members: &mut Members<'_>, borrowed: &mut Vec<Borrowed>) -> Result<Process, String> {
    let mut arguments = members.texts("args")?;
    let program = match members.get(&["command"]) {
        Some(Value::String(program)) => program.clone(),
        Some(Value::Array(words)) => {
            let mut words = texts("command", words)?.into_iter();
            let program = words.next();
            arguments = words.chain(arguments).collect();
            program.unwrap_or_default()
        }
        Some(Value::Object(nested)) => {
            // An older form of Zed.
            let mut nested = Members {
                all: nested,
                used: Vec::new(),
            };
            arguments.extend(nested.texts("args")?);
            let program = nested.text(&["path"])?.unwrap_or_default().to_owned();
            let mut process = Process::new(program, arguments);
            process.environment = nested.pairs(&["env"])?;
            return checked(process);
        }
        _ => return Err("`command` is no text".to_owned()),
    };
    for name in members
        .get(&["env_vars"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().or_else(|| name.get("name")?.as_str());
        borrowed.extend(name.map(|name| Borrowed {
            name: name.to_owned(),
            before: "",
            variable: name.to_owned(),
            is_optional: true,
        }));
    }
    let mut process = Process::new(program, arguments);
    process.environment = members.pairs(&["env", "environment"])?;
    process.folder = members.text(&["cwd"])?.map(PathBuf::from);
    checked(process)
}

fn checked(process: Process) -> Result<Process, String> {
    if process.program.is_empty() {
        return Err("`command` is empty".to_owned());
    }
    Ok(process)
}

fn headers(members: &mut Members<'_>, borrowed: &mut Vec<Borrowed>) -> Result<Secrets, String> {
    let mut headers = members.pairs(&["headers", "http_headers"])?;
    if let Some(Value::Array(lines)) = members.all.get("headers") {
        headers = Secrets::default();
        for line in texts("headers", lines)? {
            let (name, value) = line.split_once(':').ok_or("a header is no `NAME: VALUE`")?;
            headers.set(name.trim(), value.trim());
        }
    }
    if let Some(variable) = members.text(&["bearer_token_env_var"])? {
        borrowed.push(Borrowed {
            name: "Authorization".to_owned(),
            before: "Bearer ",
            variable: variable.to_owned(),
            is_optional: false,
        });
    }
    for (name, variable) in members.pairs(&["env_http_headers"])?.iter() {
        borrowed.push(Borrowed {
            name: name.to_owned(),
            before: "",
            variable: variable.to_owned(),
            is_optional: true,
        });
    }
    Ok(headers)
}

fn transport(kind: Option<&str>, notes: &mut Vec<String>) -> Option<Transport> {
    match kind?.to_lowercase().replace(['-', '_'], "").as_str() {
        "http" | "streamablehttp" => Some(Transport::Http),
        "sse" => Some(Transport::Sse),
        "remote" | "stdio" => None,
        _ => {
            notes.push("its `type` is none that is known here".to_owned());
            None
        }
    }
}

/// The members of a server, and which of them were asked for.
struct Members<'a> {
    all: &'a Map<String, Value>,
    used: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// The first of `names` that is there.
    fn get(&mut self, names: &[&'static str]) -> Option<&'a Value> {
        self.used.extend(names);
        let mut values = names.iter().filter_map(|name| self.all.get(*name));
        values.find(|value| !value.is_null())
    }

    fn text(&mut self, names: &[&'static str]) -> Result<Option<&'a str>, String> {
        match self.get(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{}` is no text", names.join("` or `"))),
        }
    }

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, String> {
        match self.get(&[name]) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => texts(name, values),
            Some(_) => Err(format!("`{name}` is no array of texts")),
        }
    }

    fn pairs(&mut self, names: &[&'static str]) -> Result<Secrets, String> {
        match self.get(names) {
            // The caller may know what to do with an array.
            None | Some(Value::Array(_)) => Ok(Secrets::default()),
            Some(Value::Object(pairs)) if pairs.len() > MAX_PAIRS => Err(format!(
                "`{}` has more than {MAX_PAIRS} members",
                names.join("` or `")
            )),
            Some(Value::Object(pairs)) => {
                let pairs = pairs.iter().map(|(name, value)| {
                    let value =
                        plain(value).ok_or_else(|| format!("the value of `{name}` is no text"))?;
                    Ok((name.clone(), value))
                });
                pairs.collect()
            }
            Some(_) => Err(format!("`{}` is no object", names.join("` or `"))),
        }
    }

    /// Says which members nobody asked for.
    fn finish(self, notes: &mut Vec<String>) {
        let unknown = self
            .all
            .keys()
            .filter(|name| !self.used.contains(&name.as_str()) && !KNOWN.contains(&name.as_str()));
        notes.extend(
            unknown
                .take(MAX_NOTES)
                .map(|name| format!("`{name}` is not followed here")),
        );
    }
}

fn texts(name: &str, values: &[Value]) -> Result<Vec<String>, String> {
    let texts = values.iter().map(plain).collect::<Option<_>>();
    texts.ok_or_else(|| format!("`{name}` has a value that is no text"))
}

/// A text, or what is written as one where a host is not strict.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Members that say nothing about how a server is reached.
const KNOWN: &[&str] = &[
    "allowedTools",
    "alwaysAllow",
    "autoApprove",
    "command",
    "description",
    "disabledTools",
    "disabled_tools",
    "enabled_tools",
    "excludeTools",
    "gallery",
    "includeTools",
    "name",
    "settings",
    "source",
    "startup_timeout_ms",
    "startup_timeout_sec",
    "timeout",
    "tool_timeout_sec",
    "tools",
    "trust",
    "version",
];
/// Most variables or headers of a server.
const MAX_PAIRS: usize = 1_000;
/// Most members that are told of.
const MAX_NOTES: usize = 20;

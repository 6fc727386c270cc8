//! Reading fixtures, and the encoder of a server that is described in JSON.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use midfield_protocol::Revision;
use midfield_protocol::jsonrpc::{Incoming, Message, Request};
use midfield_protocol::wire::{CacheScope, Codec, Encoder, Freshness, ServerDescription};
use serde_json::Value;

/// The revision that the specification's examples are of.
pub(crate) const MODERN: Codec = Codec::new(Revision::V2026_07_28);

/// The key under which a modern result says who wrote it.
pub(crate) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// The place of `path` among the fixtures.
pub(crate) fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

/// The text of the fixture at `path`.
pub(crate) fn text(path: &str) -> String {
    let place = fixture(path);
    fs::read_to_string(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

/// The names of what the folder `path` holds, in order.
pub(crate) fn names(path: &str) -> Vec<String> {
    let place = fixture(path);
    let entries =
        fs::read_dir(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a readable folder").file_name())
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .collect();
    names.sort();
    names
}

/// `text` as a JSON value.
pub(crate) fn value(text: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(text.as_ref()).expect("JSON")
}

/// The one message in `text`.
pub(crate) fn message(text: &str) -> Message<'_> {
    match Incoming::parse(text.as_bytes()) {
        Ok(Incoming::Single(message)) => message,
        other => panic!("no single message in {text}: {other:?}"),
    }
}

/// The request in `text`.
pub(crate) fn request(text: &str) -> Request<'_> {
    match message(text) {
        Message::Request(request) => request,
        other => panic!("no request in {text}: {other:?}"),
    }
}

/// The encoder of a server that says of itself what `description` has: `implementation`,
/// `capabilities`, `instructions`, `ttlMs` and `cacheScope`, each as the wire has it.
pub(crate) fn encoder(description: &Value) -> Encoder {
    let member = |key: &str| description.get(key).cloned();
    let mut server = ServerDescription::default();
    if let Some(implementation) = member("implementation") {
        server.implementation = serde_json::from_value(implementation).expect("an implementation");
    }
    if let Some(capabilities) = member("capabilities") {
        server.capabilities = serde_json::from_value(capabilities).expect("capabilities");
    }
    server.instructions = member("instructions")
        .as_ref()
        .and_then(Value::as_str)
        .map(String::from);
    server.freshness = Freshness::new(
        Duration::from_millis(
            member("ttlMs")
                .as_ref()
                .and_then(Value::as_u64)
                .unwrap_or(0),
        ),
        match member("cacheScope").as_ref().and_then(Value::as_str) {
            Some("public") => CacheScope::Public,
            _ => CacheScope::Private,
        },
    );
    Encoder::new(server)
}

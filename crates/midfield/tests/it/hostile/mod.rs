//! Clients that mean harm: what they send beyond what the other tests send, and that everybody else is served
//! as before.

mod doors;
mod floods;
mod framing;
mod logs;
mod principals;
mod random;
mod secrets;
mod sessions;
mod skills;
mod stuck;
mod surfaces;

use midfield::prelude::*;
use midfield::transport::http::Options;
use midfield::{Principal, Service};
use serde_json::{Value, json};

use crate::fixture::{Probe, verbatim};
use crate::harness::{Client, Host, Response};
use crate::http_asking;
use crate::messages::{Request, modern, request};

/// A file below a folder.
#[resource("files://store/{+path}", complete(path = paths))]
#[expect(clippy::needless_pass_by_value, reason = "arguments are owned")]
fn file(path: String) -> String {
    format!("<{path}>")
}

/// The paths of whoever asks.
async fn paths(typing: Typing, cx: Context) -> Vec<String> {
    let Principal::Identified(identity) = cx.principal() else {
        return Vec::new();
    };
    let mut paths = vec![format!("{}/report", identity.subject)];
    paths.retain(|path| path.starts_with(&typing.value));
    std::future::ready(paths).await
}

/// A server with something of everything.
fn service() -> (Service, Probe) {
    let (service, probe) = http_asking::service();
    let mirror = json!({"type": "object", "properties": {
        "key": {"type": "string", "x-mcp-header": "Key", "maxLength": 100},
    }});
    service
        .add_tool(verbatim("mirror", mirror))
        .expect("a tool");
    service
        .add_resource_template(file::resource())
        .expect("a template");
    (service, probe)
}

async fn start(options: Options) -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, options).await, probe)
}

/// Sends one request after the other on one connection.
async fn each(client: &mut Client, request: &Request) -> Response {
    client.send(&request.bytes()).await;
    client.response().await
}

/// Opens a session on a connection that is there.
async fn open(client: &mut Client, initialize: Value) -> String {
    let opened = each(client, &Request::post(initialize)).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    opened.header("mcp-session-id").expect("an id").to_owned()
}

/// A request in a session, or a modern one.
fn in_era(session: Option<&str>, method: &str, params: Value) -> Request {
    match (session, params["uri"].as_str().map(str::to_owned)) {
        (Some(session), _) => Request::post(request(1, method, params)).session(session),
        (None, Some(uri)) if method == "resources/read" => {
            modern(1, method, params).header("Mcp-Name", sentinel(&uri))
        }
        (None, _) => modern(1, method, params),
    }
}

/// A header's value between the sentinels that any text can stand between.
fn sentinel(text: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    format!("=?base64?{encoded}?=")
}

/// Asserts that it is an error with this code, and not a broken server.
fn assert_code(response: &Response, code: i32) {
    let json = response.json();
    assert!(response.status < 500, "{response:?}");
    assert_eq!(json["error"]["code"], code, "{json}");
}

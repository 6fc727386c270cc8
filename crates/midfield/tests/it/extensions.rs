//! An extension that is not part of the crate: what it adds, who sees it, and what it cannot do.

use midfield::extension::{Client, Extension, Method, ui};
use midfield::prelude::*;
use midfield::server::HandlerFuture;
use midfield::transport::http::Options;
use midfield::types::{self, Settings};
use midfield::{BuildError, Raw, Service};
use serde_json::{Value, json};

use crate::harness::{Host, Response};
use crate::messages::{LEGACY, Request, initialize, modern, request};

const CLOCK: &str = "com.example/clock";

/// Tells the time, stands around calls, and marks tools.
struct Clock;

impl Extension for Clock {
    fn id(&self) -> &'static str {
        CLOCK
    }

    fn settings(&self) -> Settings {
        Settings::default().with("zone", "UTC")
    }

    fn methods(&self) -> Vec<Method> {
        vec![
            Method::new("clock/now", async |params: Raw, cx: Context| {
                let params: Value = params.read()?;
                let answer = json!({"now": params["at"], "subject": cx.target()});
                Ok::<_, Error>(Raw::of(&answer)?)
            }),
            Method::new("clock/break", async |_: Raw, _: Context| {
                panic!("a panic on purpose")
            }),
            Method::new("clock/break_later", async |_: Raw, _: Context| {
                tokio::task::yield_now().await;
                panic!("a panic on purpose, after a while")
            }),
            Method::new("clock/pages", async |params: Raw, cx: Context| {
                let params: Value = params.read()?;
                let begin = match params["cursor"].as_str() {
                    Some(cursor) => cx.position(cursor)?,
                    None => 0,
                };
                Ok::<_, Error>(Raw::of(
                    &json!({"at": begin, "nextCursor": cx.cursor(begin + 1)?}),
                )?)
            }),
            Method::new("clock/other_pages", async |params: Raw, cx: Context| {
                let params: Value = params.read()?;
                let at = cx.position(params["cursor"].as_str().unwrap_or_default())?;
                Ok::<_, Error>(Raw::of(&at)?)
            }),
            Method::new("clock/open", async |_: Raw, _: Context| {
                Ok::<_, Error>(Raw::empty())
            })
            .open_to_all(),
        ]
    }

    fn install(&self, server: Server) -> Server {
        server
            .tool(Tool::new("plain", async || "plain"))
            .tool(Tool::new("needs_clock", async || "has it").asks(Asks::extension(CLOCK)))
            .tool(Tool::new("hidden", async || "seen").meta("com.example/hidden", true))
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn show(&self, tool: types::Tool, client: Client) -> Option<types::Tool> {
        let is_hidden = tool
            .meta
            .as_ref()
            .is_some_and(|meta| meta.get("com.example/hidden").is_some());
        (client == Client::Negotiated || !is_hidden).then_some(tool)
    }

    fn around(&self, context: &Context, running: HandlerFuture) -> HandlerFuture {
        let subject = context.target().to_owned();
        Box::pin(async move {
            let mut result = running.await?;
            let meta = types::Meta::new().with("com.example/around", subject);
            result.meta = Some(meta);
            Ok(result)
        })
    }
}

/// An extension with one method.
struct Named(&'static str);

impl Extension for Named {
    fn id(&self) -> &'static str {
        "com.example/named"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method::new(self.0, async |_: Raw, _: Context| {
            Ok::<_, Error>(Raw::empty())
        })]
    }
}

fn service() -> Service {
    let server = Server::new("fixture", "1.0.0").extension(Clock);
    server.build().expect("a server")
}

async fn start() -> Host {
    Host::start(service(), Options::new()).await
}

/// A modern request of a client that declares `extensions`.
pub(crate) fn declaring(extensions: &Value, method: &str, mut params: Value) -> Request {
    let capabilities = json!({"extensions": extensions});
    params["_meta"] = json!({"io.modelcontextprotocol/clientCapabilities": capabilities});
    let named = params.get("uri").and_then(Value::as_str).map(str::to_owned);
    let request = modern(1, method, params);
    match named {
        Some(uri) if method == "resources/read" => request.header("Mcp-Name", uri),
        _ => request,
    }
}

/// Opens a session of a client that declares `extensions`.
pub(crate) async fn open(host: &Host, revision: &str, extensions: &Value) -> (String, Value) {
    let mut message = initialize(revision);
    message["params"]["capabilities"]["extensions"] = extensions.clone();
    let response = host.ask(&Request::post(message)).await;
    let session = response.header("mcp-session-id").expect("a session");
    (session.to_owned(), response.json())
}

pub(crate) fn names(response: &Response) -> Vec<String> {
    let json = response.json();
    let tools = json["result"]["tools"].as_array().expect("tools");
    let name = |tool: &Value| tool["name"].as_str().expect("a name").to_owned();
    tools.iter().map(name).collect()
}

#[tokio::test]
async fn an_extension_is_announced_with_its_settings_in_every_revision() {
    let host = start().await;
    let expected = json!({CLOCK: {"zone": "UTC"}});
    for revision in LEGACY {
        let (_, opened) = open(&host, revision, &json!({})).await;
        assert_eq!(
            opened["result"]["capabilities"]["extensions"], expected,
            "{revision}"
        );
    }
    let discovered = host
        .ask(&modern(1, "server/discover", json!({})))
        .await
        .json();
    assert_eq!(discovered["result"]["capabilities"]["extensions"], expected);
}

#[tokio::test]
async fn a_method_answers_clients_that_declare_its_extension() {
    let host = start().await;
    let declared = json!({CLOCK: {}});
    let asked = json!({"at": "noon"});
    let answered = host
        .ask(&declaring(&declared, "clock/now", asked.clone()))
        .await;
    let result = &answered.json()["result"];
    assert_eq!(
        (&result["now"], &result["subject"]),
        (&json!("noon"), &json!("clock/now"))
    );
    assert_eq!(result["resultType"], "complete");
    for revision in LEGACY {
        let (session, _) = open(&host, revision, &declared).await;
        let message = Request::post(request(1, "clock/now", asked.clone())).session(&session);
        assert_eq!(
            host.ask(&message).await.json()["result"]["now"],
            "noon",
            "{revision}"
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_declare_an_extension_is_told_what_is_missing() {
    let host = start().await;
    for (method, params) in [
        ("clock/now", json!({})),
        ("tools/call", json!({"name": "needs_clock"})),
    ] {
        let refused = host.ask(&modern(1, method, params)).await;
        refused.assert_error(400, 1, -32021);
        let required = &refused.json()["error"]["data"]["requiredCapabilities"];
        assert_eq!(*required, json!({"extensions": {CLOCK: {}}}));
    }
    let session = host.open("2025-11-25").await;
    let message = Request::post(request(1, "clock/now", json!({}))).session(&session);
    let refused = host.ask(&message).await.json();
    assert_eq!(refused["error"]["code"], -32600);
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains(CLOCK)
    );
    let open = host.ask(&modern(1, "clock/open", json!({}))).await;
    assert_eq!(open.status, 200, "{open:?}");
}

#[tokio::test]
async fn a_tool_that_a_client_does_not_see_it_cannot_call() {
    let host = start().await;
    let declared = json!({CLOCK: {}});
    let unaware = host.ask(&modern(1, "tools/list", json!({}))).await;
    assert_eq!(names(&unaware), ["plain", "needs_clock"]);
    let aware = host
        .ask(&declaring(&declared, "tools/list", json!({})))
        .await;
    assert_eq!(names(&aware), ["plain", "needs_clock", "hidden"]);
    let call = json!({"name": "hidden"});
    let refused = host.ask(&modern(1, "tools/call", call.clone())).await;
    assert_eq!(refused.json()["error"]["code"], -32602);
    let called = host.ask(&declaring(&declared, "tools/call", call)).await;
    assert_eq!(called.tool_text().0, "seen");
}

#[tokio::test]
async fn an_extension_stands_around_calls_of_clients_that_negotiated_it() {
    let host = start().await;
    let call = json!({"name": "plain"});
    let aware = host
        .ask(&declaring(&json!({CLOCK: {}}), "tools/call", call.clone()))
        .await;
    assert_eq!(
        aware.json()["result"]["_meta"]["com.example/around"],
        "plain"
    );
    let unaware = host.ask(&modern(1, "tools/call", call)).await.json();
    assert_eq!(unaware["result"]["_meta"].get("com.example/around"), None);
}

#[tokio::test]
async fn a_panic_in_an_extension_is_an_internal_error() {
    let host = start().await;
    for method in ["clock/break", "clock/break_later"] {
        let response = host
            .ask(&declaring(&json!({CLOCK: {}}), method, json!({})))
            .await;
        assert_eq!(response.json()["error"]["code"], -32603, "{method}");
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_cursor_is_good_for_the_method_that_made_it_only() {
    let host = start().await;
    let declared = json!({CLOCK: {}});
    let first = host
        .ask(&declaring(&declared, "clock/pages", json!({})))
        .await
        .json();
    let cursor = &first["result"]["nextCursor"];
    let next = host
        .ask(&declaring(
            &declared,
            "clock/pages",
            json!({"cursor": cursor}),
        ))
        .await;
    assert_eq!(next.json()["result"]["at"], 1);
    for (method, cursor) in [
        ("clock/other_pages", cursor.clone()),
        ("tools/list", cursor.clone()),
        ("clock/pages", json!("made up")),
    ] {
        let refused = host
            .ask(&declaring(&declared, method, json!({"cursor": cursor})))
            .await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{method}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_however_long_the_subject_is() {
    let template = ResourceTemplate::new("long:{+rest}", "long", async |cx: Context| {
        let cursor = cx.cursor(7)?;
        assert!(cursor.len() < 200, "{cursor}");
        Ok::<_, Error>(cx.position(&cursor)?.to_string())
    });
    let service = Server::new("long", "1")
        .resource(template.expect("a template"))
        .build();
    let host = Host::start(service.expect("a server"), Options::new()).await;
    let uri = format!("long:{}", "x".repeat(2_000));
    let read = modern(1, "resources/read", json!({"uri": uri})).with("Mcp-Name", &uri);
    let answer = host.ask(&read).await.json();
    assert_eq!(answer["result"]["contents"][0]["text"], "7", "{answer}");
}

#[tokio::test]
async fn only_clients_that_negotiated_an_extension_hear_of_it() {
    let service = service();
    let host = Host::start(service.clone(), Options::new()).await;
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let mut aware = host.connect().await;
    let declared = json!({CLOCK: {}});
    aware
        .send(&declaring(&declared, "subscriptions/listen", listen.clone()).bytes())
        .await;
    let mut unaware = host.connect().await;
    unaware
        .send(&modern(1, "subscriptions/listen", listen).bytes())
        .await;
    let (session, _) = open(&host, "2025-11-25", &declared).await;
    let mut legacy = host.connect().await;
    let get = Request::post("").method("GET").without("Content-Type");
    legacy
        .send(
            &get.with("Accept", "text/event-stream")
                .session(&session)
                .bytes(),
        )
        .await;
    for client in [&mut aware, &mut unaware, &mut legacy] {
        assert_eq!(client.response_head().await.status, 200);
    }
    for client in [&mut aware, &mut unaware] {
        let acknowledged = client.event().await;
        assert_eq!(
            acknowledged["method"],
            "notifications/subscriptions/acknowledged"
        );
    }
    service
        .notify(CLOCK, "notifications/clock/struck", &json!({"hour": 12}))
        .expect("JSON");
    for client in [&mut aware, &mut legacy] {
        let heard = client.event().await;
        assert_eq!(heard["method"], "notifications/clock/struck");
        assert_eq!(heard["params"]["hour"], 12);
    }
    service
        .add_tool(Tool::new("late", async || "late"))
        .expect("a tool");
    let changed = "notifications/tools/list_changed";
    for client in [&mut aware, &mut legacy] {
        assert_eq!(client.event().await["method"], changed);
    }
    // Nothing else came before it.
    assert_eq!(unaware.event().await["method"], changed);
}

#[test]
fn an_extension_cannot_take_what_is_there_already() {
    let build = |server: Server| server.build().expect_err("a collision");
    let server = || Server::new("fixture", "1.0.0");
    for method in [
        "tools/call",
        "initialize",
        "server/discover",
        "notifications/x",
    ] {
        let error = build(server().extension(Named(method)));
        assert!(
            matches!(error, BuildError::ProtocolMethod { .. }),
            "{error}"
        );
    }
    let error = build(server().extension(Clock).extension(Named("clock/now")));
    assert!(
        matches!(error, BuildError::DuplicateMethod { .. }),
        "{error}"
    );
    let error = build(server().extension(ui::Ui::new()).extension(ui::Ui::new()));
    assert!(
        matches!(error, BuildError::DuplicateExtension { .. }),
        "{error}"
    );
}

/// An extension that is called so.
struct Called(&'static str);

impl Extension for Called {
    fn id(&self) -> &'static str {
        self.0
    }
}

#[test]
fn an_extension_is_called_by_a_prefix_and_a_name() {
    let build = |id| {
        Server::new("fixture", "1.0.0")
            .extension(Called(id))
            .build()
    };
    for id in ["com.example/a", "a/b", "com.example-1.x/a-b_c.d9"] {
        assert!(build(id).is_ok(), "{id}");
    }
    for id in [
        "",
        "clock",
        "/clock",
        "com.example/",
        "com.example/-a",
        "com.example/a/b",
        "1com/a",
        "com..example/a",
        "com.example./a",
        "com.ex_ample/a",
        "com example/a",
        "com.example/ä",
    ] {
        let error = build(id).expect_err(id);
        assert!(matches!(error, BuildError::ExtensionId { .. }), "{error}");
    }
}

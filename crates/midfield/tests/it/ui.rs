//! MCP Apps: what clients with views see, and what others do not.

use midfield::extension::ui::{Permission, ToolExt as _, Ui, View};
use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::extensions::{declaring, names, open};
use crate::harness::Host;
use crate::messages::{LEGACY, Request, modern, request};

const URI: &str = "ui://sales/chart";
const PAGE: &str = "<!doctype html><title>Sales</title>";

async fn start() -> Host {
    let chart = View::html(URI, PAGE)
        .connects_to("https://api.example.com")
        .permission(Permission::ClipboardWrite)
        .prefers_border(true);
    let service = Server::new("fixture", "1.0.0")
        .extension(Ui::new().view(chart))
        .resource(Resource::new("demo://motd", "motd", async || "Be kind."))
        .tool(
            Tool::new("sales", async || "12")
                .view(URI)
                .meta("com.example/a", 1),
        )
        .tool(Tool::new("more", async || "13").view(URI).for_views_only())
        .tool(Tool::new("model", async || "14").for_the_model_only())
        .build()
        .expect("a server");
    Host::start(service, Options::new()).await
}

/// What a client with views declares.
fn views() -> Value {
    json!({"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}})
}

fn page_rules() -> Value {
    json!({
        "csp": {"connectDomains": ["https://api.example.com"]},
        "permissions": {"clipboardWrite": {}},
        "prefersBorder": true,
    })
}

#[tokio::test]
async fn a_client_with_views_sees_which_tool_has_one() {
    let host = start().await;
    let listed = host
        .ask(&declaring(&views(), "tools/list", json!({})))
        .await;
    assert_eq!(names(&listed), ["sales", "more", "model"]);
    let tools = &listed.json()["result"]["tools"];
    let sales = json!({"ui": {"resourceUri": URI}, "com.example/a": 1});
    assert_eq!(tools[0]["_meta"], sales);
    let more = json!({"resourceUri": URI, "visibility": ["app"]});
    assert_eq!(tools[1]["_meta"]["ui"], more);
    assert_eq!(tools[2]["_meta"]["ui"], json!({"visibility": ["model"]}));
    let (session, _) = open(&host, "2025-11-25", &views()).await;
    let legacy = Request::post(request(1, "tools/list", json!({}))).session(&session);
    assert_eq!(
        host.ask(&legacy).await.json()["result"]["tools"][0]["_meta"],
        sales
    );
}

#[tokio::test]
async fn a_client_without_views_sees_nothing_of_them() {
    let host = start().await;
    let session = host.open("2025-11-25").await;
    let html = json!({"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html"]}});
    for ask in [
        |method: &str, params: Value, _: &str, _: &Value| modern(1, method, params),
        |method: &str, params: Value, session: &str, _: &Value| {
            Request::post(request(1, method, params)).session(session)
        },
        |method: &str, params: Value, _: &str, html: &Value| declaring(html, method, params),
    ] {
        let listed = host
            .ask(&ask("tools/list", json!({}), &session, &html))
            .await;
        assert_eq!(names(&listed), ["sales", "model"]);
        let tools = &listed.json()["result"]["tools"];
        assert_eq!(tools[0]["_meta"], json!({"com.example/a": 1}));
        assert_eq!(tools[1].get("_meta"), None);
        let listed = host
            .ask(&ask("resources/list", json!({}), &session, &html))
            .await
            .json();
        let resources = listed["result"]["resources"].as_array().expect("resources");
        assert_eq!(resources.len(), 1, "{resources:?}");
        let call = ask("tools/call", json!({"name": "more"}), &session, &html);
        assert_eq!(host.ask(&call).await.json()["error"]["code"], -32602);
        let call = ask("tools/call", json!({"name": "sales"}), &session, &html);
        assert_eq!(host.ask(&call).await.tool_text().0, "12");
    }
}

#[tokio::test]
async fn a_view_is_read_with_what_it_may_do() {
    let host = start().await;
    let listed = host
        .ask(&declaring(&views(), "resources/list", json!({})))
        .await
        .json();
    let resources = listed["result"]["resources"].as_array().expect("resources");
    let view = resources
        .iter()
        .find(|resource| resource["uri"] == URI)
        .expect("the view");
    assert_eq!(view["mimeType"], "text/html;profile=mcp-app");
    assert_eq!(view["_meta"]["ui"], page_rules());
    let read = declaring(&views(), "resources/read", json!({"uri": URI}));
    let contents = &host.ask(&read).await.json()["result"]["contents"][0];
    assert_eq!(contents["text"], PAGE);
    assert_eq!(contents["mimeType"], "text/html;profile=mcp-app");
    assert_eq!(contents["_meta"]["ui"], page_rules());
}

#[tokio::test]
async fn the_server_says_which_views_it_has() {
    let host = start().await;
    let discovered = host
        .ask(&modern(1, "server/discover", json!({})))
        .await
        .json();
    let extensions = &discovered["result"]["capabilities"]["extensions"];
    assert_eq!(*extensions, views());
}

#[tokio::test]
async fn a_session_has_views_where_its_revision_has_room_for_what_is_said_of_them() {
    let host = start().await;
    for revision in LEGACY {
        let has_views = revision >= "2025-06-18";
        let (session, opened) = open(&host, revision, &views()).await;
        let announced = opened["result"]["capabilities"].get("extensions");
        assert_eq!(announced, has_views.then(views).as_ref(), "{revision}");
        let ask = async |method: &str, params: Value| {
            let request = Request::post(request(1, method, params)).session(&session);
            host.ask(&request).await
        };
        let listed = ask("tools/list", json!({})).await;
        let resources = ask("resources/list", json!({})).await.json();
        let resources = resources["result"]["resources"].as_array().map(Vec::len);
        let more = ask("tools/call", json!({"name": "more"})).await.json();
        let read = ask("resources/read", json!({"uri": URI})).await.json();
        let contents = &read["result"]["contents"][0];
        assert_eq!(contents["text"], PAGE);
        if has_views {
            assert_eq!(names(&listed), ["sales", "more", "model"]);
            let ui = &listed.json()["result"]["tools"][0]["_meta"]["ui"];
            assert_eq!(*ui, json!({"resourceUri": URI}), "{revision}");
            assert_eq!(resources, Some(2));
            assert_eq!(more["result"]["content"][0]["text"], "13");
            assert_eq!(contents["_meta"]["ui"], page_rules());
        } else {
            // As for a client that knows nothing of views: no tool of theirs gets to the model.
            assert_eq!(names(&listed), ["sales", "model"]);
            assert!(!listed.json().to_string().contains("_meta"), "{listed:?}");
            assert_eq!(resources, Some(1));
            assert_eq!(more["error"]["code"], -32602);
        }
    }
}

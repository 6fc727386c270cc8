//! The headers of requests about tasks, by which others route them.

use serde_json::json;

use super::{A, User, start};

#[tokio::test]
async fn the_headers_of_a_request_about_a_task_say_what_its_body_says() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let (id, other) = (user.make("echo").await, user.make("echo").await);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({"taskId": id, "inputResponses": {}});
        let good = user.request(method, &params);
        assert_eq!(host.ask(&good).await.status, 200);
        for bad in [
            good.clone().without("Mcp-Name"),
            good.clone().with("Mcp-Name", &other),
            good.clone().with("Mcp-Name", ""),
            good.clone().header("Mcp-Name", &id),
            good.clone().without("Mcp-Method"),
            good.clone().with("Mcp-Method", "tools/call"),
        ] {
            host.ask(&bad).await.assert_error(400, 7, -32020);
        }
        let encoded = format!("=?base64?{}?=", base64_of(&id));
        assert_eq!(host.ask(&good.with("Mcp-Name", encoded)).await.status, 200);
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

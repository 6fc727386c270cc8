//! What functions that are marked by an attribute ask of the client: declared, and found in their text.

use midfield::BuildError;
use midfield::prelude::*;
use midfield::types::Icon;
use serde_json::json;

use crate::messages::MODERN;
use crate::pipe::ask_one;

/// Ask for what no form may ask for.
#[tool(asks(form), icon = "https://example.com/a.png", icon = Icon::new("https://example.com/b.png"))]
async fn log_in(cx: &Context) -> Result<()> {
    cx.elicit::<Login>("login", "Who are you?").await?;
    Ok(())
}

/// Ask for what has a name here only.
#[tool]
async fn ask_here(cx: &Context, who: Principal) -> Result<String> {
    #[derive(Deserialize, JsonSchema)]
    struct Sure {
        sure: bool,
    }
    match cx.elicit::<Sure>("sure", "Really?").await? {
        Answer::Accepted(Sure { sure }) => Ok(format!("{sure} {who:?}")),
        _ => Ok("no".to_owned()),
    }
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "nobody fills it in")]
struct Login {
    password: String,
}

#[test]
fn a_form_that_the_function_names_is_checked_when_the_server_is_built() {
    let build = |tool| Server::new("shop", "1.0.0").tool(tool).build();
    let error = build(log_in::tool()).expect_err("a password is no field of a form");
    assert!(
        matches!(&error, BuildError::Form { name, .. } if name == "log_in"),
        "{error}"
    );
    assert!(build(ask_here::tool()).is_ok());
}

#[test]
fn what_is_injected_or_asked_is_no_argument() {
    let description = log_in::tool().as_description().clone();
    let icons: Vec<&str> = description.icons.iter().map(|icon| &*icon.src).collect();
    let expected = ["https://example.com/a.png", "https://example.com/b.png"];
    assert_eq!(icons, expected);
    for tool in [log_in::tool(), ask_here::tool()] {
        let schema = tool.as_description().input_schema.to_value();
        assert_eq!(schema.get("properties"), None, "{schema}");
    }
}

#[tokio::test]
async fn what_a_tool_asks_is_checked_before_it_runs() {
    /// Ask.
    #[tool(asks(form, sampling))]
    fn asking() {}

    let server = Server::new("shop", "1.0.0").tool(asking::tool());
    let service = server.build().expect("a server");
    let params = json!({ "name": "asking", "arguments": {} });
    let answer = ask_one(&service, MODERN, "tools/call", params).await;
    assert_eq!(
        answer["error"]["data"]["requiredCapabilities"],
        json!({ "elicitation": { "form": {} }, "sampling": {} }),
        "{answer}"
    );
}

#[test]
fn a_form_that_asks_for_a_secret_is_refused_when_the_server_is_built() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "nobody fills it in")]
    struct Login {
        password: String,
    }

    /// Log in.
    #[prompt(asks(form))]
    async fn log_in(cx: &Context) -> Result<String> {
        let answer = cx.elicit::<Login>("login", "Who are you?").await?;
        Ok(match answer {
            Answer::Accepted(_) => "welcome",
            _ => "goodbye",
        }
        .to_owned())
    }

    let server = Server::new("prompts", "1.0.0").prompt(log_in::prompt());
    let error = server
        .build()
        .expect_err("a password is no field of a form");
    assert!(matches!(&error, BuildError::Form { .. }), "{error}");
}

#[tokio::test]
async fn what_a_prompt_asks_is_checked_before_it_runs() {
    /// Ask.
    #[prompt(asks(form, url, sampling_with_tools, roots, extension = "com.example/x"))]
    fn asking() -> &'static str {
        "unreachable"
    }

    let server = Server::new("prompts", "1.0.0").prompt(asking::prompt());
    let service = server.build().expect("a server");
    let answer = ask_one(&service, MODERN, "prompts/get", json!({"name": "asking"})).await;
    let required = &answer["error"]["data"]["requiredCapabilities"];
    assert_eq!(
        *required,
        json!({
            "elicitation": {"form": {}, "url": {}},
            "sampling": {"tools": {}},
            "roots": {},
            "extensions": {"com.example/x": {}},
        }),
        "{answer}"
    );
}

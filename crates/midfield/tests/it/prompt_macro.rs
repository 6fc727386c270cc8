//! `#[prompt]`: what it makes is what one would write by hand, and is answered as the protocol says.

use midfield::prelude::*;
use midfield::types::{Icon, PromptResult};
use midfield::{BuildError, Service};
use serde_json::{Value, json};

use crate::fixture::Probe;
use crate::messages::{LEGACY, MODERN, initialize};
use crate::pipe::{ask_one, error_message};
use crate::stdio::Pipes;

const INVALID_PARAMS: i32 = -32602;

struct House(&'static str);

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Kind,
    Strict,
}

/// Have code reviewed.
///
/// - all of it
#[expect(
    clippy::too_many_arguments,
    reason = "one of each kind, and of what is injected"
)]
#[prompt(
    title = "Review",
    icon = "https://example.com/a.png",
    icon = Icon::new("https://example.com/b.png").size("any"),
    complete(language = languages)
)]
async fn review(
    /// The code to look at.
    #[schemars(title = "Code")]
    code: String,
    cx: &Context,
    language: String,
    tone: Option<Tone>,
    most: Option<u32>,
    house: State<House>,
    who: Principal,
    #[serde(default)] share: f64,
    #[serde(rename = "final")] r#final: Option<bool>,
) -> Vec<PromptMessage> {
    let said = format!(
        "{}: {code} in {language}, {tone:?}, {most:?}, {share}, {final:?} for {} as {who:?}",
        cx.target(),
        house.0,
        r#final = r#final,
    );
    std::future::ready(vec![PromptMessage::user(Content::text(said))]).await
}

/// The languages that begin as what is typed does, those of one family where that is chosen.
async fn languages(typing: Typing, _cx: Context) -> Vec<String> {
    let family = typing.arguments.get("family").map(String::as_str);
    let known: &[&str] = match family {
        Some("c") => &["C", "C++"],
        _ => &["C", "C++", "Rust", "Ruby"],
    };
    let fitting = known.iter().filter(|name| name.starts_with(&typing.value));
    fitting.map(|name| (*name).to_owned()).collect()
}

/// Say hello.
#[prompt(name = "say hello")]
fn hello() -> &'static str {
    "Hello!"
}

/// Fail.
#[prompt]
fn fail() -> Result<PromptResult> {
    Err(Error::tool("no luck today"))
}

fn service() -> Service {
    Server::new("prompts", "1.0.0")
        .state(House("home"))
        .prompts(prompts![review, hello, fail])
        .build()
        .expect("a server")
}

async fn get(service: &Service, revision: &str, name: &str, arguments: Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    ask_one(service, revision, "prompts/get", params).await
}

fn text(answer: &Value) -> &str {
    let text = answer["result"]["messages"][0]["content"]["text"].as_str();
    text.unwrap_or_else(|| panic!("a text: {answer}"))
}

#[test]
fn the_macro_describes_a_prompt_by_its_parameters() {
    let prompt = review::prompt();
    let description = serde_json::to_value(prompt.as_description()).expect("JSON");
    assert_eq!(
        description,
        json!({
            "name": "review",
            "title": "Review",
            "description": "Have code reviewed.\n\n- all of it",
            "icons": [
                {"src": "https://example.com/a.png"},
                {"src": "https://example.com/b.png", "sizes": ["any"]},
            ],
            "arguments": [
                {"name": "code", "title": "Code", "description": "The code to look at.", "required": true},
                {"name": "language", "required": true},
                {"name": "tone"},
                {"name": "most"},
                {"name": "share"},
                {"name": "final"},
            ],
        })
    );
    assert_eq!(hello::prompt().name(), "say hello");
    assert_eq!(hello::prompt().as_description().arguments, []);
    assert_eq!(hello(), "Hello!");
}

#[tokio::test]
async fn text_is_read_as_the_types_of_the_parameters() {
    let service = service();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let arguments = json!({
            "code": "1", "language": "Rust", "tone": "strict", "most": "3", "share": "0.5", "final": "true",
        });
        let answer = get(&service, revision, "review", arguments).await;
        assert_eq!(
            text(&answer),
            "review: 1 in Rust, Some(Strict), Some(3), 0.5, Some(true) for home as Parent"
        );
        assert_eq!(answer["result"]["messages"][0]["role"], "user");
        let fewer = json!({"code": "a \"b\"\n", "language": ""});
        let answer = get(&service, revision, "review", fewer).await;
        assert_eq!(
            text(&answer),
            "review: a \"b\"\n in , None, None, 0, None for home as Parent"
        );
        let params = json!({"name": "say hello"});
        let answer = ask_one(&service, revision, "prompts/get", params).await;
        assert_eq!(text(&answer), "Hello!");
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_invalid_parameters() {
    let service = service();
    let good = json!({"code": "1", "language": "Rust"});
    let cases = [
        ("most", json!("many"), "most"),
        ("most", json!("-1"), "most"),
        ("most", json!(""), "most"),
        ("most", json!(3), "arguments"),
        ("tone", json!("rude"), "tone"),
        ("share", json!("NaN"), "share"),
        ("final", json!("yes"), "final"),
        ("code", json!(["1"]), "arguments"),
        ("code", Value::Null, "arguments"),
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (argument, value, place) in &cases {
            let mut arguments = good.clone();
            arguments[*argument] = value.clone();
            let answer = get(&service, revision, "review", arguments).await;
            let message = error_message(&answer, INVALID_PARAMS);
            assert!(message.contains(&format!("`{place}`")), "{message}");
        }
        for arguments in [json!([]), json!("x"), json!(1)] {
            let answer = get(&service, revision, "review", arguments).await;
            error_message(&answer, INVALID_PARAMS);
        }
    }
}

#[tokio::test]
async fn a_required_argument_that_is_missing_and_a_prompt_that_is_not_there_are_invalid_parameters()
{
    let service = service();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let answer = get(&service, revision, "review", json!({"code": "1"})).await;
        let message = error_message(&answer, INVALID_PARAMS);
        assert!(message.contains("`language`"), "{message}");
        let params = json!({"name": "review"});
        let answer = ask_one(&service, revision, "prompts/get", params).await;
        assert!(error_message(&answer, INVALID_PARAMS).contains("`code`"));
        let answer = get(&service, revision, "Review", json!({})).await;
        assert!(error_message(&answer, INVALID_PARAMS).contains("Review"));
        let answer = ask_one(&service, revision, "prompts/get", json!({})).await;
        error_message(&answer, INVALID_PARAMS);
    }
}

#[tokio::test]
async fn a_failure_of_a_prompt_is_an_error_that_says_why() {
    let service = service();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let answer = get(&service, revision, "fail", json!({})).await;
        assert_eq!(error_message(&answer, -32603), "no luck today");
    }
}

#[tokio::test]
async fn arguments_are_completed_by_their_functions_and_choices_by_themselves() {
    let service = service();
    let complete = |argument: &str, value: &str, chosen: Value| {
        json!({
            "ref": {"type": "ref/prompt", "name": "review"},
            "argument": {"name": argument, "value": value},
            "context": {"arguments": chosen},
        })
    };
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let cases = [
            ("language", "R", json!({}), json!(["Rust", "Ruby"])),
            ("language", "", json!({"family": "c"}), json!(["C", "C++"])),
            ("language", "x", json!({}), json!([])),
            ("tone", "S", json!({}), json!(["strict"])),
            ("tone", "", json!({}), json!(["kind", "strict"])),
            ("final", "t", json!({}), json!(["true"])),
            ("code", "a", json!({}), json!([])),
            ("unknown", "a", json!({}), json!([])),
        ];
        for (argument, value, chosen, expected) in cases {
            let params = complete(argument, value, chosen);
            let answer = ask_one(&service, revision, "completion/complete", params).await;
            assert_eq!(
                answer["result"]["completion"]["values"], expected,
                "{answer}"
            );
        }
        let mut params = complete("language", "", json!({}));
        params["ref"]["name"] = "unknown".into();
        let answer = ask_one(&service, revision, "completion/complete", params).await;
        error_message(&answer, INVALID_PARAMS);
    }
}

#[tokio::test]
async fn completions_are_declared_only_where_something_is_completed() {
    async fn capabilities(prompts: impl IntoIterator<Item = Prompt>) -> Value {
        let server = Server::new("prompts", "1.0.0").state(House("home"));
        let service = server.prompts(prompts).build().expect("a server");
        let answer = ask_one(&service, MODERN, "server/discover", json!({})).await;
        let capabilities = answer["result"]["capabilities"].clone();
        for revision in LEGACY {
            let mut pipes = Pipes::of(service.clone(), Probe::default(), 64 << 10);
            let opened = pipes.ask(&initialize(revision)).await;
            // The oldest revision has completion, and no word for it.
            let expected = capabilities
                .get("completions")
                .filter(|_| revision > "2024-11-05");
            let declared = opened["result"]["capabilities"].get("completions");
            assert_eq!(declared, expected, "{revision}");
        }
        capabilities
    }
    assert!(
        capabilities(prompts![review])
            .await
            .get("completions")
            .is_some()
    );
    let none = capabilities(prompts![hello]).await;
    assert!(none.get("completions").is_none(), "{none}");
    assert!(none.get("prompts").is_some(), "{none}");
    let nothing = capabilities([]).await;
    assert!(nothing.get("prompts").is_none(), "{nothing}");
}

#[test]
fn what_a_prompt_lacks_is_found_when_the_server_is_built() {
    /// Take a list.
    #[prompt]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are owned")]
    fn listed(items: Option<Vec<String>>) -> String {
        format!("{items:?}")
    }

    let build = |prompt| Server::new("prompts", "1.0.0").prompt(prompt).build();
    let error = build(listed::prompt()).expect_err("a list is no text");
    assert!(
        matches!(&error, BuildError::ArgumentType { argument, .. } if argument == "items"),
        "{error}"
    );
    let error = build(review::prompt()).expect_err("the house is missing");
    assert!(matches!(&error, BuildError::MissingState { .. }), "{error}");
    let unknown = hello::prompt().complete("city", languages);
    let error = build(unknown).expect_err("there is no city");
    assert!(
        matches!(&error, BuildError::UnknownArgument { .. }),
        "{error}"
    );
}

//! Questions that a server must not ask, and more of them than anybody answers.

use std::sync::{Arc, Mutex};

use midfield::client::{AnswerElicitation, Asker, ClientBuilder, Error, Refusal, Speak};
use midfield::types::{Action, ElicitResult, Elicitation, ElicitationCapability, Settings};
use serde_json::{Value, json};

use super::{Double, ERAS, assert_says, builder, is, line, result, still_works};

/// A user who fills in nothing, and notes what was asked.
#[derive(Clone, Default)]
struct User {
    asked: Arc<Mutex<Vec<Elicitation>>>,
    opens_pages: bool,
    content: Option<Value>,
}

impl User {
    fn asked(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }
}

impl AnswerElicitation for User {
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes.url = self.opens_pages.then(Settings::default);
        modes
    }

    async fn answer(&self, elicitation: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        self.asked.lock().expect("no panic").push(elicitation);
        let mut result = ElicitResult::new(Action::Accept);
        result.content = self.content.as_ref().and_then(Value::as_object).cloned();
        Ok(result)
    }
}

fn with(user: &User, speak: Speak) -> ClientBuilder {
    builder(speak).elicitation(user.clone())
}

fn form(properties: Value) -> Value {
    let mut form = json!({"mode": "form", "message": "?", "requestedSchema": {"type": "object"}});
    form["requestedSchema"]["properties"] = properties;
    form
}

fn page(url: &str) -> Value {
    json!({"mode": "url", "message": "?", "url": url, "elicitationId": "e"})
}

/// A form of one field whose check takes 2^40 steps.
fn ladder() -> Value {
    let mut form = form(json!({"a": {"type": "string", "allOf": [{"$ref": "#/$defs/s0"}]}}));
    for step in 0..40 {
        let next = json!({"$ref": format!("#/$defs/s{}", step + 1)});
        form["requestedSchema"]["$defs"][format!("s{step}")] = json!({"allOf": [next, next]});
    }
    form["requestedSchema"]["$defs"]["s40"] = json!({"type": "string"});
    form
}

/// What a legacy server that asks this is answered.
async fn answer_to(user: &User, method: &str, params: Value) -> Value {
    let method = method.to_owned();
    let mut call = Value::Null;
    let mut double = Double::of(Speak::Legacy, move |message| {
        if is(message, "tools/call") {
            call = message.clone();
            return Some(line(
                &json!({"jsonrpc": "2.0", "id": "q", "method": method, "params": params}),
            ));
        }
        (message["id"] == "q").then(|| result(&call, json!({"content": []})))
    });
    let client = double
        .connect(with(user, Speak::Legacy))
        .await
        .expect("a connection");
    client.call_tool("any", ()).await.expect("an answer");
    still_works(&client).await;
    let mut answers = double.answers();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_none_are_refused_before_anybody_is_asked() {
    let user = User {
        opens_pages: true,
        ..User::default()
    };
    let urls = [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,<script>",
        "vbscript:x",
        "about:blank",
        "//evil.example",
        "evil",
        "",
        "https://",
        "https:// evil",
        " https://good.example",
        "https://accounts.google.com@evil.example/",
        "https://user:pass@evil.example/",
    ];
    for url in urls {
        let answer = answer_to(&user, "elicitation/create", page(url)).await;
        assert_eq!(answer["error"]["code"], -32602, "{url}: {answer}");
    }
    assert_eq!(user.asked(), 0);
    let answer = answer_to(
        &user,
        "elicitation/create",
        page("https://good.example/a?b=c"),
    )
    .await;
    assert_eq!(answer["result"]["action"], "accept", "{answer}");
    let answer = answer_to(
        &user,
        "elicitation/create",
        page("https://xn--gogle-0ta.example/"),
    )
    .await;
    assert_eq!(answer["result"]["action"], "accept", "{answer}");
    assert_eq!(user.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_is_not_sent_to_a_user_of_forms_and_a_form_that_is_none_to_nobody() {
    let user = User::default();
    let answer = answer_to(&user, "elicitation/create", page("https://good.example/")).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let forms = [
        form(json!({"a": {"type": "object", "properties": {"b": {"type": "string"}}}})),
        form(json!({"a": {"type": "array", "items": {"type": "object"}}})),
        form(json!({"a": {"$ref": "file:///etc/passwd"}})),
        form(json!({"a": 5})),
        form(json!({"a": {"type": "string", "$ref": "http://127.0.0.1:1/schema"}})),
        ladder(),
        json!({"message": "?", "requestedSchema": {"type": "array"}}),
        json!({"message": "?", "requestedSchema": {"$ref": "http://127.0.0.1:1/schema"}}),
        json!({"message": "?", "requestedSchema": 5}),
        json!({"message": "?"}),
        json!({"mode": "moon", "message": "?"}),
        form(Value::Object(
            (0..201)
                .map(|at| (format!("f{at}"), json!({"type": "string"})))
                .collect(),
        )),
    ];
    for params in forms {
        let shown = params.to_string();
        let answer = answer_to(&user, "elicitation/create", params).await;
        assert_eq!(answer["error"]["code"], -32602, "{shown}: {answer}");
    }
    assert_eq!(user.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_back_only_as_its_schema_says_and_no_pattern_takes_long() {
    let slow = json!({"a": {"type": "string", "pattern": "^(?:a|aa)+$"}});
    let user = User {
        content: Some(json!({"a": format!("{}!", "a".repeat(60))})),
        ..User::default()
    };
    let begun = std::time::Instant::now();
    let answer = answer_to(&user, "elicitation/create", form(slow)).await;
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    let text = answer.to_string();
    assert!(
        !text.contains("aaaa"),
        "what was filled in is not told: {text}"
    );
    let number = form(json!({"a": {"type": "integer"}}));
    let answer = answer_to(&user, "elicitation/create", number).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_is_refused_with_the_code_that_says_so() {
    let user = User::default();
    let cases = [
        (
            "sampling/createMessage",
            json!({"messages": [], "maxTokens": 1}),
            -32601,
        ),
        ("roots/list", json!({}), -32601),
        ("tasks/get", json!({"taskId": "t"}), -32601),
        ("moon/landing", json!({}), -32601),
        ("elicitation/create", json!({"message": 5}), -32602),
    ];
    for (method, params, code) in cases {
        let answer = answer_to(&user, method, params).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_of_the_modern_era_may_ask_nothing_by_a_request() {
    let user = User::default();
    let mut double = Double::of(Speak::Modern, |message| {
        is(message, "tools/call").then(|| {
            let ask = |id: i64, method: &str, params: Value| {
                line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            };
            [
                ask(1, "elicitation/create", form(json!({}))),
                ask(2, "ping", json!({})),
                ask(3, "roots/list", json!({})),
                result(message, json!({"content": []})),
            ]
            .concat()
        })
    });
    let client = double
        .connect(with(&user, Speak::Modern))
        .await
        .expect("a connection");
    client.call_tool("any", ()).await.expect("an answer");
    still_works(&client).await;
    assert_eq!(user.asked(), 0);
    assert!(
        double.answers().is_empty(),
        "the revision has no such answers"
    );
}

/// A user who never answers.
struct Absent;

impl AnswerElicitation for Absent {
    async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_questions_a_few_are_open_and_one_id_is_open_once() {
    let mut double = Double::of(Speak::Legacy, |message| {
        is(message, "tools/call").then(|| {
            let ask = |id: Value| {
                line(&json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": form(json!({}))}))
            };
            let mut said: Vec<u8> = [ask(json!("same")), ask(json!("same"))].concat();
            said.extend((0..10_000).flat_map(|id| ask(json!(id))));
            said.extend(result(message, json!({"content": []})));
            said
        })
    });
    let client = double
        .connect(builder(Speak::Legacy).elicitation(Absent))
        .await
        .expect("a connection");
    client.call_tool("any", ()).await.expect("an answer");
    still_works(&client).await;
    let answers = double.answers();
    assert_eq!(
        answers.len(),
        10_002 - 16,
        "all but those that are open are refused"
    );
    let same: Vec<&Value> = answers
        .iter()
        .filter(|answer| answer["id"] == "same")
        .collect();
    assert_eq!(same.len(), 1, "{same:?}");
    assert_eq!(same[0]["error"]["code"], -32602);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_user_is_asked_only_so_often_while_nothing_was_asked_of_the_server() {
    let user = User::default();
    let mut double = Double::of(Speak::Legacy, |message| {
        is(message, "notifications/initialized").then(|| {
            let ask = |id: i64| {
                line(&json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": form(json!({}))}))
            };
            ask(0)
        }).or_else(|| {
            // Each answer brings the next question.
            let id = message["id"].as_i64().filter(|_| message.get("method").is_none())?;
            Some(line(&json!({"jsonrpc": "2.0", "id": id + 1, "method": "elicitation/create", "params": form(json!({}))})))
                .filter(|_| id < 2_000)
        })
    });
    let client = double
        .connect(with(&user, Speak::Legacy))
        .await
        .expect("a connection");
    while double.answers().len() < 2_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(user.asked(), 256);
    still_works(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_back_for_ever_is_given_up_after_ten_rounds() {
    let user = User::default();
    for questions in [
        json!({"q": {"method": "elicitation/create", "params": form(json!({}))}}),
        json!({}),
    ] {
        let mut double = Double::of(Speak::Modern, move |message| {
            is(message, "tools/call").then(|| {
                result(message, json!({"resultType": "input_required", "inputRequests": questions, "requestState": "s"}))
            })
        });
        let client = double
            .connect(with(&user, Speak::Modern))
            .await
            .expect("a connection");
        let error = client.call_tool("any", ()).await.expect_err("no end");
        assert!(
            matches!(error, Error::TooManyRounds { rounds: 10 }),
            "{error}"
        );
        assert_says(
            &error,
            &["the server asked back 10 times", "see `max_rounds`"],
        );
        let ids: Vec<Value> = double
            .heard("tools/call")
            .iter()
            .map(|call| call["id"].clone())
            .collect();
        assert_eq!(ids.len(), 11);
        let unique: std::collections::HashSet<String> = ids.iter().map(Value::to_string).collect();
        assert_eq!(unique.len(), 11, "no id is used again: {ids:?}");
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_questions_at_once_and_two_under_one_key_are_an_invalid_answer() {
    let many: serde_json::Map<String, Value> = (0..65)
        .map(|at| {
            (
                format!("q{at}"),
                json!({"method": "elicitation/create", "params": form(json!({}))}),
            )
        })
        .collect();
    let one = json!({"method": "elicitation/create", "params": form(json!({}))});
    let twice =
        format!(r#"{{"resultType":"input_required","inputRequests":{{"q":{one},"q":{one}}}}}"#);
    let cases = [
        (
            json!({"resultType": "input_required", "inputRequests": many}).to_string(),
            "more than 64 questions at once",
        ),
        (twice, "two questions under one key"),
    ];
    for (answer, part) in cases {
        let user = User::default();
        let mut double = Double::of(Speak::Modern, move |message| {
            let id = &message["id"];
            is(message, "tools/call").then(|| {
                format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{answer}}}\n").into_bytes()
            })
        });
        let client = double
            .connect(with(&user, Speak::Modern))
            .await
            .expect("a connection");
        let error = client
            .call_tool("any", ())
            .await
            .expect_err("nobody reads that");
        assert_says(&error, &["the answer to `tools/call` cannot be read", part]);
        assert_eq!(user.asked(), 0);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_page_that_nobody_opened_changes_nothing() {
    for speak in ERAS {
        let mut double = Double::of(speak, |message| {
            is(message, "tools/call").then(|| {
                let complete = line(
                    &json!({"jsonrpc": "2.0", "method": "notifications/elicitation/complete",
                    "params": {"elicitationId": "never"}}),
                );
                [
                    complete.clone(),
                    complete,
                    result(message, json!({"content": []})),
                ]
                .concat()
            })
        });
        let client = double.client(speak).await;
        client.call_tool("any", ()).await.expect("an answer");
        still_works(&client).await;
    }
}

/// A model that must not be asked.
struct Model;

impl midfield::client::Sample for Model {
    fn capability(&self) -> midfield::types::SamplingCapability {
        midfield::types::SamplingCapability::default()
    }

    async fn sample(
        &self,
        request: midfield::types::CreateMessage,
        _: Asker,
    ) -> Result<midfield::types::SampleResult, Refusal> {
        panic!("{request:?} got through");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_is_given_neither_tools_that_were_not_declared_nor_a_conversation_that_is_none() {
    let text = json!({"type": "text", "text": "x"});
    let used = |id: &str| json!({"type": "tool_use", "id": id, "name": "t", "input": {}});
    let result_of = |id: &str| json!({"type": "tool_result", "toolUseId": id, "content": []});
    let tool = json!({"name": "t", "inputSchema": {"type": "object"}});
    let user = |content: Value| json!({"role": "user", "content": content});
    let model = |content: Value| json!({"role": "assistant", "content": content});
    let cases = [
        json!({"messages": [user(text.clone())], "maxTokens": 1, "tools": [tool]}),
        json!({"messages": [user(text.clone())], "maxTokens": 1, "toolChoice": {"mode": "auto"}}),
        json!({"messages": [model(json!([used("a")])), user(json!([result_of("a"), text]))], "maxTokens": 1}),
        json!({"messages": [model(json!([used("a")])), user(json!([text]))], "maxTokens": 1}),
        json!({"messages": [model(json!([used("a")])), user(json!([result_of("a"), result_of("a")]))], "maxTokens": 1}),
        json!({"messages": [user(json!([result_of("a")]))], "maxTokens": 1}),
    ];
    for params in cases {
        let mut call = Value::Null;
        let shown = params.to_string();
        let mut double = Double::of(Speak::Legacy, move |message| {
            if is(message, "tools/call") {
                call = message.clone();
                return Some(line(
                    &json!({"jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage", "params": params}),
                ));
            }
            (message["id"] == "q").then(|| result(&call, json!({"content": []})))
        });
        let client = double
            .connect(builder(Speak::Legacy).sampling(Model))
            .await
            .expect("a connection");
        client.call_tool("any", ()).await.expect("an answer");
        assert_eq!(
            double.answers()[0]["error"]["code"],
            -32602,
            "{shown}: {:?}",
            double.answers()
        );
    }
}

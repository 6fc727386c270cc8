//! Questions of tasks of others' servers, answered by `midfield tasks`.

use serde_json::{Map, Value, json};

use crate::support::{Folder, Questioner, run, tasks_at};

/// A task that asks by any request, under the key `it`.
fn requesting(request: Value) -> Questioner {
    Questioner::of(Map::from_iter([("it".to_owned(), request)]))
}

#[test]
fn an_answer_that_the_server_refuses_is_told_in_its_words() {
    let server = Questioner::form("How many?", &json!({"count": {"type": "integer"}}), &[]);
    server.refuse("count must be less than 3");
    let url = server.url();
    let output = run(&tasks_at(&url, &["answer", "t-1", "it", "count=4"]));
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stderr.contains("count must be less than 3"),
        "{output:?}"
    );
    let folder = Folder::new();
    let written = json!({"fields": {"count": 4}}).to_string();
    let path = folder.write("answers.json", &written);
    let watch = ["watch", "t-1", "--answers", path.to_str().unwrap()];
    let output = run(&tasks_at(&url, &watch));
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stderr.contains("count must be less than 3"),
        "{output:?}"
    );
}

#[test]
fn what_is_no_elicitation_is_neither_declined_nor_cancelled() {
    let server = requesting(
        json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 5}}),
    );
    let url = server.url();
    for option in ["--decline", "--cancel"] {
        let output = run(&tasks_at(&url, &["answer", "t-1", "it", option]));
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(
            output.stderr.contains("`sampling/createMessage`"),
            "{output:?}"
        );
        assert!(output.stderr.contains("`--json`"), "{output:?}");
    }
    // Without a model nobody is there who could be asked.
    let output = run(&tasks_at(&url, &["watch", "t-1"]));
    assert_eq!(output.code, Some(5), "{output:?}");
    assert_eq!(server.answers(), json!({}));
}

#[test]
fn what_a_task_asks_is_checked_as_what_a_call_is_asked() {
    let folder = Folder::new();
    let written = json!({"rules": [{"host": "evil.example"}, {"message": "Which", "content": {"name": "Ada"}}]});
    let path = folder.write("answers.json", &written.to_string());
    let watch = ["watch", "t-1", "--answers", path.to_str().unwrap()];
    let page = json!({"mode": "url", "message": "Sign in.", "url": "https://bank.example@evil.example/", "elicitationId": "1"});
    let server = Questioner::asking(&page);
    let output = run(&tasks_at(&server.url(), &watch));
    assert_eq!(output.code, Some(5), "{output:?}");
    assert!(output.stderr.contains("a name or a password"), "{output:?}");
    assert_eq!(server.answers(), json!({}));

    // What a form leaves out has its default, as elsewhere.
    let properties =
        json!({"name": {"type": "string"}, "seats": {"type": "integer", "default": 2}});
    let server = Questioner::form("Which?", &properties, &["name"]);
    let output = run(&tasks_at(&server.url(), &watch));
    assert_eq!(output.code, Some(0), "{output:?}");
    let content = json!({"name": "Ada", "seats": 2});
    assert_eq!(server.answers()["it"]["content"], content);

    // A conversation that is none reaches no model.
    let script = folder.write("script.json", "[\"hello\"]");
    let result = json!({"role": "user", "content": {"type": "tool_result", "toolUseId": "1", "content": []}});
    let server = requesting(
        json!({"method": "sampling/createMessage", "params": {"messages": [result], "maxTokens": 5}}),
    );
    let words = ["watch", "t-1", "--model", script.to_str().unwrap()];
    let output = run(&tasks_at(&server.url(), &words));
    assert_eq!(output.code, Some(5), "{output:?}");
    assert_eq!(server.answers(), json!({}));
}

#[test]
fn keys_in_a_command_to_be_copied_are_quoted() {
    let question = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {"password": {"type": "string"}}}});
    let server = Questioner::new(&json!({"a; rm -rf ~ #": question}));
    let output = run(&tasks_at(&server.url(), &["show", "t-1"]));
    let told = "answer by `midfield tasks answer SERVER t-1 'a; rm -rf ~ #'`\n";
    assert!(output.stdout.contains(told), "{output:?}");
    // A field that asks for a secret is marked here too.
    let told = "  password (text)\n    ! it seems to ask for a secret (password)";
    assert!(output.stdout.contains(told), "{output:?}");
}

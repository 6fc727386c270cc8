//! Forms of servers, filled in at a terminal.

use serde_json::{Value, json};

use crate::support::{Folder, Questioner, Terminal, run, tasks_at};

fn at_a_terminal(server: &Questioner, arguments: &[&str]) -> Terminal {
    let url = server.url();
    Terminal::run(&tasks_at(&url, arguments), |_| {})
}

fn answering(server: &Questioner) -> Terminal {
    at_a_terminal(server, &["answer", "t-1", "it"])
}

fn a_name() -> Questioner {
    Questioner::form("Who?", &json!({"name": {"type": "string"}}), &["name"])
}

const UP: &str = "\u{1b}[A";
const DOWN: &str = "\u{1b}[B";
const ESCAPE: &str = "\u{1b}";
const BACKSPACE: &str = "\u{7f}";

#[test]
fn fields_of_every_kind_are_filled_in_checked_and_changed() {
    let properties = json!({
        "name": {"type": "string", "title": "Your name", "minLength": 2},
        "mail": {"type": "string", "format": "email"},
        "seats": {"type": "integer", "minimum": 1, "maximum": 9},
        "weight": {"type": "number"},
        "sure": {"type": "boolean", "default": true},
        "size": {"type": "string", "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]},
        "class": {"type": "string", "enum": ["first", "second"], "default": "second"},
        "old": {"type": "string", "enum": ["1", "2"], "enumNames": ["One", "Two"]},
        "tags": {"type": "array", "minItems": 1, "maxItems": 2, "default": ["a"], "items": {"anyOf": [
            {"const": "a", "title": "A"}, {"const": "b", "title": "B"}, {"const": "c", "title": "C"}]}},
        "note": {"type": "string", "format": "colour"},
    });
    let server = Questioner::form("Who travels?", &properties, &["name", "seats", "size"]);
    let mut terminal = answering(&server);
    terminal.wait_for_next("| Who travels?");
    terminal.wait_for_next("name (text, required): Your name");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("A\r");
    terminal.wait_for_next("! it must have at least 2 characters");
    terminal.press("dä 日\r");
    terminal.wait_for_next("  > Adä 日\r\n");
    terminal.wait_for_next("mail (email)");
    terminal.press("ada\r");
    terminal.wait_for_next("! it must be an email address");
    terminal.press("@example.com\r");
    terminal.wait_for_next("seats (whole number, required)");
    terminal.press("\r");
    terminal.wait_for_next("! it is required");
    terminal.press("12\r");
    terminal.wait_for_next("! it must be at most 9");
    terminal.press(&format!("{BACKSPACE}\r"));
    terminal.wait_for_next("weight (number)");
    terminal.press("2,5\r");
    terminal.wait_for_next("! it must be a number");
    terminal.press(&format!("{BACKSPACE}{BACKSPACE}.5\r"));
    terminal.wait_for_next("sure (yes or no, default yes)");
    terminal.press(&format!("{UP}\r"));
    terminal.wait_for_next("  > no\r\n");
    terminal.wait_for_next("size (one choice, required)");
    terminal.wait_for_next("> Small (s)");
    terminal.press(DOWN);
    terminal.wait_for_next("> Large (l)");
    terminal.press("\r");
    terminal.wait_for_next("class (one choice, default second)");
    terminal.wait_for_next("> second");
    terminal.press("\r");
    terminal.wait_for_next("old (one choice)");
    terminal.press(&format!("{DOWN}\r"));
    terminal.wait_for_next("  > One\r\n");
    terminal.wait_for_next("tags (any of the choices, default A)");
    terminal.wait_for_next("> [x] A");
    terminal.press(" \r");
    terminal.wait_for_next("! it must have at least 1 choice");
    terminal.press(&format!(" {DOWN} {DOWN} \r"));
    terminal.wait_for_next("! it must have at most 2 choices");
    terminal.press(" \r");
    terminal.wait_for_next("note (colour)");
    terminal.press("\r");

    terminal.wait_for_next("this will be sent:");
    terminal.wait_for_next("seats = 1");
    terminal.wait_for_next("note = (left out)");
    terminal.wait_for_next("> send it");
    assert_eq!(server.answers(), json!({}));
    terminal.press(&format!("{DOWN}\r"));
    terminal.wait_for_next("which answer?");
    terminal.press(&format!("{DOWN}{DOWN}\r"));
    terminal.wait_for_next("seats (whole number, required)");
    // Ctrl-U takes what stood there.
    terminal.press("\u{15}4\r");
    terminal.wait_for_next("seats = 4");
    terminal.wait_for_next("> send it");
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    let content = json!({"name": "Adä 日", "mail": "ada@example.com", "seats": 4, "weight": 2.5, "sure": false, "size": "l",
        "class": "second", "old": "1", "tags": ["a", "b"]});
    assert_eq!(
        server.answers(),
        json!({"it": {"action": "accept", "content": content}})
    );
}

#[test]
fn to_decline_and_to_cancel_are_different_and_possible_at_any_time() {
    let leaving: [(&str, bool, &str, &str); 5] = [
        (ESCAPE, false, "cancel", "cancelled\r\n"),
        ("\u{4}", false, "decline", "declined\r\n"),
        (ESCAPE, true, "cancel", "cancelled\r\n"),
        ("\u{1b}[B\u{1b}[B\r", true, "decline", "declined\r\n"),
        ("\u{1b}[A\r", true, "cancel", "cancelled\r\n"),
    ];
    for (keys, at_review, action, told) in leaving {
        let server = a_name();
        let mut terminal = answering(&server);
        terminal.wait_for_next("Esc: cancel");
        if at_review {
            terminal.press("Ada\r");
            terminal.wait_for_next("> send it");
            terminal.wait_for_next("Esc: cancel");
        }
        terminal.press(keys);
        terminal.wait_for_next(told);
        terminal.wait_for_next("answered `it`");
        assert!(terminal.is_calm());
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(0), "{seen:?}");
        assert_eq!(server.answers(), json!({"it": {"action": action}}));
    }
}

#[test]
fn ctrl_c_stops_the_command_and_leaves_the_question_of_a_task_open() {
    for command in [&["answer", "t-1", "it"] as &[&str], &["watch", "t-1"]] {
        let server = a_name();
        let mut terminal = at_a_terminal(&server, command);
        terminal.wait_for_next("Esc: cancel");
        terminal.press("\u{3}");
        terminal.wait_for_next("cancelled, by Ctrl-C\r\n");
        terminal.wait_for_next("error: stopped by Ctrl-C: the task goes on");
        assert!(terminal.is_calm());
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(130), "{seen:?}");
        assert_eq!(server.answers(), json!({}));
    }
}

#[test]
fn to_agree_to_a_form_without_fields_is_a_choice() {
    for (keys, answer) in [
        ("\r", json!({"action": "decline"})),
        ("\u{1b}[B\r", json!({"action": "accept", "content": {}})),
    ] {
        let server = Questioner::form("Delete everything?", &json!({}), &[]);
        let mut terminal = answering(&server);
        terminal.wait_for_next("> no, decline");
        terminal.wait_for_next("Esc: cancel");
        terminal.press(keys);
        assert_eq!(terminal.end().0, Some(0));
        assert_eq!(server.answers(), json!({"it": answer}));
    }
}

#[test]
fn nothing_that_a_server_writes_is_obeyed_or_can_be_clicked() {
    let hostile =
        "\u{1b}[31m\u{1b}]0;owned\u{7}\u{202e}\u{200b}\u{e0041}\u{9b}2J see https://evil.example";
    let properties = json!({
        format!("a{hostile}"): {"type": "string", "title": hostile, "description": hostile, "default": hostile},
        "b": {"type": "string", "oneOf": [{"const": hostile, "title": hostile}]},
        "c": {"type": "string", "format": hostile, "pattern": format!("^(?={hostile})")},
    });
    let server = Questioner::form(hostile, &properties, &["b"]);
    let mut terminal = answering(&server);
    for _ in 0..3 {
        terminal.wait_for_next("Esc: cancel");
        terminal.press("\r");
    }
    terminal.wait_for_next("> send it");
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    for obeyed in [
        "\u{1b}[31m",
        "\u{1b}]",
        "\u{7}",
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
        "\u{9b}",
        "https://evil",
    ] {
        assert!(!seen.contains(obeyed), "{obeyed:?} in {seen:?}");
    }
    assert!(seen.contains("see https: //evil.example"), "{seen:?}");
    let answers = server.answers();
    let content = &answers["it"]["content"];
    assert_eq!(content["b"], hostile);
    // What can be typed is sent as it was seen.
    let seen = "[31m]0;owned2J see https://evil.example";
    assert_eq!(content[format!("a{hostile}")], seen);
}

#[test]
fn a_default_that_is_taken_by_clearing_the_field_is_sent_as_it_is_seen() {
    let properties = json!({"a": {"type": "string", "default": "x\u{202e}\u{e0041}y"}});
    let server = Questioner::form("Which?", &properties, &[]);
    let mut terminal = answering(&server);
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{15}\r");
    terminal.wait_for_next("a = xy");
    terminal.wait_for_next("> send it");
    terminal.press("\r");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(server.answers()["it"]["content"], json!({"a": "xy"}));
}

#[test]
fn a_field_that_asks_for_a_secret_is_marked() {
    let properties = json!({"api_key": {"type": "string"}});
    let server = Questioner::form("Key?", &properties, &[]);
    let mut terminal = answering(&server);
    terminal.wait_for_next("! it seems to ask for a secret (api key)");
    terminal.press(ESCAPE);
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_form_that_is_none_is_refused_and_stays_open() {
    let properties = json!({"a": {"type": "object", "properties": {}}});
    let server = Questioner::form("Who?", &properties, &[]);
    let mut terminal = answering(&server);
    terminal.wait_for_next("`it` cannot be asked here: the field `a` has no place in a form");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(5), "{seen:?}");
    assert_eq!(server.answers(), json!({}));
}

#[test]
fn questions_are_asked_one_after_another() {
    let form = |field: &str| json!({"message": "?", "requestedSchema": {"type": "object", "properties": {field: {"type": "string"}}}});
    let server = Questioner::new(&json!({"one": form("a"), "two": form("b")}));
    let mut terminal = at_a_terminal(&server, &["watch", "t-1"]);
    for (name, said) in [("a (text)", "x\r"), ("b (text)", "y\r")] {
        terminal.wait_for_next(name);
        terminal.wait_for_next("Esc: cancel");
        terminal.press(said);
        terminal.wait_for_next("> send it");
        terminal.press("\r");
    }
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.ends_with("at its end\r\n"), "{seen:?}");
    let answers = server.answers();
    assert_eq!(answers["one"]["content"], json!({"a": "x"}));
    assert_eq!(answers["two"]["content"], json!({"b": "y"}));
}

#[test]
fn a_question_that_is_withdrawn_gives_the_terminal_back() {
    let server = a_name();
    let mut terminal = at_a_terminal(&server, &["watch", "t-1"]);
    terminal.wait_for_next("Esc: cancel");
    assert!(!terminal.is_calm());
    terminal.press("Ad");
    terminal.wait_for_next("> Ad");
    server.withdraw();
    terminal.wait_for_next("the question was withdrawn");
    terminal.wait_for_next("at its end");
    assert!(terminal.is_calm());
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert_eq!(server.answers(), json!({}));
}

#[test]
fn without_a_terminal_a_file_answers_and_says_so() {
    let folder = Folder::new();
    let written = json!({"rules": [{"message": "Who", "content": {"name": "Ada"}}]});
    let path = folder.write("answers.json", &written.to_string());
    let path = path.to_str().unwrap();
    let check = |server: &Questioner, answer: Value, told: &str| {
        let url = server.url();
        let output = run(&tasks_at(&url, &["watch", "t-1", "--answers", path]));
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
        assert_eq!(server.answers(), json!({"it": answer}));
    };
    check(
        &a_name(),
        json!({"action": "accept", "content": {"name": "Ada"}}),
        "answered as written down in",
    );
    check(
        &Questioner::form("Which?", &json!({"name": {"type": "string"}}), &["name"]),
        json!({"action": "decline"}),
        "asks: declined, by",
    );
    let missing = run(&tasks_at(
        "http://127.0.0.1:1/",
        &["watch", "t-1", "--answers", "/no/such/file"],
    ));
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.stderr.contains("could not read the answers"),
        "{missing:?}"
    );
}

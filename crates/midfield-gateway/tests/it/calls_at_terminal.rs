//! Calls of tools at a terminal.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Service, Terminal, Workshop, answer, run, run_with};

fn call(workshop: &Workshop, words: &[&str]) -> Terminal {
    Terminal::run(&[&["call", &workshop.url()], words].concat(), |_| {})
}

#[test]
fn a_call_shows_how_far_it_is_in_one_line() {
    let workshop = Workshop::new();
    let terminal = call(&workshop, &["climb"]);
    terminal.wait_for("\r\u{1b}[2K[#####---------------]  25% step 1]0;owned");
    workshop.let_climb();
    terminal.wait_for("\r\u{1b}[2K[##########----------]  50% step 2");
    for _ in 0..3 {
        workshop.let_climb();
    }
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.ends_with("\r\u{1b}[2Kat the top[2J\r\n"), "{seen:?}");
    let own = seen.replace("\r\u{1b}[2K", "");
    assert!(!own.contains(['\u{1b}', '\u{7}']), "{seen:?}");
}

#[test]
fn ctrl_c_cancels_a_call_and_says_so() {
    for era in ["modern", "legacy"] {
        let workshop = Workshop::new();
        let terminal = call(&workshop, &["climb", "--era", era]);
        terminal.wait_for("25% step 1");
        terminal.interrupt();
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(130), "{seen:?}");
        assert!(
            seen.contains("error: stopped by Ctrl-C: the call was cancelled"),
            "{seen:?}"
        );
        workshop.wait_for_cancellation();
    }
}

#[test]
fn a_form_is_asked_in_the_middle_of_a_call() {
    for era in ["modern", "legacy"] {
        let workshop = Workshop::new();
        let mut terminal = call(&workshop, &["ask", "--era", era]);
        terminal.wait_for_next("asks while it works on `ask`");
        terminal.wait_for_next("count (whole number, required): How many");
        terminal.press("4\r");
        terminal.wait_for_next("> send it");
        terminal.press("\r");
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(0), "{seen:?}");
        assert!(seen.contains("took {\"count\":4}"), "{seen:?}");
    }
}

#[test]
fn changes_are_printed_until_ctrl_c() {
    for era in ["modern", "legacy"] {
        let workshop = Workshop::new();
        let url = workshop.url();
        let words = [
            "subscribe",
            &url,
            "--uri",
            "note://b",
            "--era",
            era,
            "--json",
        ];
        let mut terminal = Terminal::run(&words, |_| {});
        terminal.wait_for_next("listening, until Ctrl-C");
        workshop.touch("note://a");
        workshop.touch("note://b");
        terminal.wait_for_next(r#"{"changed":"resource","uri":"note://b"}"#);
        terminal.interrupt();
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(130), "{seen:?}");
        assert!(!seen.contains("note://a"), "{seen:?}");
        assert!(
            seen.contains("stopped by Ctrl-C: it listens no more"),
            "{seen:?}"
        );
    }
}

/// A server of models that speaks the API of Chat Completions, and whatever it was asked.
fn model() -> (Service, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::<Mutex<Vec<Value>>>::default();
    let kept = asked.clone();
    let service = Service::new(move |request, stream| {
        let mut told: Value = serde_json::from_slice(&request.body).unwrap();
        told["key"] = request.header("authorization").into();
        kept.lock().unwrap().push(told);
        let message = json!({"role": "assistant", "content": "four\u{1b}[2J"});
        let body = json!({"id": "1", "object": "chat.completion", "model": "m-1",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}});
        let body = body.to_string();
        let _ = stream.write_all(&answer("200 OK", "application/json", body.as_bytes()));
    });
    (service, asked)
}

fn muse(workshop: &Workshop, base: &str, options: &[&str]) -> Vec<String> {
    let url = workshop.url();
    let words = [
        "call",
        &url,
        "muse",
        "--model",
        "openai/m",
        "--model-url",
        base,
    ];
    words
        .iter()
        .chain(options)
        .map(|word| (*word).to_owned())
        .collect()
}

#[test]
fn a_person_agrees_to_what_a_model_is_asked_and_to_what_it_says() {
    let (service, asked) = model();
    for era in ["modern", "legacy"] {
        let workshop = Workshop::new();
        let words = muse(&workshop, &service.url(), &["--era", era]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut terminal = Terminal::run(&words, |_| {});
        terminal.wait_for_next("asks while it works on `muse`");
        terminal.wait_for_next("it wants to ask the model `openai/m`, at your cost");
        terminal.wait_for_next("| How much is 2 + 2?");
        terminal.wait_for_next("> no, refuse");
        terminal.wait_for_next("Esc: cancel");
        assert!(asked.lock().unwrap().is_empty());
        terminal.press("\u{1b}[B\r");
        terminal.wait_for_next("the model `m-1` says to it:");
        terminal.wait_for_next("| four[2J");
        terminal.wait_for_next("> no, keep it");
        terminal.wait_for_next("Esc: cancel");
        terminal.press("\u{1b}[B\r");
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(0), "{seen:?}");
        assert!(seen.contains("it says four"), "{seen:?}");
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked.len(), 1, "{asked:?}");
        // The key of the environment is for its own provider.
        assert_eq!(
            (&asked[0]["model"], &asked[0]["key"]),
            (&json!("m"), &Value::Null)
        );
    }
}

#[test]
fn a_model_is_not_asked_by_whom_a_person_refuses_and_its_answer_can_be_kept() {
    let (service, asked) = model();
    let workshop = Workshop::new();
    let words = muse(&workshop, &service.url(), &[]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut terminal = Terminal::run(&words, |_| {});
    terminal.wait_for_next("> no, refuse");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(5), "{seen:?}");
    assert!(seen.contains("User rejected sampling request"), "{seen:?}");
    assert_eq!(asked.lock().unwrap().len(), 0);

    let mut terminal = Terminal::run(&words, |_| {});
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{1b}[B\r");
    terminal.wait_for_next("> no, keep it");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{1b}");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(5), "{seen:?}");
    assert!(!seen.contains("it says four"), "{seen:?}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn without_a_terminal_a_model_is_asked_where_the_command_line_agrees() {
    let (service, asked) = model();
    let workshop = Workshop::new();
    let call = |options: &[&str]| {
        let words = muse(&workshop, &service.url(), options);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run_with(&words, |command| {
            command
                .env("OPENAI_API_KEY", "canary")
                .env("OWN_KEY", "own");
        })
    };
    let output = call(&[]);
    assert_eq!(output.code, Some(5), "{output:?}");
    assert!(output.stderr.contains("`--model-unattended`"), "{output:?}");
    assert_eq!(asked.lock().unwrap().len(), 0);
    let output = call(&["--model-unattended", "--model-key-env", "OWN_KEY"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(asked.lock().unwrap()[0]["key"], "Bearer own");
    let output = call(&["--model-unattended", "--model-tokens", "3"]);
    assert_eq!(output.code, Some(5), "{output:?}");
    assert!(output.stderr.contains("tokens is 3"), "{output:?}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    for (words, told) in [
        (["--model", "gpt"], "`anthropic/NAME`"),
        (["--model", "acme/gpt"], "`anthropic/NAME`"),
        (["--model-url", "http://127.0.0.1:1"], "--model"),
    ] {
        let output = run(&["call", &workshop.url(), "muse", words[0], words[1]]);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
    }
}

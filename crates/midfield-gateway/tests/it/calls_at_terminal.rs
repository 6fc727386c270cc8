//! Calls of tools at a terminal.

use crate::support::{Terminal, Workshop};

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

//! What happens to a question that stands at a terminal: keys that came before it, what others write, and what stops a command.

use rustix::process::Signal;

use crate::support::{Nagging, Terminal};

/// What nobody may see while a question stands.
const NOISE: [&str; 2] = ["noise 1", "look "];

fn is_running(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit(") ").next().unwrap_or_default().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Waits for the question.
#[track_caller]
fn wait_for_question(terminal: &mut Terminal) {
    terminal.wait_for_next("| Delete production?");
    terminal.wait_for_next("Esc: cancel");
}

#[test]
fn nothing_is_written_where_a_question_stands_and_it_is_told_afterwards() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["call", "noise", "--verbose"]);
    wait_for_question(&mut terminal);
    server.let_go();
    server.wait("pinged", 1);
    let before = terminal.seen();
    let question = before.find("| Delete").unwrap();
    assert!(!before[question..].contains(NOISE[0]), "{before:?}");
    terminal.press("\r");
    terminal.wait_for_next("> send it");
    assert!(!terminal.seen()[question..].contains(NOISE[0]));
    assert!(!terminal.seen()[question..].contains("DEBUG"));
    terminal.press("\r");
    terminal.wait_for_next("log info: noise 0");
    terminal.wait_for_next("log info: noise 4");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.contains("done"), "{seen:?}");
}

#[test]
fn a_watched_task_is_not_painted_over_the_question_that_it_asks() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["tasks", "watch", "t-1"]);
    terminal.wait_for_next("input required: look 1");
    wait_for_question(&mut terminal);
    let looks = server.told("looks").len();
    // It is looked at all the while.
    server.wait("looks", looks + 5);
    let seen = terminal.seen();
    let question = seen.find("| Delete").unwrap();
    assert!(!seen[question..].contains(NOISE[1]), "{seen:?}");
    terminal.press("\r");
    terminal.wait_for_next("> send it");
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.ends_with("done\r\n"), "{seen:?}");
    let answered = seen.rfind("> send it").unwrap();
    assert!(seen[answered..].contains(NOISE[1]), "{seen:?}");
}

#[test]
fn keys_that_were_typed_before_a_question_do_not_answer_it() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["call", "noise"]);
    terminal.press("\r\r\r");
    server.wait("calls", 1);
    terminal.press("\r\r\r");
    wait_for_question(&mut terminal);
    terminal.press("\r");
    terminal.wait_for_next("> send it");
    assert_eq!(server.told("answers"), [""; 0]);
    terminal.press("\u{1b}");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert_eq!(server.told("answers"), ["cancel"]);
}

#[test]
fn keys_of_one_question_do_not_answer_the_next() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["call", "nag"]);
    wait_for_question(&mut terminal);
    // The first two send the form, and the others are too many.
    terminal.press("\r\r\r\r\r\r");
    server.wait("answers", 1);
    wait_for_question(&mut terminal);
    terminal.press("\u{1b}");
    wait_for_question(&mut terminal);
    assert_eq!(server.told("answers"), ["accept", "cancel"]);
    terminal.press("\u{3}");
    assert_eq!(terminal.end().0, Some(130));
}

#[test]
fn ctrl_c_at_a_question_stops_the_command_however_often_the_server_asks() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["call", "nag"]);
    wait_for_question(&mut terminal);
    // To cancel a question is not to stop.
    terminal.press("\u{1b}");
    wait_for_question(&mut terminal);
    terminal.press("\u{3}");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(130), "{seen:?}");
    assert_eq!(
        seen.matches("cancelled, by Ctrl-C\r\n").count(),
        1,
        "{seen:?}"
    );
    assert_eq!(seen.matches("| Delete production?").count(), 2, "{seen:?}");
    assert!(
        seen.contains("error: stopped by Ctrl-C: the call was cancelled"),
        "{seen:?}"
    );
    // What is asked after that reaches nobody.
    let answers = server.told("answers");
    assert!(answers.len() >= 2 && answers.iter().all(|it| it == "cancel"));
    assert_eq!(server.told("cancelled").len(), 1);
}

#[test]
fn ctrl_c_at_a_question_in_a_shell_cancels_the_command_alone() {
    let server = Nagging::new();
    let mut terminal = server.at_a_terminal(&["shell"]);
    terminal.wait_for_next("connected to nagging");
    terminal.wait_for_next("midfield");
    terminal.press("call nag\r");
    wait_for_question(&mut terminal);
    terminal.press("\u{3}");
    terminal.wait_for_next("error: stopped by Ctrl-C: it was cancelled");
    assert_eq!(server.told("cancelled").len(), 1);
    terminal.wait_for_next("midfield");
    terminal.press("quit\r");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_signal_at_a_question_gives_the_terminal_back_and_ends_the_server() {
    for (signal, code, told) in [
        (
            Signal::TERM,
            143,
            "stopped by SIGTERM: the call was cancelled",
        ),
        (Signal::HUP, 129, "stopped: the terminal was closed"),
    ] {
        let server = Nagging::new();
        let mut terminal = server.at_a_terminal(&["call", "nag"]);
        wait_for_question(&mut terminal);
        let pid = server.wait("pid", 1).remove(0);
        assert!(is_running(&pid) && !terminal.is_calm());
        terminal.signal(signal);
        terminal.wait_for_next(told);
        assert!(terminal.is_calm());
        let (ended, seen) = terminal.end();
        assert_eq!(ended, Some(code), "{seen:?}");
        assert!(!is_running(&pid), "{seen:?}");
        assert_eq!(server.told("cancelled").len(), 1);
    }
}

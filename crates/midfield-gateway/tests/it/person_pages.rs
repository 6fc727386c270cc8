//! Pages that servers ask to open, at a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, Questioner, Service, Terminal, answer, tasks_at};

/// A browser that writes down its arguments and opens nothing.
struct Browser {
    folder: Folder,
    program: PathBuf,
}

impl Browser {
    fn new() -> Self {
        let folder = Folder::new();
        let script =
            "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > \"$0.part\"\nmv \"$0.part\" \"$0.told\"\n";
        let program = folder.write("browser", script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder, program }
    }

    /// What it was started with: how many arguments, and each.
    fn told(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("browser.told")).ok()
    }

    #[track_caller]
    fn wait(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(told) = self.told() {
                return told;
            }
            assert!(Instant::now() < deadline, "no browser was started");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn page(url: &str) -> Questioner {
    Questioner::asking(&json!({"mode": "url", "url": url, "elicitationId": "1",
        "message": "Sign in at https://bank.example\u{1b}[2J, as ever."}))
}

fn answering(server: &Questioner, browser: &Browser) -> Terminal {
    let url = server.url();
    Terminal::run(&tasks_at(&url, &["answer", "t-1", "it"]), |command| {
        command.env("BROWSER", &browser.program);
    })
}

fn action(action: &str) -> Value {
    json!({"it": {"action": action}})
}

const HOSTILE: &str = "https://bank.example.evil.example/a\"&calc$(calc)`calc`?--flag=%s";
const INERT: &str = "https://bank.example.evil.example/a%22&calc$(calc)%60calc%60?--flag=%s";

#[test]
fn a_page_is_opened_after_consent_as_one_inert_argument() {
    let (server, browser) = (page(HOSTILE), Browser::new());
    let mut terminal = answering(&server, &browser);
    terminal.wait_for_next("Sign in at https: //bank.example[2J, as ever.");
    terminal.wait_for_next("the site: ");
    terminal.wait_for_next("bank.example.evil.example");
    terminal.wait_for_next("> no, decline");
    terminal.wait_for_next("Esc: cancel");
    assert_eq!(browser.told(), None);
    terminal.press("\u{1b}[B");
    terminal.wait_for_next("> yes, open it");
    assert_eq!(browser.told(), None);
    terminal.press("\r");
    terminal.wait_for_next("opened in your browser");
    terminal.wait_for_next("> done");
    assert_eq!(browser.wait(), format!("1\n{INERT}\n"));
    assert_eq!(server.answers(), json!({}));
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert_eq!(server.answers(), action("accept"));
    // The whole URL is shown, in which only the host is marked, and no other URL can be clicked.
    let url = seen.replace("\u{1b}[1m", "").replace("\u{1b}[7m", "");
    let url = url.replace("\u{1b}[0m", "");
    assert!(url.contains(INERT), "{seen:?}");
    assert_eq!(url.matches("://").count(), 1, "{seen:?}");
}

#[test]
fn without_consent_nothing_is_opened_or_fetched() {
    let site = Service::answering(answer("200 OK", "text/html", b"hello"));
    for (keys, answered) in [
        // Enter by habit.
        ("\r", "decline"),
        ("\u{4}", "decline"),
        ("\u{1b}", "cancel"),
        ("\u{1b}[A\r", "cancel"),
    ] {
        let (server, browser) = (page(&format!("{}/sign-in", site.url())), Browser::new());
        let mut terminal = answering(&server, &browser);
        terminal.wait_for_next("! the page is on this machine");
        terminal.wait_for_next("! the connection is not encrypted");
        terminal.wait_for_next("Esc: cancel");
        terminal.press(keys);
        assert_eq!(terminal.end().0, Some(0));
        assert_eq!(server.answers(), action(answered));
        assert_eq!(browser.told(), None);
    }
    assert!(site.recorded().is_empty());
}

#[test]
fn what_was_opened_can_still_be_declined() {
    let (server, browser) = (page("https://example.com/"), Browser::new());
    let mut terminal = answering(&server, &browser);
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{1b}[B\r");
    terminal.wait_for_next("> done");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{1b}[B\r");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(server.answers(), action("decline"));
    browser.wait();
}

#[test]
fn what_is_no_page_of_the_web_is_refused() {
    for url in [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,a",
        "vbscript:a",
        "https://a.example/\u{202e}",
        "--flag",
        "https://bank.example@evil.example/",
    ] {
        let (server, browser) = (page(url), Browser::new());
        let mut terminal = answering(&server, &browser);
        terminal.wait_for_next("cannot be asked here: the page");
        let (code, seen) = terminal.end();
        assert_eq!(code, Some(5), "{seen:?}");
        assert!(!seen.contains(url), "{seen:?}");
        assert_eq!(server.answers(), json!({}));
        assert_eq!(browser.told(), None);
    }
}

#[test]
fn a_host_that_imitates_another_is_shown_as_it_is() {
    let (server, browser) = (page("https://g\u{43e}ogle.com/"), Browser::new());
    let mut terminal = answering(&server, &browser);
    terminal.wait_for_next("xn--");
    terminal.wait_for_next("looks like google.com, and is not");
    terminal.press("\r");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(server.answers(), action("decline"));
}

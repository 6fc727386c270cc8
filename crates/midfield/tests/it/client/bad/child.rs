//! Programs that are bad servers, and what is left of them.
#![cfg(unix)]

use std::fs;
use std::time::{Duration, Instant};

use midfield::Client;
use midfield::client::{ClientBuilder, Command, Error, Speak};
use tokio::task::JoinSet;

use super::assert_says;
use crate::harness::soon;

/// What opens a session, in the shell.
const OPEN: &str = r#"read -r line; printf '%s\n' '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"prompts":{}},"serverInfo":{"name":"sh","version":"1"}}}'; read -r line;"#;

/// How long the companions of servers sleep, in scripts.
const SLEEP: &str = "31536042";

/// How long they sleep in this process, so that they are found again among all others.
fn own_sleep() -> String {
    format!("4{:08}", std::process::id())
}

fn command(script: &str) -> Command {
    Command::new("sh").args(["-c".to_owned(), script.replace(SLEEP, &own_sleep())])
}

fn builder() -> ClientBuilder {
    Client::builder()
        .speak(Speak::Legacy)
        .timeout(Duration::from_secs(5))
        .connect_timeout(Duration::from_secs(5))
}

/// The processes that this one has started, those that nobody took note of included, and the sleepers that these left behind.
fn left() -> Vec<String> {
    let own = std::process::id().to_string();
    let sleep = own_sleep();
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").expect("Linux tells").flatten() {
        let path = entry.path();
        let Ok(stat) = fs::read_to_string(path.join("stat")) else {
            continue;
        };
        let Some((name, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let mut rest = rest.split_whitespace();
        let (state, parent) = (
            rest.next().unwrap_or_default(),
            rest.next().unwrap_or_default(),
        );
        let words = fs::read_to_string(path.join("cmdline")).unwrap_or_default();
        if parent == own || words.contains(&sleep) {
            left.push(format!("{name}) {state}"));
        }
    }
    left
}

async fn until_none_is_left() {
    let begun = Instant::now();
    while !left().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", left());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_no_server_is_reported_with_its_end_and_its_last_words() {
    let cases: [(&str, &[&str]); 5] = [
        (
            "echo 'no config' >&2; exit 7",
            &[
                "ended before the answer came",
                "exit status: 7",
                "its last words: no config",
            ],
        ),
        (
            "read -r line; printf 'oops\\n\\033[2J\\007' >&2; exit 3",
            &[
                "exit status: 3",
                "its last words: oops | \u{fffd}[2J\u{fffd}",
            ],
        ),
        ("cat >&2; exit 0", &["did not answer", "within 5 s"]),
        ("kill -9 $$", &["signal: 9"]),
        (
            "echo usage: me; sleep 60",
            &[
                "did not answer",
                "it wrote a line that is no message: `usage: me`",
            ],
        ),
    ];
    for (script, parts) in cases {
        for speak in [Speak::Auto, Speak::Legacy] {
            let connecting = builder().speak(speak).connect(command(script));
            let error = connecting.await.expect_err("no server");
            assert_says(&error, parts);
        }
    }
    let error = builder()
        .connect(Command::new("there-is-no-such-program"))
        .await
        .expect_err("not there");
    assert_says(
        &error,
        &[
            "could not start `there-is-no-such-program`",
            "install it, or give the whole path",
        ],
    );
    until_none_is_left().await;
}

#[tokio::test]
async fn a_server_that_ends_or_stops_talking_fails_its_calls_at_once_whoever_holds_its_pipes() {
    let endings = [
        ("read -r line; exit 5", "exit status: 5"),
        (
            "read -r line; exec >&-; sleep 3",
            "the server has closed its output",
        ),
        // What it leaves behind keeps its output open.
        (
            "sleep 31536042 & read -r line; echo bye >&2; exit 6",
            "left behind what keeps its output open; the server has ended (exit status: 6); its last words: bye",
        ),
        (
            "trap '' TERM; read -r line; exec >&-; while :; do sleep 31536042; done",
            "the server has ended (signal: 9",
        ),
    ];
    for (ending, part) in endings {
        let client = builder()
            .attempts(1)
            .connect(command(&format!("{OPEN}{ending}")))
            .await
            .expect("a session");
        let begun = Instant::now();
        let error = client.call_tool("any", ()).await.expect_err("no answer");
        assert!(
            matches!(error, Error::Interrupted { .. } | Error::Timeout { .. }),
            "{error}"
        );
        if !matches!(error, Error::Timeout { .. }) {
            assert_says(&error, &[part]);
        }
        assert!(
            begun.elapsed() < Duration::from_secs(8),
            "{ending}: {:?}",
            begun.elapsed()
        );
        client.close().await;
    }
    until_none_is_left().await;
}

#[tokio::test]
async fn a_server_that_died_is_started_again_for_what_may_be_asked_twice() {
    let folder = std::env::temp_dir().join(format!("midfield-bad-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let prompt =
        r#"printf '%s\n' '{"jsonrpc":"2.0","id":4,"result":{"messages":[]}}'; read -r line"#;
    let again = OPEN.replace("\"id\":1", "\"id\":3");
    let script = format!(
        "if [ -e second ]; then {again} read -r line; {prompt}; else touch second; {OPEN} read -r line; exit 1; fi"
    );
    let client = builder()
        .connect(command(&script).folder(&folder))
        .await
        .expect("a session");
    let prompt = client
        .get_prompt("any")
        .await
        .expect("an answer of the second");
    assert!(prompt.messages.is_empty());
    client.close().await;
    fs::remove_dir_all(&folder).expect("a folder");
    until_none_is_left().await;
}

#[tokio::test]
async fn a_server_that_writes_to_its_standard_error_for_ever_holds_nobody_up() {
    let before = super::memory();
    let script =
        format!("{OPEN} yes 'a line that nobody wants' >&2 & read -r line; sleep 1; exit 1");
    let client = builder()
        .attempts(1)
        .connect(command(&script))
        .await
        .expect("a session");
    let error = client.call_tool("any", ()).await.expect_err("no answer");
    assert_says(&error, &["its last words: ", "a line that nobody wants"]);
    client.close().await;
    let grown = super::memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
    until_none_is_left().await;
}

#[tokio::test]
async fn a_server_that_ignores_every_hint_is_killed_within_its_time() {
    let script = format!("trap '' TERM INT HUP; {OPEN} while :; do sleep 31536042; done");
    let client = builder()
        .connect(command(&script))
        .await
        .expect("a session");
    let begun = Instant::now();
    soon(client.close()).await;
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(7),
        "{took:?}"
    );
    until_none_is_left().await;
}

/// Scripts of servers in a session: those that end with their input, and those with company.
const SERVERS: [&str; 4] = [
    "read -r line",
    "sleep 31536042 & read -r line",
    "sleep 31536042 >/dev/null 2>&1 </dev/null & read -r line",
    "(trap '' TERM; sleep 31536042 & wait) & read -r line",
];

#[tokio::test]
async fn five_hundred_clients_leave_no_process_behind() {
    for round in 0..25 {
        let mut opening = JoinSet::new();
        for at in 0..20 {
            let script = format!("{OPEN}{}", SERVERS[at % SERVERS.len()]);
            opening.spawn(async move {
                let client = builder()
                    .connect(command(&script))
                    .await
                    .expect("a session");
                if (round + at) % 3 == 0 {
                    client.close().await;
                }
            });
        }
        while let Some(opened) = opening.join_next().await {
            opened.expect("no panic");
        }
    }
    until_none_is_left().await;
}

#[test]
fn a_runtime_that_is_shut_down_leaves_no_process_behind() {
    for round in 0..10 {
        let mut building = match round % 2 {
            0 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = building.enable_all().build().expect("a runtime");
        let clients: Vec<Client> = runtime.block_on(async {
            let mut clients = Vec::new();
            for server in SERVERS {
                let script = format!("{OPEN}{server}");
                clients.push(
                    builder()
                        .connect(command(&script))
                        .await
                        .expect("a session"),
                );
            }
            clients
        });
        if round % 3 == 0 {
            drop(clients);
            drop(runtime);
        } else {
            drop(runtime);
            drop(clients);
        }
        let begun = Instant::now();
        while !left().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", left());
            std::thread::yield_now();
        }
    }
}

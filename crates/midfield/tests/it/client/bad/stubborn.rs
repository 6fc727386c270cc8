//! Servers that leave the client no turn, come back as if nothing had been, or want to be left alone for longer than there is time.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use midfield::Client;
use midfield::client::{AnswerElicitation, Asker, Command, Error, Refusal, Speak};
use midfield::types::{Action, ElicitResult, Elicitation};
use serde_json::json;

use super::assert_says;
use super::web::{Then, Web, answer, builder, events, response};

/// What opens a session, in the shell.
#[cfg(unix)]
const OPEN: &str = r#"id() { printf '%s' "$1" | sed 's/.*"id":\([0-9]*\).*/\1/'; }
read -r line; printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}\n' "$(id "$line")"; read -r line;"#;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_never_stops_writing_can_be_closed() {
    let script = format!("{OPEN} exec yes junk");
    let command = Command::new("sh").args(["-c", &script]);
    let client = Client::builder()
        .speak(Speak::Legacy)
        .timeout(Duration::from_secs(2))
        .connect(command)
        .await
        .expect("a connection");
    let begun = Instant::now();
    let error = client.ping().await.expect_err("it does not answer");
    assert_says(&error, &["did not answer `ping` within 2 s"]);
    let closed = tokio::time::timeout(Duration::from_secs(20), client.close()).await;
    assert!(closed.is_ok(), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_without_end_stop_no_clock() {
    let web = Web::of(Speak::Modern, |asked| {
        asked
            .is("tools/call")
            .then(|| events("", Then::Flood(b"id\n\n")))
    })
    .await;
    let url = web.url();
    let client = builder(Speak::Modern)
        .timeout(Duration::from_secs(2))
        .connect(url.as_str())
        .await
        .expect("a connection");
    let begun = Instant::now();
    let error = client.call_tool("any", ()).await.expect_err("no answer");
    assert_says(&error, &["did not answer `tools/call` within 2 s"]);
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn no_argument_of_a_command_is_told() {
    let command = Command::new("/no/such/folder/server").args(["--token", "canary"]);
    let error = Client::connect(command).await.expect_err("not there");
    assert_says(&error, &["server"]);
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
    let process = midfield::client::config::Process::new("x", ["canary"]);
    assert!(!format!("{process:?}").contains("canary"));
}

/// Thinks for ever about the first question, and answers the others.
struct Slow(AtomicBool);

impl AnswerElicitation for Slow {
    async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        if !self.0.swap(true, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(ElicitResult::new(Action::Decline))
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_question_of_a_server_that_is_gone_is_open_no_more() {
    let question = r#"printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}}}}';"#;
    let folder = tempfile::tempdir().expect("a folder");
    let again = folder.path().join("again").display().to_string();
    // The first process asks and ends; the second asks the same, and tells by its answer what it got.
    let script = format!(
        r#"{OPEN} read -r line; if [ ! -e {again} ]; then touch {again}; {question} sleep 0.2; exit 1; fi
        {question} read -r reply
        case "$reply" in *decline*) printf '{{"jsonrpc":"2.0","id":%s,"result":{{"content":[{{"type":"text","text":"declined"}}]}}}}\n' "$(id "$line")";; esac
        cat >/dev/null"#
    );
    let client = Client::builder()
        .speak(Speak::Legacy)
        .timeout(Duration::from_secs(10))
        .elicitation(Slow(AtomicBool::new(false)))
        .connect(Command::new("sh").args(["-c", &script]))
        .await
        .expect("a connection");
    let call = client.call_tool("any", ()).idempotent();
    let said = tokio::time::timeout(Duration::from_secs(20), call.into_future()).await;
    let said = said.expect("in time").expect("an answer");
    let said = serde_json::to_value(said).expect("JSON");
    assert_eq!(said["content"][0]["text"], "declined");
    client.close().await;
}

/// Ends the server while it is asked.
struct Ending(Arc<std::sync::Mutex<Option<Web>>>);

impl AnswerElicitation for Ending {
    async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        drop(self.0.lock().expect("no panic").take());
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(ElicitResult::new(Action::Decline))
    }
}

#[tokio::test]
async fn what_was_sent_once_is_not_said_to_be_unsent() {
    // After the first round nothing listens any more.
    let web = Arc::new(std::sync::Mutex::new(None));
    let kept = web.clone();
    let server = Web::of(Speak::Modern, |asked| {
        asked.is("tools/call").then(|| {
            let form = json!({"method": "elicitation/create", "params": {"mode": "form", "message": "?",
                "requestedSchema": {"type": "object", "properties": {}}}});
            answer(asked, json!({"resultType": "input_required", "inputRequests": {"a": form}}))
        })
    })
    .await;
    let url = server.url();
    *web.lock().expect("no panic") = Some(server);
    let client = builder(Speak::Modern)
        .elicitation(Ending(kept))
        .attempts(2)
        .connect(url.as_str())
        .await
        .expect("a connection");
    let error = client.call_tool("any", ()).await.expect_err("it is gone");
    assert!(!error.is_unsent(), "{error:?}");
    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
    assert_says(&error, &["it was sent, and could not be sent again"]);
}

#[tokio::test]
async fn nothing_is_sent_again_when_the_time_is_over() {
    let web = Web::of(Speak::Modern, |asked| {
        asked
            .is("tools/call")
            .then(|| response("429 Too Many Requests", "Retry-After: 20\r\n", ""))
    })
    .await;
    let client = web.client(Speak::Modern).await;
    let begun = Instant::now();
    let call = client.call_tool("any", ()).max_time(Duration::from_secs(1));
    let error = call.await.expect_err("it wants to be left alone");
    assert_says(&error, &["did not answer `tools/call` within 1 s"]);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Nor is a client that is closed meanwhile waited for.
    let call = client.call_tool("any", ()).into_future();
    let closing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.close().await;
    };
    let both = async { tokio::join!(call, closing) };
    let ended = tokio::time::timeout(Duration::from_secs(5), both).await;
    let error = ended.expect("in time").0.expect_err("closed");
    assert!(matches!(error, Error::Closed), "{error:?}");
    assert_eq!(web.count("tools/call"), 2);
}

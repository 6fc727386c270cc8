//! Progress that leads nowhere, and clocks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use midfield::client::{AnswerElicitation, Asker, Refusal, Speak};
use midfield::types::{Action, ElicitResult, Elicitation};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Double, ERAS, assert_says, builder, is, line, result, sane, still_works};

fn progress(token: &Value, progress: Value) -> Vec<u8> {
    let mut params = json!({"progressToken": token});
    params["progress"] = progress;
    line(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}))
}

#[tokio::test(start_paused = true)]
async fn progress_without_end_is_ended_by_the_longest_time_whatever_it_says() {
    for speak in ERAS {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let (input, mut output) = tokio::io::split(theirs);
            let mut lines = BufReader::new(input).lines();
            let mut working: Option<Value> = None;
            let mut steps = 0;
            let mut clock = tokio::time::interval(Duration::from_secs(1));
            loop {
                let said = tokio::select! {
                    read = lines.next_line() => match read {
                        Ok(Some(text)) => {
                            let message: Value = serde_json::from_str(&text).expect("JSON");
                            if is(&message, "tools/call") {
                                working = Some(message["params"]["_meta"]["progressToken"].clone());
                                continue;
                            }
                            sane(speak, &message)
                        }
                        _ => return,
                    },
                    _ = clock.tick() => match &working {
                        Some(token) => {
                            steps += 1;
                            progress(token, json!(steps))
                        }
                        None => continue,
                    },
                };
                if output.write_all(&said).await.is_err() {
                    return;
                }
            }
        });
        let (input, output) = tokio::io::split(ours);
        let target = midfield::client::Target::pipe(input, output);
        let client = builder(speak).connect(target).await.expect("a connection");
        let begun = Instant::now();
        let error = client
            .call_tool("any", ())
            .await
            .expect_err("it never answers");
        assert_says(&error, &["did not answer `tools/call` within 60 s"]);
        assert!(
            begun.elapsed() < Duration::from_secs(62),
            "{:?}",
            begun.elapsed()
        );
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn progress_that_falls_stands_still_or_is_nobodys_is_neither_told_nor_a_sign_of_life() {
    for speak in ERAS {
        let mut double = Double::of(speak, move |message| {
            is(message, "tools/call").then(|| {
                let token = &message["params"]["_meta"]["progressToken"];
                assert!(token.is_i64(), "{message}");
                let steps = [
                    json!(2),
                    json!(1),
                    json!(2),
                    json!(-1e300),
                    json!(3.5),
                    json!("4"),
                    json!(null),
                ];
                let mut said: Vec<u8> = steps
                    .into_iter()
                    .flat_map(|step| progress(token, step))
                    .collect();
                for stranger in [
                    json!("nobody"),
                    json!(token.to_string()),
                    json!(999),
                    json!(null),
                    json!({}),
                ] {
                    said.extend(progress(&stranger, json!(100)));
                }
                said.extend(result(message, json!({"content": []})));
                said
            })
        });
        let client = double.client(speak).await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        let call = client.call_tool("any", ()).on_progress(move |step| {
            kept.lock().expect("no panic").push(step.progress);
        });
        call.await.expect("an answer");
        assert_eq!(*heard.lock().expect("no panic"), [2.0, 3.5]);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_panics_when_it_hears_of_progress_or_of_the_log_ends_no_connection() {
    let mut double = Double::of(Speak::Legacy, |message| {
        is(message, "tools/call").then(|| {
            let token = &message["params"]["_meta"]["progressToken"];
            let log = line(&json!({"jsonrpc": "2.0", "method": "notifications/message",
                "params": {"level": "error", "data": "x"}}));
            [
                progress(token, json!(1)),
                log,
                result(message, json!({"content": []})),
            ]
            .concat()
        })
    });
    let builder =
        builder(Speak::Legacy).on_log(midfield::types::LogLevel::Debug, |_| panic!("the log"));
    let client = double.connect(builder).await.expect("a connection");
    let call = client
        .call_tool("any", ())
        .on_progress(|_| panic!("progress"));
    call.await.expect("an answer");
    still_works(&client).await;
}

/// A user who takes an hour, or panics.
struct Slow {
    panics: bool,
}

impl AnswerElicitation for Slow {
    async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(!self.panics, "the user has had enough");
        Ok(ElicitResult::new(Action::Decline))
    }
}

/// A server that asks the user before it answers a call, and answers only what is answered.
fn asking(speak: Speak) -> Double {
    let mut call = Value::Null;
    let form =
        json!({"message": "Really?", "requestedSchema": {"type": "object", "properties": {}}});
    Double::of(speak, move |message| {
        if is(message, "tools/call") && speak == Speak::Legacy {
            call = message.clone();
            return Some(line(
                &json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": form}),
            ));
        }
        if message["id"] == "q" {
            return Some(result(&call, json!({"content": []})));
        }
        let is_answered = message["params"].get("inputResponses").is_some();
        is(message, "tools/call").then(|| {
            if is_answered {
                return result(message, json!({"content": []}));
            }
            let requests = json!({"q": {"method": "elicitation/create", "params": form}});
            result(
                message,
                json!({"resultType": "input_required", "inputRequests": requests}),
            )
        })
    })
}

#[tokio::test(start_paused = true)]
async fn all_clocks_stand_still_while_the_user_is_asked() {
    for speak in ERAS {
        let mut double = asking(speak);
        let builder = builder(speak).elicitation(Slow { panics: false });
        let client = double.connect(builder).await.expect("a connection");
        let begun = Instant::now();
        client
            .call_tool("any", ())
            .await
            .expect("an answer, after an hour");
        assert!(
            begun.elapsed() >= Duration::from_hours(1),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_panics_leaves_no_question_open_that_would_stop_all_clocks() {
    let mut double = asking(Speak::Legacy);
    let builder = builder(Speak::Legacy).elicitation(Slow { panics: true });
    let client = double.connect(builder).await.expect("a connection");
    client
        .call_tool("any", ())
        .await
        .expect("an answer all the same");
    let answers = double.answers();
    assert_eq!(answers[0]["error"]["code"], -32603, "{answers:?}");
    let error = client
        .call_tool("other", ())
        .timeout(Duration::from_secs(1))
        .await;
    assert!(error.is_ok(), "{error:?}");
    still_works(&client).await;
}

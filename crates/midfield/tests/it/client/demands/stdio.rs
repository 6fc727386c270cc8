//! What goes over a pair of streams: lines, the choice of an era, subscriptions.

use std::future::IntoFuture as _;

use midfield::Client;
use midfield::client::{Change, Speak, Subscription, Target};
use midfield::types::{Filter, Meta};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::script::{Beside, Script};
use super::super::users::Patient;
use crate::harness::soon;

#[tokio::test]
async fn a_message_is_one_line_of_utf_8_and_nothing_else_is_written() {
    for speak in [Speak::Modern, Speak::Legacy] {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(ours);
        let builder = Client::builder().speak(speak);
        let connecting = builder.connect(Target::pipe(input, output));
        let (mut input, output) = tokio::io::split(theirs);
        let (mut mirror, bytes) = tokio::io::duplex(1 << 20);
        let reading = Beside::begin(async move {
            let mut all = Vec::new();
            let mut buffer = [0; 1 << 10];
            while let Ok(read @ 1..) = input.read(&mut buffer).await {
                all.extend_from_slice(&buffer[..read]);
                mirror.write_all(&buffer[..read]).await.expect("it is read");
            }
            all
        });
        let mut script = Script::at(bytes, output);
        let serve = async {
            if speak == Speak::Legacy {
                soon(script.shake_hands(json!({"tools": {}}))).await;
            } else {
                let asked = soon(script.request("server/discover")).await;
                script.refuse(&asked, -32601).await;
            }
        };
        let (client, ()) = soon(async { tokio::join!(connecting, serve) }).await;
        let client = client.expect("a connection");
        say_much(&client, &mut script).await;
        client.close().await;
        drop(client);
        let all = soon(reading.end()).await;
        let text = String::from_utf8(all).expect("UTF-8");
        assert!(text.ends_with('\n') && !text.contains('\r'), "{text:?}");
        for line in text.trim_end_matches('\n').split('\n') {
            let message: Value = serde_json::from_str(line).expect(line);
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
        }
    }
}

/// Everything that a message can be made of, with ends of lines in it.
async fn say_much(client: &Client, script: &mut Script) {
    let raw = "{\n  \"a\":\r\n \"b\\n\",\n\n \"ä\u{2028}\": [\n1,\n2]\r}";
    let raw = RawValue::from_string(raw.to_owned()).expect("JSON");
    let texts = json!({"a\nb": "c\r\nd\u{85}\u{2028}\u{2029}\u{0}"});
    let calls = [
        client.call_tool("two\nlines", &raw),
        client.call_tool("weigh", &texts),
        client
            .call_tool("weigh", ())
            .meta(Meta::new().with("com.example/a", texts.clone())),
    ];
    for call in calls {
        let calling = Beside::begin(call.into_future());
        let asked = soon(script.request("tools/call")).await;
        script.answer(&asked, json!({"content": []})).await;
        soon(calling.end()).await.expect("a result");
    }
    let asking = Beside::begin(client.request("x\ny", &raw).into_future());
    let asked = soon(script.request("x\ny")).await;
    script.answer(&asked, json!({})).await;
    soon(asking.end()).await.expect("a result");
}

#[tokio::test]
async fn a_response_has_the_id_of_its_request_and_what_has_none_is_not_answered() {
    let user = Patient::prompt();
    let builder = Client::builder().elicitation(user.clone());
    let (client, mut script, _) = Script::open(builder, None, json!({})).await;
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let form = json!({"message": "Who?", "requestedSchema": schema});
    let request = |method: &str, id: Value| {
        let mut request = json!({"jsonrpc": "2.0", "method": method, "params": form});
        if id != "absent" {
            request["id"] = id;
        }
        request
    };
    // What has no id is no question, and nobody is asked.
    for id in [json!("absent"), Value::Null, json!(1.5), json!([1])] {
        script.say(request("elicitation/create", id)).await;
        let unknown = json!({"jsonrpc": "2.0", "method": "notifications/moon"});
        script.say(unknown).await;
    }
    let ids = [
        json!(0),
        json!(-7),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MIN),
        json!(""),
        json!("7"),
        json!("\u{e4}\u{2028}\n"),
    ];
    for id in ids {
        for method in ["ping", "elicitation/create", "moon/landing"] {
            script.say(request(method, id.clone())).await;
            let answer = soon(script.hear()).await;
            assert_eq!(answer["id"], id, "{answer}");
            assert!(answer.get("method").is_none(), "{answer}");
            assert_eq!(answer.get("error").is_some(), method == "moon/landing");
        }
    }
    assert_eq!(user.count(), 7);
    client.close().await;
}

#[tokio::test]
async fn a_question_that_is_cancelled_is_taken_back_and_not_answered() {
    let user = Patient::default();
    let builder = Client::builder().elicitation(user.clone());
    let (_client, mut script, _) = Script::open(builder, None, json!({})).await;
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let form = json!({"message": "Who?", "requestedSchema": schema});
    let id = script.send("elicitation/create", form).await;
    user.asked().await;
    let cancelled = json!({"requestId": id});
    let notification =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled});
    // Twice, and once for what is not there: neither is of account.
    for _ in 0..2 {
        script.say(notification.clone()).await;
    }
    let unknown = json!({"requestId": "unknown"});
    let unknown = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": unknown});
    script.say(unknown).await;
    user.dropped().await;
    user.release();
    let pong = soon(script.ask("ping", json!({}))).await;
    assert_eq!(pong["result"], json!({}), "{pong}");
    assert_eq!(script.left().count(), 0, "nothing is answered");
}

#[tokio::test]
async fn whatever_an_old_server_says_to_the_first_question_it_is_asked_in_the_old_way() {
    let codes = [
        -32601, -32600, -32602, -32603, -32700, -32000, -32001, -32002, -32019, -32042, -1, 0, 1,
    ];
    for code in codes {
        let (mut script, target) = Script::new(None);
        let serve = async {
            let asked = soon(script.request("server/discover")).await;
            script.refuse(&asked, code).await;
            soon(script.shake_hands(json!({}))).await
        };
        let (client, _) = soon(async { tokio::join!(Client::connect(target), serve) }).await;
        let client = client.expect("a connection");
        assert_eq!(client.revision().as_str(), "2025-11-25", "{code}");
    }
}

const READINGS: &str = "demo://readings";

async fn subscribe(client: &Client) -> Subscription {
    let mut filter = Filter::default();
    filter.resource_subscriptions = vec![READINGS.to_owned()];
    client.subscribe(filter).await.expect("a subscription")
}

/// Answers the next wish to listen; its id.
async fn accept(script: &mut Script) -> Value {
    let listen = soon(script.request("subscriptions/listen")).await;
    let filter = listen["params"]["notifications"].clone();
    assert_eq!(
        filter["resourceSubscriptions"],
        json!([READINGS]),
        "{listen}"
    );
    let method = "notifications/subscriptions/acknowledged";
    tell(
        script,
        &listen["id"],
        method,
        json!({"notifications": filter}),
    )
    .await;
    listen["id"].clone()
}

async fn tell(script: &mut Script, id: &Value, method: &str, mut params: Value) {
    params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": id});
    let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
    script.say(message).await;
}

#[tokio::test]
async fn news_are_for_the_subscription_whose_id_they_carry() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let begin = async |script: &mut Script| {
        let (subscription, id) =
            soon(async { tokio::join!(subscribe(&client), accept(script)) }).await;
        (subscription, id)
    };
    let (mut first, one) = begin(&mut script).await;
    let (mut second, two) = begin(&mut script).await;
    assert_ne!(one, two);
    let updated = "notifications/resources/updated";
    // Those of nobody, then one for each, and the other's comes first.
    for nobody in [json!("x"), json!(one.to_string()), json!(999), Value::Null] {
        tell(
            &mut script,
            &nobody,
            updated,
            json!({"uri": "demo://nobody"}),
        )
        .await;
    }
    for (id, uri) in [(&two, "demo://two"), (&one, "demo://one")] {
        tell(&mut script, id, updated, json!({"uri": uri})).await;
    }
    for (subscription, uri) in [(&mut first, "demo://one"), (&mut second, "demo://two")] {
        let change = soon(subscription.next()).await;
        assert_eq!(change, Some(Change::Resource(uri.to_owned())));
    }
    // And nothing came beside it.
    for (id, uri) in [(&one, "demo://last"), (&two, "demo://last")] {
        tell(&mut script, id, updated, json!({"uri": uri})).await;
    }
    for subscription in [&mut first, &mut second] {
        let change = soon(subscription.next()).await;
        assert_eq!(change, Some(Change::Resource("demo://last".to_owned())));
    }
}

/// A server in the shell that ends after it has begun to tell, and when it is started again tells more.
#[cfg(unix)]
const ENDS: &str = r#"
while read -r line; do
    rest=${line#*\"id\":}; id=${rest%%,*}
    case $line in
    *'"server/discover"'*)
        printf '{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"resources":{"subscribe":true}},"ttlMs":0,"cacheScope":"private"}}\n' "$id";;
    *'"subscriptions/listen"'*)
        printf '%s\n' "$id" >> "$NOTE"
        meta="\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":$id}"
        printf '{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":["demo://readings"]},%s}}\n' "$meta"
        if [ "$(wc -l < "$NOTE")" -eq 1 ]; then exit 3; fi
        printf '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"demo://again",%s}}\n' "$meta";;
    esac
done
"#;

#[cfg(unix)]
#[tokio::test]
async fn a_subscription_is_asked_for_again_when_its_server_is_started_again() {
    use midfield::client::Command;

    let folder = crate::tasks::Folder::new("listens");
    let note = folder.store();
    let command = Command::new("sh")
        .args(["-c", ENDS])
        .env("NOTE", note.to_str().expect("text"));
    let builder = Client::builder().speak(Speak::Modern);
    let client = soon(builder.connect(command)).await.expect("a connection");
    let mut subscription = soon(subscribe(&client)).await;
    // What may have been missed is told as changed, and then what the server tells.
    for uri in [READINGS, "demo://again"] {
        let change = soon(subscription.next()).await;
        assert_eq!(change, Some(Change::Resource(uri.to_owned())));
    }
    let ids = std::fs::read_to_string(&note).expect("a note");
    let ids: Vec<&str> = ids.lines().collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
    client.close().await;
}

//! What a client declares, and what it makes of questions.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};

use midfield::Client;
use midfield::client::{AnswerElicitation, Asker, ClientBuilder, Refusal};
use midfield::types::{
    Action, ElicitResult, Elicitation, ElicitationCapability, Root, SamplingCapability, Settings,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::super::script::{Beside, Script, assert_refused};
use super::super::users::Patient;
use crate::harness::soon;

/// A user of these modes who agrees to everything, and notes what it was.
#[derive(Clone)]
struct User {
    modes: ElicitationCapability,
    asked: Arc<Mutex<Vec<Elicitation>>>,
    signal: Arc<Semaphore>,
    action: Action,
}

impl User {
    fn new(form: bool, url: bool) -> Self {
        let mut modes = ElicitationCapability::default();
        modes.form = form.then(Settings::default);
        modes.url = url.then(Settings::default);
        Self {
            modes,
            asked: Arc::default(),
            signal: Arc::new(Semaphore::new(0)),
            action: Action::Accept,
        }
    }

    fn asked(&self) -> Vec<Elicitation> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Waits until there was one more question.
    async fn is_asked(&self) {
        let asked = soon(self.signal.acquire()).await;
        asked.expect("it is never closed").forget();
    }
}

impl AnswerElicitation for User {
    fn modes(&self) -> ElicitationCapability {
        self.modes.clone()
    }

    async fn answer(&self, asked: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        self.asked.lock().expect("no panic").push(asked);
        self.signal.add_permits(1);
        Ok(ElicitResult::new(self.action))
    }
}

/// A model that uses no tools.
struct Simple;

impl midfield::client::Sample for Simple {
    fn capability(&self) -> SamplingCapability {
        SamplingCapability::default()
    }

    async fn sample(
        &self,
        _: midfield::types::CreateMessage,
        _: Asker,
    ) -> Result<midfield::types::SampleResult, Refusal> {
        Err(Refusal::rejected("no"))
    }
}

fn roots() -> Vec<Root> {
    [
        "file:///projects",
        "https://example.com/",
        "FILE:///data",
        "/etc",
        "",
    ]
    .map(Root::new)
    .into()
}

#[tokio::test]
async fn what_is_declared_is_what_somebody_answers() {
    let cases: [(ClientBuilder, Value); 6] = [
        (Client::builder(), json!({})),
        (
            Client::builder().elicitation(Patient::prompt()),
            json!({"elicitation": {"form": {}}}),
        ),
        (
            Client::builder().elicitation(User::new(true, true)),
            json!({"elicitation": {"form": {}, "url": {}}}),
        ),
        (
            Client::builder().elicitation(User::new(false, true)),
            json!({"elicitation": {"url": {}}}),
        ),
        (
            Client::builder().sampling(Patient::prompt()),
            json!({"sampling": {"tools": {}}}),
        ),
        (Client::builder().sampling(Simple), json!({"sampling": {}})),
    ];
    for (builder, expected) in cases {
        let (_client, _script, mut declared) = Script::open(builder.clone(), None, json!({})).await;
        declared
            .as_object_mut()
            .expect("an object")
            .remove("extensions");
        assert_eq!(declared, expected);
        let (client, mut script) = Script::modern(builder).await;
        let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
        let call = soon(script.request("tools/call")).await;
        let meta = &call["params"]["_meta"];
        let mut declared = meta["io.modelcontextprotocol/clientCapabilities"].clone();
        declared
            .as_object_mut()
            .expect("an object")
            .remove("extensions");
        assert_eq!(declared, expected);
        calling.abort().await;
    }
}

#[tokio::test]
async fn roots_are_declared_are_directories_and_their_change_is_told() {
    let builder = Client::builder().roots(roots());
    let (client, mut script, declared) = Script::open(builder.clone(), None, json!({})).await;
    assert_eq!(declared["roots"], json!({"listChanged": true}));
    let listed = soon(script.ask("roots/list", json!({}))).await;
    let expected = json!({"roots": [{"uri": "file:///projects"}, {"uri": "FILE:///data"}]});
    assert_eq!(listed["result"], expected);
    client.roots_changed().await.expect("it is told");
    let told = soon(script.hear()).await;
    assert_eq!(told["method"], "notifications/roots/list_changed", "{told}");
    assert!(told.get("id").is_none(), "{told}");
    // Neither is it told where none were declared, nor in an era that lists them anew each time.
    let (none, mut silent, declared) = Script::open(Client::builder(), None, json!({})).await;
    assert!(declared.get("roots").is_none(), "{declared}");
    let refused = soon(silent.ask("roots/list", json!({}))).await;
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
    none.roots_changed().await.expect("nothing to do");
    let (modern, mut script) = Script::modern(builder).await;
    modern.roots_changed().await.expect("nothing to do");
    for (client, script) in [(&none, &mut silent), (&modern, &mut script)] {
        let prompt = Beside::begin(client.get_prompt("any").into_future());
        let next = soon(script.hear()).await;
        assert_eq!(next["method"], "prompts/get", "{next}");
        let declared = &next["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert!(
            declared.is_null() || declared["roots"] == json!({}),
            "{next}"
        );
        prompt.abort().await;
    }
}

fn page(id: &str) -> Value {
    let url = format!("https://example.com/{id}");
    json!({"mode": "url", "message": "Sign in.", "url": url, "elicitationId": id})
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().expect("an object").remove(member);
    value
}

#[tokio::test]
async fn a_question_without_a_mode_is_a_form_and_a_page_without_its_members_is_none() {
    let user = User::new(true, true);
    let builder = Client::builder().elicitation(user.clone());
    let (_client, mut script, _) = Script::open(builder, None, json!({})).await;
    let schema = json!({"type": "object", "properties": {}});
    let form = json!({"message": "Well?", "requestedSchema": schema});
    let answered = soon(script.ask("elicitation/create", form)).await;
    assert_eq!(answered["result"]["action"], "accept", "{answered}");
    assert!(matches!(&user.asked()[..], [Elicitation::Form { .. }]));
    let answered = soon(script.ask("elicitation/create", page("a"))).await;
    assert_eq!(
        answered["result"],
        json!({"action": "accept"}),
        "{answered}"
    );
    assert!(matches!(&user.asked()[1], Elicitation::Url { .. }));
    for member in ["message", "url", "mode"] {
        let bad = without(page("b"), member);
        let refused = soon(script.ask("elicitation/create", bad)).await;
        assert_eq!(refused["error"]["code"], -32602, "{member}: {refused}");
    }
    assert_eq!(user.asked().len(), 2);
    // Without its id the page is as good: only that the user is done with it cannot be told.
    let answered =
        soon(script.ask("elicitation/create", without(page("b"), "elicitationId"))).await;
    assert_eq!(
        answered["result"],
        json!({"action": "accept"}),
        "{answered}"
    );
    // Who has no forms is shown none; and where nobody is asked at all it is the same.
    let user = User::new(false, true);
    for builder in [
        Client::builder().elicitation(user.clone()),
        Client::builder(),
    ] {
        let (_client, mut script, _) = Script::open(builder, None, json!({})).await;
        let form = json!({"message": "Well?", "requestedSchema": schema});
        let refused = soon(script.ask("elicitation/create", form)).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    assert_eq!(user.asked().len(), 0);
}

/// Refuses a call because pages have to be opened first.
async fn require(script: &mut Script, call: &Value, data: &Value) {
    let error = json!({"code": -32042, "message": "first sign in", "data": data});
    let refusal = json!({"jsonrpc": "2.0", "id": call["id"], "error": error});
    script.say(refusal).await;
}

async fn complete(script: &mut Script, id: &str) {
    let method = "notifications/elicitation/complete";
    let params = json!({"elicitationId": id});
    script
        .say(json!({"jsonrpc": "2.0", "method": method, "params": params}))
        .await;
}

/// The client has sent nothing else before it asks whether the server is there.
async fn nothing_more(client: &Client, script: &mut Script) {
    let ping = Beside::begin(client.ping().into_future());
    let next = soon(script.hear()).await;
    assert_eq!(next["method"], "ping", "{next}");
    script.answer(&next, json!({})).await;
    soon(ping.end()).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_needs_pages_first_is_sent_again_when_the_user_is_done_with_them() {
    let user = User::new(true, true);
    let builder = Client::builder().elicitation(user.clone());
    let (client, mut script, _) = Script::open(builder, None, json!({"tools": {}})).await;
    let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
    let first = soon(script.request("tools/call")).await;
    let begun = tokio::time::Instant::now();
    require(
        &mut script,
        &first,
        &json!({"elicitations": [page("a"), page("b")]}),
    )
    .await;
    user.is_asked().await;
    complete(&mut script, "x").await;
    nothing_more(&client, &mut script).await;
    assert_eq!(user.asked().len(), 1, "the first page is still open");
    complete(&mut script, "a").await;
    user.is_asked().await;
    for id in ["a", "x"] {
        complete(&mut script, id).await;
    }
    nothing_more(&client, &mut script).await;
    complete(&mut script, "b").await;
    let again = soon(script.request("tools/call")).await;
    assert!(begun.elapsed().as_secs() < 1, "{:?}", begun.elapsed());
    assert_ne!(again["id"], first["id"]);
    assert_eq!(again["params"]["name"], "weigh");
    script.answer(&again, json!({"content": []})).await;
    soon(calling.end()).await.expect("a result");
    let urls: Vec<String> = user
        .asked()
        .iter()
        .map(|asked| match asked {
            Elicitation::Url { url, .. } => url.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(urls, ["https://example.com/a", "https://example.com/b"]);
}

#[tokio::test]
async fn pages_that_are_none_or_are_not_wanted_leave_the_call_refused() {
    let form = json!({"mode": "form", "message": "?", "requestedSchema": {"type": "object", "properties": {}}});
    let cases = [
        (Value::Null, false),
        (json!({"elicitations": []}), false),
        (json!({"elicitations": [page("a"), form]}), false),
        (
            json!({"elicitations": [without(page("a"), "elicitationId")]}),
            false,
        ),
        (json!({"elicitations": [page("a")]}), true),
    ];
    for (data, is_asked) in cases {
        let mut user = User::new(true, true);
        user.action = Action::Decline;
        let builder = Client::builder().elicitation(user.clone());
        let (client, mut script, _) =
            Script::open(builder.clone(), None, json!({"tools": {}})).await;
        let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
        let call = soon(script.request("tools/call")).await;
        require(&mut script, &call, &data).await;
        assert_refused(soon(calling.end()).await, -32042);
        assert_eq!(user.asked().len(), usize::from(is_asked), "{data}");
        // In the modern era the code has no meaning, whatever comes with it.
        let (client, mut script) = Script::modern(builder).await;
        let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
        let call = soon(script.request("tools/call")).await;
        require(&mut script, &call, &data).await;
        assert_refused(soon(calling.end()).await, -32042);
        assert_eq!(user.asked().len(), usize::from(is_asked), "{data}");
    }
}

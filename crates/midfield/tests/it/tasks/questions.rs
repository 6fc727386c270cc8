//! Questions of tasks as revision 2025-11-25 has them: requests on the stream of who waits for the result.

use std::sync::Arc;

use midfield::server::Tasks;
use serde_json::json;

use super::watched::Watched;
use super::{A, RELATED, User, accepted, start, start_with, text};
use crate::harness::soon;
use crate::http_asking::answer;

#[tokio::test]
async fn a_question_goes_to_who_waits_for_the_result_and_says_to_which_task_it_belongs() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask").await;
    let task = user.until(&id, "input_required").await;
    assert!(task["statusMessage"].is_string(), "{task}");
    assert!(task.get("inputRequests").is_none(), "{task}");
    let mut waits = user.wait(&id).await;
    let asked = waits.hear().await;
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["message"], "Who are you?");
    assert_eq!(asked["params"]["_meta"][RELATED], json!({"taskId": id}));
    let taken = user.say(answer(&asked, accepted("Ada"))).await;
    assert_eq!((taken.status, &taken.body[..]), (202, &b""[..]));
    let told = waits.hear().await;
    assert_eq!(text(&told["result"]), "Ada");
    assert_eq!(told["result"]["_meta"][RELATED]["taskId"], id);
    assert_eq!(waits.message().await, None);
    user.until(&id, "completed").await;
    // It was the only answer.
    assert_eq!(user.say(answer(&asked, accepted("Eve"))).await.status, 400);
}

#[tokio::test]
async fn a_client_is_asked_one_thing_after_the_other() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask_twice").await;
    let mut waits = user.wait(&id).await;
    for name in ["one", "two"] {
        let asked = waits.hear().await;
        assert_eq!(user.say(answer(&asked, accepted(name))).await.status, 202);
    }
    assert_eq!(text(&waits.hear().await["result"]), "one two");
    let id = user.make("ask_both").await;
    let mut waits = user.wait(&id).await;
    let asked = [waits.hear().await, waits.hear().await];
    for asked in asked.iter().rev() {
        let name = match asked["params"]["message"].as_str() {
            Some("Who is on the left?") => "left",
            _ => "right",
        };
        assert_eq!(user.say(answer(asked, accepted(name))).await.status, 202);
    }
    assert_eq!(text(&waits.hear().await["result"]), "left right");
}

#[tokio::test]
async fn the_peer_is_told_that_its_answer_was_taken_once_it_is_kept() {
    let store = Watched::holding_answers();
    let (host, _) = start_with(Tasks::in_store(Arc::new(store.clone()))).await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask").await;
    let mut waits = user.wait(&id).await;
    let asked = waits.hear().await;
    let taken = user.say(answer(&asked, accepted("Ada")));
    let mut taken = std::pin::pin!(taken);
    for _ in 0..3 {
        tokio::select! {
            taken = &mut taken => panic!("it is not kept: {taken:?}"),
            task = user.until(&id, "input_required") => drop(task),
        }
    }
    store.let_answer();
    assert_eq!(soon(taken).await.status, 202);
    assert_eq!(text(&waits.hear().await["result"]), "Ada");
}

#[tokio::test]
async fn the_update_is_acknowledged_once_it_is_kept() {
    let store = Watched::holding_answers();
    let (host, _) = start_with(Tasks::in_store(Arc::new(store.clone()))).await;
    let user = User::modern(&host, A);
    let id = user.make("ask").await;
    let key = user.open(&id).await.remove(0).0;
    let update = user.update(&id, json!({key: accepted("Ada")}));
    let mut update = std::pin::pin!(update);
    for _ in 0..3 {
        tokio::select! {
            told = &mut update => panic!("it is not kept: {told}"),
            task = user.until(&id, "input_required") => drop(task),
        }
    }
    store.let_answer();
    assert_eq!(soon(update).await["result"]["resultType"], "complete");
    user.until(&id, "completed").await;
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again_by_another_request() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask").await;
    let mut waits = user.wait(&id).await;
    let mut seen = Vec::new();
    for unfit in [
        json!({"action": "accept", "content": {"name": 7}}),
        json!({}),
        json!({"roots": []}),
    ] {
        let asked = waits.hear().await;
        assert_eq!(asked["method"], "elicitation/create", "{asked}");
        assert!(!seen.contains(&asked["id"]), "{asked}");
        assert_eq!(user.say(answer(&asked, unfit)).await.status, 202);
        seen.push(asked["id"].clone());
    }
    let asked = waits.hear().await;
    user.say(answer(&asked, json!({"action": "cancel"}))).await;
    assert_eq!(text(&waits.hear().await["result"]), "cancelled");
}

#[tokio::test]
async fn an_error_of_the_client_is_an_error_of_the_handler() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    for tool in ["ask", "ask_model"] {
        let id = user.make(tool).await;
        let mut waits = user.wait(&id).await;
        let asked = waits.hear().await;
        let refused = json!({
            "jsonrpc": "2.0",
            "id": asked["id"],
            "error": {"code": -1, "message": "not today"},
        });
        assert_eq!(user.say(refused).await.status, 202);
        let told = waits.hear().await;
        assert_eq!(told["result"]["isError"], true, "{told}");
        assert!(text(&told["result"]).contains("not today"), "{told}");
    }
}

#[tokio::test]
async fn of_two_that_wait_the_first_answer_counts_and_the_other_is_told() {
    let (host, _) = start().await;
    let (one, two) = (User::legacy(&host, A).await, User::legacy(&host, A).await);
    let id = one.make("ask").await;
    let (mut first, mut second) = (one.wait(&id).await, two.wait(&id).await);
    let (asked, asked_too) = (first.hear().await, second.hear().await);
    assert_eq!(
        two.say(answer(&asked_too, accepted("two"))).await.status,
        202
    );
    let cancelled = first.hear().await;
    assert_eq!(
        cancelled["method"], "notifications/cancelled",
        "{cancelled}"
    );
    assert_eq!(cancelled["params"]["requestId"], asked["id"]);
    for waits in [&mut first, &mut second] {
        assert_eq!(text(&waits.hear().await["result"]), "two");
    }
    assert_eq!(one.say(answer(&asked, accepted("one"))).await.status, 400);
}

#[tokio::test]
async fn who_goes_and_comes_back_is_asked_again() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask").await;
    let mut gone = user.wait(&id).await;
    gone.hear().await;
    drop(gone);
    user.until(&id, "input_required").await;
    // In another session of the same principal too.
    let back = User::legacy(&host, A).await;
    let mut waits = back.wait(&id).await;
    let asked = waits.hear().await;
    assert_eq!(back.say(answer(&asked, accepted("Ada"))).await.status, 202);
    assert_eq!(text(&waits.hear().await["result"]), "Ada");
}

#[tokio::test]
async fn an_answer_from_another_session_is_refused() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("ask").await;
    let mut waits = user.wait(&id).await;
    let asked = waits.hear().await;
    let stranger = User::legacy(&host, super::B).await;
    let same = User::legacy(&host, A).await;
    for other in [stranger, same] {
        assert_eq!(other.say(answer(&asked, accepted("Eve"))).await.status, 400);
    }
    user.say(answer(&asked, accepted("Ada"))).await;
    assert_eq!(text(&waits.hear().await["result"]), "Ada");
}

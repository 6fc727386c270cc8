//! Questions of tasks as the extension has them: told with the task, answered by `tasks/update`.

use serde_json::{Value, json};

use super::{A, User, accepted, start, text};

#[tokio::test]
async fn a_question_is_told_with_the_task_and_answered_by_an_update() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("ask").await;
    let open = user.open(&id).await;
    let [(key, asked)] = &open[..] else {
        panic!("one question: {open:?}");
    };
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["message"], "Who are you?");
    assert!(asked.get("id").is_none(), "{asked}");
    // It is told each time, until it is answered.
    assert_eq!(user.open(&id).await, open);
    let told = user.update(&id, json!({key: accepted("Ada")})).await;
    let mut result = told["result"].clone();
    result.as_object_mut().expect("a result").remove("_meta");
    assert_eq!(result, json!({"resultType": "complete"}));
    let task = user.until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "Ada");
    assert!(task.get("inputRequests").is_none(), "{task}");
}

#[tokio::test]
async fn questions_may_be_answered_one_by_one() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("ask_both").await;
    let open = user.open_when(&id, |open| open.len() == 2).await;
    user.update(&id, json!({(&open[0].0): accepted("first")}))
        .await;
    let left = user.open_when(&id, |open| open.len() == 1).await;
    assert_eq!(left[0], open[1]);
    user.update(&id, json!({(&open[1].0): accepted("second")}))
        .await;
    let task = user.until(&id, "completed").await;
    let both = text(&task["result"]).split(' ').collect::<Vec<_>>();
    assert!(
        both.contains(&"first") && both.contains(&"second"),
        "{both:?}"
    );
}

#[tokio::test]
async fn answers_that_are_not_waited_for_are_passed_over() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("ask_twice").await;
    let first = user.open(&id).await.remove(0);
    let nothing = user
        .update(&id, json!({"other": accepted("x"), "": 7}))
        .await;
    assert_eq!(nothing["result"]["resultType"], "complete", "{nothing}");
    assert_eq!(user.open(&id).await[0], first);
    let mixed = json!({"other": accepted("x"), (&first.0): accepted("one")});
    user.update(&id, mixed).await;
    let is_next = |open: &[(String, Value)]| open != [first.clone()];
    let second = user.open_when(&id, is_next).await.remove(0);
    assert_ne!(second.0, first.0, "a key is for one question");
    // Said again, it is not the answer to what is asked now.
    let again = user
        .update(&id, json!({(&first.0): accepted("again")}))
        .await;
    assert_eq!(again["result"]["resultType"], "complete", "{again}");
    assert_eq!(user.open(&id).await, std::slice::from_ref(&second));
    user.update(&id, json!({(&second.0): accepted("two")}))
        .await;
    let task = user.until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "one two");
    // After its end too.
    let late = user
        .update(&id, json!({(&second.0): accepted("late")}))
        .await;
    assert_eq!(late["result"]["resultType"], "complete", "{late}");
    assert_eq!(user.until(&id, "completed").await, task);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again_under_another_key() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("ask").await;
    let mut keys = Vec::new();
    for unfit in [
        json!({"action": "accept", "content": {"name": 7}}),
        json!({"action": "perhaps"}),
        json!(7),
        json!({"roots": []}),
    ] {
        let is_new = |open: &[(String, Value)]| !keys.contains(&open[0].0);
        let open = user.open_when(&id, is_new).await.remove(0);
        assert_eq!(open.1["params"]["message"], "Who are you?");
        user.update(&id, json!({(&open.0): unfit})).await;
        keys.push(open.0);
    }
    let is_new = |open: &[(String, Value)]| !keys.contains(&open[0].0);
    let open = user.open_when(&id, is_new).await.remove(0);
    user.update(&id, json!({(&open.0): {"action": "decline"}}))
        .await;
    let task = user.until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "declined");
}

#[tokio::test]
async fn only_the_first_of_two_answers_counts() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    for _ in 0..10 {
        let id = user.make("ask").await;
        let key = user.open(&id).await.remove(0).0;
        let answers = ["one", "two"].map(|name| json!({(&key): accepted(name)}));
        let [one, two] = answers.map(|answer| user.update(&id, answer));
        let (one, two) = tokio::join!(one, two);
        for told in [one, two] {
            assert_eq!(told["result"]["resultType"], "complete", "{told}");
        }
        let task = user.until(&id, "completed").await;
        assert!(["one", "two"].contains(&text(&task["result"])));
    }
}

#[tokio::test]
async fn what_a_client_cannot_be_asked_is_not_asked() {
    let (host, _) = start().await;
    let mut user = User::modern(&host, A);
    user.capabilities = json!({"extensions": {super::EXTENSION: {}}});
    let id = user.make("ask").await;
    let task = user.until(&id, "failed").await;
    assert!(task.get("error").is_some(), "{task}");
    let mut user = User::modern(&host, A);
    user.capabilities = json!({"sampling": {}, "extensions": {super::EXTENSION: {}}});
    let id = user.make("ask_model").await;
    let asked = user.open(&id).await.remove(0);
    assert_eq!(asked.1["method"], "sampling/createMessage");
    let said =
        json!({"role": "assistant", "model": "m-1", "content": {"type": "text", "text": "I"}});
    user.update(&id, json!({(&asked.0): said})).await;
    let task = user.until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "m-1");
}

//! An answer that was acknowledged is learned, once.

use super::{START, WORKER, answer, asks, chunk, claim, completed, held, id, ids, parked, seen};
use crate::store::{Next, Store, Write};
use crate::task::State;

pub async fn an_answer_wakes_a_parked_task(store: &dyn Store) {
    let record = held(store, 1).await;
    let park = Write {
        next: Next::Park { due: None },
        ..asks(START, &["a"])
    };
    store.write(id(1), record.fence, park).await.unwrap();
    assert!(claim(store, WORKER, START + 9, 9).await.is_empty());
    let answered = store
        .answer(id(1), START + 10, vec![answer("a", "yes")])
        .await;
    let answered = answered.unwrap().unwrap();
    assert_eq!(answered.taken, ["a"]);
    assert_eq!(answered.record, seen(store, id(1)).await.record);
    assert_eq!(answered.record.state, State::Working);
    let tasks = claim(store, WORKER, START + 10, 9).await;
    assert_eq!(ids(&tasks), [id(1)]);
    assert_eq!(tasks[0].answers, [answer("a", "yes")]);
}

pub async fn an_answer_that_came_before_the_task_was_parked_wakes_it(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let answers = vec![answer("a", "yes")];
    store.answer(id(1), START + 1, answers).await.unwrap();
    let park = Write {
        next: Next::Park { due: None },
        ..asks(START + 2, &["a"])
    };
    store.write(id(1), record.fence, park).await.unwrap();
    let tasks = claim(store, WORKER, START + 2, 9).await;
    assert_eq!(tasks[0].answers, [answer("a", "yes")]);
}

pub async fn a_question_is_answered_once(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a", "b"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let both = vec![answer("a", "first"), answer("a", "second")];
    let taken = store.answer(id(1), START, both).await.unwrap().unwrap();
    assert_eq!(taken.taken, ["a"]);
    assert_eq!(taken.record.state, State::InputRequired);
    let later = vec![answer("a", "third"), answer("b", "b")];
    let taken = store.answer(id(1), START, later).await.unwrap().unwrap();
    assert_eq!(taken.taken, ["b"]);
    let park = parked(START, None);
    store.write(id(1), record.fence, park).await.unwrap();
    let tasks = claim(store, WORKER, START, 9).await;
    assert_eq!(tasks[0].answers, [answer("a", "first"), answer("b", "b")]);
}

pub async fn an_answer_to_what_was_not_asked_changes_nothing(store: &dyn Store) {
    let record = held(store, 1).await;
    let answers = vec![answer("z", "yes")];
    let answered = store.answer(id(1), START + 5, answers.clone()).await;
    let answered = answered.unwrap().unwrap();
    assert!(answered.taken.is_empty());
    assert_eq!(answered.record, record);
    assert_eq!(store.answer(id(2), START, answers).await.unwrap(), None);
}

pub async fn a_learned_answer_is_not_given_again(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a", "b"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let answers = vec![answer("a", "1"), answer("b", "2")];
    store.answer(id(1), START, answers).await.unwrap();
    let learns = Write {
        append: vec![chunk("the answer a")],
        learned: vec!["a".to_owned()],
        ..Write::at(START)
    };
    store.write(id(1), record.fence, learns).await.unwrap();
    let again = vec![answer("a", "other")];
    let again = store.answer(id(1), START, again).await.unwrap().unwrap();
    assert!(again.taken.is_empty(), "a learned question was open still");
    store.retire(WORKER, START).await.unwrap();
    let tasks = claim(store, super::OTHER, START, 9).await;
    assert_eq!(tasks[0].answers, [answer("b", "2")]);
    assert_eq!(tasks[0].journal, [chunk("the answer a")]);
}

pub async fn an_answer_outlives_the_worker_that_asked(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let answers = vec![answer("a", "yes")];
    store.answer(id(1), START, answers).await.unwrap();
    store.retire(WORKER, START).await.unwrap();
    let tasks = claim(store, super::OTHER, START, 9).await;
    assert_eq!(tasks[0].answers, [answer("a", "yes")]);
}

pub async fn an_answer_to_what_is_not_asked_any_more_stays_and_wakes_nobody(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let answers = vec![answer("a", "yes")];
    store.answer(id(1), START, answers).await.unwrap();
    let mut write = asks(START, &["b"]);
    write.next = Next::Park { due: None };
    store.write(id(1), record.fence, write).await.unwrap();
    assert!(claim(store, WORKER, START, 9).await.is_empty());
    let answers = vec![answer("b", "no")];
    store.answer(id(1), START, answers).await.unwrap();
    let tasks = claim(store, WORKER, START, 9).await;
    assert_eq!(tasks[0].answers, [answer("a", "yes"), answer("b", "no")]);
    assert_eq!(tasks[0].record.open, ["b"]);
}

pub async fn a_task_that_has_ended_takes_no_answer(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let end = completed(START, "done");
    store.write(id(1), record.fence, end).await.unwrap();
    let before = seen(store, id(1)).await;
    let answers = vec![answer("a", "yes")];
    let answered = store.answer(id(1), START + 9, answers).await.unwrap();
    assert!(answered.unwrap().taken.is_empty());
    assert_eq!(seen(store, id(1)).await, before);
}

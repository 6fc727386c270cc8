//! Verbs that come at once happen one after the other.

use std::collections::HashMap;

use futures_util::future::{join, join_all};

use super::{
    END, OTHER, START, WORKER, answer, asks, claim, completed, held, id, make, new, owner, seen,
};
use crate::store::{Created, NewTask, Store, Write};
use crate::task::{State, WorkerId};

pub async fn of_many_that_make_the_same_task_one_does(store: &dyn Store) {
    let make = (1..=32).map(|number| {
        let mut new: NewTask = new(number, 1);
        new.key = Some([3; 32]);
        store.create(new)
    });
    let mut made = Vec::new();
    let mut found = Vec::new();
    for created in join_all(make).await {
        match created.unwrap() {
            Created::New(record) => made.push(record.id),
            Created::Again(seen) => found.push(seen.record.id),
            other => panic!("neither made nor found: {other:?}"),
        }
    }
    assert_eq!((made.len(), found.len()), (1, 31));
    assert!(found.iter().all(|id| *id == made[0]));
}

pub async fn of_many_that_claim_each_task_goes_to_one(store: &dyn Store) {
    for number in 1..=64 {
        make(store, new(number, u8::from(number % 3 == 0))).await;
    }
    let claims = (0..8).map(|number| async move {
        let worker = WorkerId([number; 16]);
        store.renew(worker, START, END).await.unwrap();
        claim(store, worker, START, 10).await
    });
    let mut holders = HashMap::new();
    for tasks in join_all(claims).await {
        for task in tasks {
            let before = holders.insert(task.record.id, task.record.worker);
            assert_eq!(before, None, "one task went to two workers");
        }
    }
    assert_eq!(holders.len(), 64);
}

pub async fn of_a_cancel_and_a_result_one_wins_for_good(store: &dyn Store) {
    for number in 1..=32 {
        let record = held(store, number).await;
        let end = store.write(record.id, record.fence, completed(START, "done"));
        let cancel = store.cancel(record.id, START);
        let (ended, cancelled) = if number % 2 == 0 {
            join(end, cancel).await
        } else {
            let (cancelled, ended) = join(cancel, end).await;
            (ended, cancelled)
        };
        let found = seen(store, record.id).await.record;
        assert_eq!(cancelled.unwrap(), Some(found.clone()));
        match found.state {
            State::Completed => assert_eq!(ended.unwrap(), Some(found)),
            State::Cancelled => assert_eq!(ended.unwrap(), None),
            other => panic!("it became {other:?}"),
        }
    }
}

pub async fn of_many_answers_to_a_question_one_is_taken(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = asks(START, &["a"]);
    store.write(id(1), record.fence, write).await.unwrap();
    let texts: Vec<String> = (0..32).map(|number| format!("answer {number}")).collect();
    let answers = texts
        .iter()
        .map(|text| store.answer(id(1), START, vec![answer("a", text)]));
    let all = join_all(answers).await;
    let taken: Vec<usize> = (0..all.len())
        .filter(|at| {
            !all[*at]
                .as_ref()
                .unwrap()
                .as_ref()
                .unwrap()
                .taken
                .is_empty()
        })
        .collect();
    assert_eq!(taken.len(), 1);
    store.retire(WORKER, START).await.unwrap();
    let tasks = claim(store, OTHER, START, 9).await;
    assert_eq!(tasks[0].answers, [answer("a", &texts[taken[0]])]);
}

pub async fn each_write_follows_the_one_before(store: &dyn Store) {
    let record = held(store, 1).await;
    let writes = (0..32_u8).map(|number| {
        let write = Write {
            append: vec![vec![number]],
            ..Write::at(START + u64::from(number))
        };
        store.write(id(1), record.fence, write)
    });
    let mut written: Vec<(u64, u8)> = Vec::new();
    for (number, after) in (0..).zip(join_all(writes).await) {
        written.push((after.unwrap().unwrap().chunks, number));
    }
    // What each was told says where its chunk is.
    written.sort_unstable();
    store.retire(WORKER, START).await.unwrap();
    let journal = claim(store, OTHER, START + 99, 9).await.remove(0).journal;
    assert_eq!(journal.len(), 32);
    for (chunk, (chunks, number)) in journal.iter().zip(&written) {
        assert_eq!(*chunk, [*number], "the journal with {chunks} chunks");
    }
}

pub async fn a_limit_holds_when_many_are_made_at_once(store: &dyn Store) {
    let make = (1..=32).map(|number| {
        let mut new = new(number, 1);
        new.most = 10;
        store.create(new)
    });
    let all = join_all(make).await;
    let is_new = |created: &&Result<Created, _>| matches!(created, Ok(Created::New(_)));
    assert_eq!(all.iter().filter(is_new).count(), 10);
    assert_eq!(store.list(owner(1), 0, 99).await.unwrap().len(), 10);
}

pub async fn what_was_acknowledged_is_seen_at_once(store: &dyn Store) {
    let all = (1..=64).map(|number| async move {
        let record = held(store, number).await;
        assert_eq!(seen(store, record.id).await.record, record);
        let write = completed(START + number, "done");
        let ended = store.write(record.id, record.fence, write).await.unwrap();
        assert_eq!(seen(store, record.id).await.record, ended.unwrap());
    });
    join_all(all).await;
}

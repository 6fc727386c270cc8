//! Tasks are made once, found again, and seen by whoever they belong to.

use super::{START, held, id, make, new, owner, record, seen};
use crate::store::{Created, NewTask, Store};
use crate::task::State;

pub async fn a_new_task_is_found(store: &dyn Store) {
    let made = make(store, new(1, 1)).await;
    let found = seen(store, id(1)).await;
    assert_eq!(found.record, made);
    assert_eq!(
        (made.state, made.place, made.due),
        (State::Working, 1, Some(START))
    );
    assert_eq!((found.notes, found.result), (Vec::new(), None));
    assert_eq!(store.get(id(2)).await.unwrap(), None);
}

pub async fn a_new_task_keeps_all_that_it_was_made_with(store: &dyn Store) {
    let mut wanted = record(1, 1);
    "a lane with \0 and ü".clone_into(&mut wanted.lane);
    wanted.expires = Some(START + 5);
    wanted.due = Some(START + 1);
    let made = make(store, NewTask::new(wanted.clone(), Vec::new(), [0; 32])).await;
    wanted.place = made.place;
    assert_eq!(made, wanted);
    assert_eq!(seen(store, id(1)).await.record, wanted);
}

pub async fn the_same_request_with_the_same_key_finds_the_first_task(store: &dyn Store) {
    let with_key = |number| {
        let mut new = new(number, 1);
        new.key = Some([3; 32]);
        new
    };
    make(store, with_key(1)).await;
    let again = store.create(with_key(2)).await.unwrap();
    assert_eq!(again, Created::Again(seen(store, id(1)).await));
    assert_eq!(store.get(id(2)).await.unwrap(), None);
    assert_eq!(store.counts().await.unwrap().of(State::Working), 1);
}

pub async fn a_key_is_found_again_even_when_the_owner_has_no_room(store: &dyn Store) {
    let mut first = new(1, 1);
    first.key = Some([3; 32]);
    first.most = 1;
    make(store, first.clone()).await;
    let again = store.create(first).await.unwrap();
    assert!(matches!(again, Created::Again(_)), "{again:?}");
}

pub async fn another_request_with_the_same_key_is_refused(store: &dyn Store) {
    let mut first = new(1, 1);
    first.key = Some([3; 32]);
    make(store, first).await;
    let mut second = new(2, 1);
    second.key = Some([3; 32]);
    second.digest = [8; 32];
    assert_eq!(store.create(second).await.unwrap(), Created::KeyReused);
    assert_eq!(store.get(id(2)).await.unwrap(), None);
}

pub async fn a_key_belongs_to_one_owner(store: &dyn Store) {
    for of in [1, 2] {
        let mut new = new(u64::from(of), of);
        new.key = Some([3; 32]);
        make(store, new).await;
    }
}

pub async fn an_id_is_used_once(store: &dyn Store) {
    make(store, new(1, 1)).await;
    assert!(store.create(new(1, 2)).await.is_err());
    assert_eq!(seen(store, id(1)).await.record.owner, owner(1));
    assert_eq!(store.counts().await.unwrap().of(State::Working), 1);
}

pub async fn an_owner_has_no_more_active_tasks_than_it_may(store: &dyn Store) {
    let limited = |number, of| {
        let mut new = new(number, of);
        new.most = 2;
        new
    };
    make(store, limited(1, 1)).await;
    make(store, limited(2, 1)).await;
    let third = store.create(limited(3, 1)).await.unwrap();
    assert_eq!(third, Created::TooMany);
    make(store, limited(4, 2)).await;
    store.cancel(id(1), START).await.unwrap();
    make(store, limited(3, 1)).await;
}

pub async fn a_worker_may_take_a_task_as_it_is_made(store: &dyn Store) {
    let made = held(store, 1).await;
    assert_eq!((made.fence, made.due), (1, None));
    assert!(made.worker.is_some());
    assert!(super::claim(store, super::OTHER, START, 9).await.is_empty());
}

pub async fn a_list_holds_the_tasks_of_one_owner_in_the_order_of_making(store: &dyn Store) {
    // The ids go downwards: it is not they that give the order.
    for number in (1..=20).rev() {
        make(store, new(number, u8::from(number % 2 == 0))).await;
    }
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = store.list(owner(0), after, 3).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        assert!(page.len() <= 3);
        after = last.record.place;
        found.extend(page.into_iter().map(|seen| seen.record));
    }
    let expected: Vec<_> = (1..=20).rev().filter(|n| n % 2 == 1).map(id).collect();
    let ids: Vec<_> = found.iter().map(|record| record.id).collect();
    assert_eq!(ids, expected);
    assert!(found.iter().all(|record| record.owner == owner(0)));
    assert!(store.list(owner(3), 0, 9).await.unwrap().is_empty());
    assert!(store.list(owner(0), u64::MAX, 9).await.unwrap().is_empty());
}

pub async fn a_list_stays_in_order_while_tasks_change(store: &dyn Store) {
    for number in 1..=3 {
        make(store, new(number, 1)).await;
    }
    store.cancel(id(1), START + 9).await.unwrap();
    let list = store.list(owner(1), 0, 9).await.unwrap();
    let ids: Vec<_> = list.iter().map(|seen| seen.record.id).collect();
    assert_eq!(ids, [id(1), id(2), id(3)]);
}

pub async fn a_place_is_never_given_twice(store: &dyn Store) {
    let mut first = new(1, 1);
    first.record.expires = Some(START);
    let first = make(store, first).await;
    store.expire(START, 0, 9).await.unwrap();
    store.expire(START, 0, 9).await.unwrap();
    assert_eq!(store.get(id(1)).await.unwrap(), None);
    assert!(make(store, new(2, 1)).await.place > first.place);
}

pub async fn counts_say_how_many_tasks_are_in_each_state(store: &dyn Store) {
    for number in 1..=4 {
        make(store, new(number, 1)).await;
    }
    store.cancel(id(1), START).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.of(State::Working), 3);
    assert_eq!(counts.of(State::Cancelled), 1);
    assert_eq!(counts.of(State::Completed), 0);
}

//! What has ended stays as it is, until it goes.

use super::{
    START, WORKER, answer, asks, chunk, claim, completed, held, id, make, new, owner, seen,
};
use crate::store::{Created, Store, Write};
use crate::task::{Reason, State};

pub async fn a_cancelled_task_never_goes_back(store: &dyn Store) {
    let record = held(store, 1).await;
    let cancelled = store.cancel(id(1), START + 1).await.unwrap().unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    let before = seen(store, id(1)).await;
    assert_eq!(before.record, cancelled);
    let late = completed(START + 2, "late");
    let late = store.write(id(1), record.fence, late).await.unwrap();
    assert_eq!(late, None);
    store.retire(WORKER, START + 3).await.unwrap();
    assert!(claim(store, WORKER, START + 4, 9).await.is_empty());
    assert_eq!(seen(store, id(1)).await, before);
}

pub async fn a_finished_task_never_changes(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = completed(START + 1, "done");
    store.write(id(1), record.fence, write).await.unwrap();
    let before = seen(store, id(1)).await;
    let cancelled = store.cancel(id(1), START + 2).await.unwrap();
    assert_eq!(cancelled, Some(before.record.clone()));
    let again = completed(START + 3, "again");
    assert_eq!(store.write(id(1), record.fence, again).await.unwrap(), None);
    let answers = vec![answer("a", "yes")];
    store.answer(id(1), START + 4, answers).await.unwrap();
    store.retire(WORKER, START + 5).await.unwrap();
    assert!(claim(store, WORKER, START + 6, 9).await.is_empty());
    assert_eq!(seen(store, id(1)).await, before);
}

pub async fn cancelling_what_there_is_not_says_so(store: &dyn Store) {
    assert_eq!(store.cancel(id(1), START).await.unwrap(), None);
}

pub async fn a_task_that_waits_can_be_cancelled(store: &dyn Store) {
    let record = held(store, 1).await;
    let park = Write {
        next: crate::store::Next::Park { due: None },
        ..asks(START, &["a"])
    };
    store.write(id(1), record.fence, park).await.unwrap();
    store.cancel(id(1), START).await.unwrap();
    let record = seen(store, id(1)).await.record;
    assert!(record.open.is_empty() && record.due.is_none());
    let counts = store.counts().await.unwrap();
    assert_eq!(
        (counts.of(State::InputRequired), counts.of(State::Cancelled)),
        (0, 1)
    );
}

pub async fn what_expires_before_it_ends_fails_first_and_goes_later(store: &dyn Store) {
    let mut first = new(1, 1);
    first.record.expires = Some(START + 10);
    make(store, first).await;
    let early = store.expire(START + 9, 5, 9).await.unwrap();
    assert!(early.failed.is_empty() && early.gone.is_empty());
    let expired = store.expire(START + 10, 5, 9).await.unwrap();
    let record = seen(store, id(1)).await.record;
    assert_eq!(expired.failed, std::slice::from_ref(&record));
    assert!(expired.gone.is_empty());
    assert_eq!(
        (record.state, record.reason),
        (State::Failed, Some(Reason::Expired))
    );
    assert_eq!(record.expires, Some(START + 15));
    assert!(claim(store, WORKER, START + 10, 9).await.is_empty());
    let expired = store.expire(START + 14, 5, 9).await.unwrap();
    assert!(expired.failed.is_empty() && expired.gone.is_empty());
    let expired = store.expire(START + 15, 5, 9).await.unwrap();
    assert_eq!(expired.gone, [id(1)]);
    assert_eq!(store.get(id(1)).await.unwrap(), None);
}

pub async fn what_is_gone_leaves_nothing_behind(store: &dyn Store) {
    let mut first = new(1, 1);
    first.key = Some([3; 32]);
    first.most = 1;
    first.record.expires = Some(START + 10);
    first.worker = Some(WORKER);
    let record = make(store, first.clone()).await;
    let write = Write {
        append: vec![chunk("a step")],
        ..completed(START, "done")
    };
    store.write(id(1), record.fence, write).await.unwrap();
    assert_eq!(store.expire(START + 10, 5, 9).await.unwrap().gone, [id(1)]);
    assert_eq!(store.get(id(1)).await.unwrap(), None);
    assert!(store.list(owner(1), 0, 9).await.unwrap().is_empty());
    assert_eq!(store.counts().await.unwrap().of(State::Completed), 0);
    assert_eq!(store.cancel(id(1), START).await.unwrap(), None);
    assert_eq!(store.answer(id(1), START, Vec::new()).await.unwrap(), None);
    // Its key and its id can be used again.
    let again = store.create(first).await.unwrap();
    assert!(matches!(again, Created::New(_)), "{again:?}");
}

pub async fn no_more_expire_than_asked_for_the_oldest_first(store: &dyn Store) {
    for (number, expires) in [(1, 30), (2, 10), (3, 20)] {
        let mut new = new(number, 1);
        new.record.expires = Some(START + expires);
        make(store, new).await;
    }
    make(store, new(4, 1)).await;
    let expired = store.expire(START + 99, 1000, 2).await.unwrap();
    let failed: Vec<_> = expired.failed.iter().map(|record| record.id).collect();
    assert_eq!(failed, [id(2), id(3)]);
    assert_eq!(seen(store, id(4)).await.record.state, State::Working);
}

pub async fn an_expired_holder_cannot_write(store: &dyn Store) {
    let mut first = new(1, 1);
    first.record.expires = Some(START + 10);
    first.worker = Some(WORKER);
    let record = make(store, first).await;
    store.expire(START + 10, 50, 9).await.unwrap();
    let late = completed(START + 11, "late");
    assert_eq!(store.write(id(1), record.fence, late).await.unwrap(), None);
    assert_eq!(seen(store, id(1)).await.result, None);
}

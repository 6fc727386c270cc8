//! Only the holder of a task writes to it, and what it writes is kept whole.

use super::{
    END, OTHER, START, WORKER, asks, chunk, claim, completed, held, id, make, new, parked, seen,
};
use crate::store::{Next, Store, Write};
use crate::task::State;

pub async fn what_the_holder_writes_is_there_for_the_next_run(store: &dyn Store) {
    let record = held(store, 1).await;
    for text in ["one", "two"] {
        let write = Write {
            append: vec![chunk(text), chunk(&format!("{text}, more"))],
            notes: Some(chunk(text)),
            ..Write::at(START)
        };
        store.write(id(1), record.fence, write).await.unwrap();
    }
    assert_eq!(seen(store, id(1)).await.notes, b"two");
    let written = store
        .write(id(1), record.fence, parked(START, Some(START)))
        .await;
    assert_eq!(written.unwrap().unwrap(), seen(store, id(1)).await.record);
    let tasks = claim(store, WORKER, START, 9).await;
    let expected = ["one", "one, more", "two", "two, more"].map(chunk);
    assert_eq!(tasks[0].journal, expected);
    assert_eq!(tasks[0].notes, b"two");
    assert_eq!(tasks[0].request, b"request 1");
    assert_eq!(tasks[0].record.chunks, 4);
}

pub async fn whoever_does_not_hold_a_task_writes_nothing(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = Write {
        append: vec![chunk("late")],
        notes: Some(chunk("late")),
        ..completed(START, "late")
    };
    for fence in [0, record.fence + 1, u64::MAX] {
        let written = store.write(id(1), fence, write.clone()).await;
        assert_eq!(written.unwrap(), None);
    }
    assert_eq!(store.write(id(2), 1, write).await.unwrap(), None);
    let found = seen(store, id(1)).await;
    assert_eq!(
        (found.record, found.notes, found.result),
        (record, Vec::new(), None)
    );
}

pub async fn a_write_after_the_lease_was_lost_is_refused(store: &dyn Store) {
    store.renew(WORKER, START, START + 10).await.unwrap();
    make(store, new(1, 1)).await;
    let first = claim(store, WORKER, START, 9).await;
    store.renew(OTHER, START + 10, END).await.unwrap();
    let second = claim(store, OTHER, START + 10, 9).await;
    let late = store
        .write(id(1), first[0].record.fence, completed(START + 11, "late"))
        .await;
    assert_eq!(late.unwrap(), None);
    assert_eq!(seen(store, id(1)).await.record, second[0].record);
    let good = store
        .write(id(1), second[0].record.fence, completed(START + 12, "good"))
        .await;
    assert!(good.unwrap().is_some());
    assert_eq!(seen(store, id(1)).await.result.unwrap(), b"good");
}

pub async fn a_parked_task_is_written_by_nobody(store: &dyn Store) {
    let record = held(store, 1).await;
    let park = parked(START, None);
    store.write(id(1), record.fence, park).await.unwrap();
    let late = store.write(id(1), record.fence, Write::at(START)).await;
    assert_eq!(late.unwrap(), None);
    assert!(claim(store, WORKER, START + 99, 9).await.is_empty());
}

pub async fn a_parked_task_is_due_when_it_said(store: &dyn Store) {
    let record = held(store, 1).await;
    let park = parked(START, Some(START + 30));
    let parked = store.write(id(1), record.fence, park).await.unwrap();
    assert_eq!(parked.unwrap().due, Some(START + 30));
    assert!(claim(store, WORKER, START + 29, 9).await.is_empty());
    let tasks = claim(store, WORKER, START + 30, 9).await;
    assert_eq!(tasks[0].record.deliveries, 1);
}

pub async fn a_result_and_an_error_are_kept_with_their_state(store: &dyn Store) {
    for (number, state) in [(1, State::Completed), (2, State::Failed)] {
        let record = held(store, number).await;
        let result = chunk("the result");
        let next = match state {
            State::Completed => Next::Complete { result },
            _ => Next::Fail { result },
        };
        let write = Write {
            next,
            append: vec![chunk("the last step")],
            notes: Some(chunk("the last note")),
            ..Write::at(START + 3)
        };
        let ended = store.write(id(number), record.fence, write).await.unwrap();
        let found = seen(store, id(number)).await;
        assert_eq!(ended.unwrap(), found.record);
        assert_eq!(
            (found.record.state, found.record.updated),
            (state, START + 3)
        );
        assert_eq!(found.result.unwrap(), b"the result");
        assert_eq!(found.notes, b"the last note");
    }
}

pub async fn an_empty_result_is_a_result(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = completed(START, "");
    store.write(id(1), record.fence, write).await.unwrap();
    assert_eq!(seen(store, id(1)).await.result, Some(Vec::new()));
}

pub async fn a_task_that_asks_waits_for_input(store: &dyn Store) {
    let record = held(store, 1).await;
    let written = store.write(id(1), record.fence, asks(START, &["a"])).await;
    assert_eq!(written.unwrap().unwrap().state, State::InputRequired);
    let written = store.write(id(1), record.fence, asks(START, &[])).await;
    assert_eq!(written.unwrap().unwrap().state, State::Working);
    let counts = store.counts().await.unwrap();
    assert_eq!(
        (counts.of(State::Working), counts.of(State::InputRequired)),
        (1, 0)
    );
}

pub async fn the_time_of_a_change_never_goes_back(store: &dyn Store) {
    let record = held(store, 1).await;
    let write = Write::at(START + 10);
    store.write(id(1), record.fence, write).await.unwrap();
    let written = store.write(id(1), record.fence, Write::at(START + 5)).await;
    assert_eq!(written.unwrap().unwrap().updated, START + 10);
}

pub async fn large_contents_are_kept_whole(store: &dyn Store) {
    let large = |seed: u8| -> Vec<u8> {
        let bytes = (0..8 * 1024 * 1024_u32).map(|at| (at ^ (at >> 11)).to_le_bytes()[0] ^ seed);
        bytes.collect()
    };
    store.renew(WORKER, START, END).await.unwrap();
    let mut new = new(1, 1);
    new.request = large(1);
    make(store, new).await;
    let task = claim(store, WORKER, START, 9).await.remove(0);
    assert!(task.request == large(1), "the request is another one");
    let write = Write {
        append: vec![large(2)],
        notes: Some(large(3)),
        ..parked(START, Some(START))
    };
    store.write(id(1), task.record.fence, write).await.unwrap();
    let task = claim(store, WORKER, START, 9).await.remove(0);
    assert!(task.journal == [large(2)], "the journal is another one");
    assert!(task.notes == large(3), "the notes are others");
    let mut write = completed(START, "");
    write.next = Next::Complete { result: large(4) };
    store.write(id(1), task.record.fence, write).await.unwrap();
    let found = seen(store, id(1)).await;
    assert!(found.result == Some(large(4)), "the result is another one");
}

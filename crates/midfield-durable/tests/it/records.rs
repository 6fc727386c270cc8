//! How a task changes: what holds whatever is done to it, in whatever order and by whatever clock.

use midfield_durable::store::{Next, Write};
use midfield_durable::task::{Delivered, Owner, Record, State, TaskId, WorkerId};
use proptest::collection::vec;
use proptest::prelude::*;

/// Something that is done to a task. Keys of questions are numbers.
#[derive(Clone, Debug)]
enum Deed {
    Claim(u32),
    /// A write of the holder, or of one that was.
    Write(Written, bool),
    Answer(Vec<u8>),
    Cancel,
    Expire,
    Free,
}

#[derive(Clone, Debug)]
struct Written {
    chunks: usize,
    learned: Vec<u8>,
    open: Option<Vec<u8>>,
    next: Next,
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    vec(0..4_u8, 0..4).prop_map(|mut keys| {
        keys.dedup();
        keys
    })
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        8 => Just(Next::Hold),
        4 => prop::option::of(0..2_000_u64).prop_map(|due| Next::Park { due }),
        1 => Just(Next::Complete { result: vec![1] }),
        1 => Just(Next::Fail { result: vec![2] }),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let written = (0..3_usize, keys(), prop::option::of(keys()), next());
    let written = written.prop_map(|(chunks, learned, open, next)| Written {
        chunks,
        learned,
        open,
        next,
    });
    let deed = prop_oneof![
        6 => (1..4_u32).prop_map(Deed::Claim),
        10 => (written, prop::bool::weighted(0.9)).prop_map(|(it, holds)| Deed::Write(it, holds)),
        6 => keys().prop_map(Deed::Answer),
        1 => Just(Deed::Cancel),
        1 => Just(Deed::Expire),
        3 => Just(Deed::Free),
    ];
    vec((0..2_000_u64, deed), 1..40)
}

fn text(keys: &[u8]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

/// Does one thing as a store does it. Gives the keys of answers that the handler has learned.
fn change(record: &mut Record, now: u64, deed: &Deed) -> Vec<String> {
    match deed {
        Deed::Claim(most) => {
            if record.is_due(now) {
                let (before, fence) = (record.deliveries, record.fence);
                match record.claim(WorkerId([1; 16]), *most, now) {
                    Delivered::Held => {
                        assert!(before < *most && record.fence == fence + 1);
                        assert!(record.is_held(record.fence) && !record.is_held(fence));
                    }
                    other => {
                        assert_eq!(other, Delivered::GivenUp);
                        assert!(before >= *most && record.state == State::Failed);
                    }
                }
            }
        }
        Deed::Write(written, holds) => {
            let fence = record.fence.wrapping_sub(u64::from(!holds));
            if record.is_held(fence) {
                assert!(holds, "a former holder writes");
                let mut write = Write::at(now);
                write.append = vec![vec![0]; written.chunks];
                write.learned = text(&written.learned);
                write.open = written.open.as_deref().map(text);
                write.next = written.next.clone();
                let chunks = record.chunks;
                record.write(&write);
                assert_eq!(record.chunks, chunks + written.chunks as u64);
                return write.learned;
            }
        }
        Deed::Answer(keys) => {
            let before = record.clone();
            let keys = text(keys);
            let taken = record.answer(keys.iter().map(String::as_str), now);
            for key in &taken {
                assert!(before.open.contains(key) && !before.answered.contains(key));
                assert!(record.answered.contains(key));
            }
            let refused = keys.iter().filter(|key| !taken.contains(key));
            for key in refused {
                let had_one = before.answered.contains(key);
                assert!(had_one || !before.open.contains(key) || before.state.has_ended());
            }
            assert!(!taken.is_empty() || *record == before);
        }
        Deed::Cancel => {
            let had_ended = record.state.has_ended();
            assert_eq!(record.cancel(now), !had_ended);
        }
        Deed::Expire => {
            let had_ended = record.state.has_ended();
            assert_eq!(
                record.expire(now, 100),
                had_ended,
                "it goes when it has ended"
            );
        }
        Deed::Free => record.free(now),
    }
    Vec::new()
}

fn check(before: &Record, record: &Record, learned: &[String]) {
    if before.state.has_ended() {
        assert_eq!(before, record, "what has ended does not change");
        return;
    }
    assert!(before.updated <= record.updated);
    assert!(before.fence <= record.fence && before.chunks <= record.chunks);
    let is_seen = |it: &Record| (it.state, it.reason, it.open.clone(), it.answered.clone());
    let is_change = is_seen(before) != is_seen(record);
    assert!(
        !is_change || before.version < record.version,
        "a change has a version"
    );
    assert!(
        !(record.worker.is_some() && record.due.is_some()),
        "held, or to be had"
    );
    if record.state.has_ended() {
        assert!(record.worker.is_none() && record.due.is_none());
        assert!(record.open.is_empty() && record.answered.is_empty());
        return;
    }
    let has_answer = |key: &String| record.answered.contains(key);
    let waits = !record.open.iter().all(has_answer);
    assert_eq!(record.state == State::InputRequired, waits);
    for key in &before.answered {
        let stays = learned.contains(key) || record.answered.contains(key);
        assert!(stays, "the answer to {key} is lost");
    }
    let is_asleep = record.worker.is_none() && record.due.is_none();
    let is_heard = record.open.iter().any(has_answer);
    assert!(!(is_asleep && is_heard), "nobody would hear the answer");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_task_changes_only_as_it_may(deeds in deeds()) {
        let id = TaskId::from_bytes([1; 16]);
        let mut record = Record::new(id, Owner([1; 32]), "lane".to_owned(), 1_000);
        record.expires = Some(5_000);
        for (now, deed) in deeds {
            let before = record.clone();
            let learned = change(&mut record, now, &deed);
            check(&before, &record, &learned);
        }
    }
}

/// Whatever may follow a state, nothing follows one that has ended.
#[test]
fn nothing_follows_the_end() {
    for state in State::ALL {
        for next in State::ALL {
            let may = state == next || !state.has_ended();
            assert_eq!(
                state.may_become(next),
                may,
                "{} {}",
                state.word(),
                next.word()
            );
        }
    }
}

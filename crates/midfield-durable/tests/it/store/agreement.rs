//! Whatever is done to them in whatever order, the store in a file says what the one in memory says.

use std::future::Future;

use midfield_durable::store::{
    Answer, Claim, Memory, NewTask, Next, Sqlite, SqliteOptions, Store, Synchronous, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};
use proptest::collection::vec;
use proptest::prelude::*;

/// A verb with small arguments, so that they meet.
#[derive(Clone, Debug)]
enum Step {
    Create {
        task: u8,
        owner: u8,
        lane: u8,
        key: Option<u8>,
        due: u8,
        expires: Option<u8>,
        most: u8,
        is_held: bool,
    },
    Claim {
        worker: u8,
        most: u8,
        most_per_owner: u8,
        lane_room: Option<u8>,
        deliveries: u8,
    },
    Renew {
        worker: u8,
        more: u8,
    },
    Retire {
        worker: u8,
    },
    Write {
        task: u8,
        fence: u8,
        append: u8,
        open: Option<u8>,
        learned: u8,
        notes: Option<u8>,
        next: u8,
    },
    Answer {
        task: u8,
        keys: u8,
    },
    Cancel {
        task: u8,
    },
    Expire {
        grace: u8,
        most: u8,
    },
    /// Time goes on, or back.
    Wait {
        more: i8,
    },
    /// The file is closed and opened again, which a store in memory does not outlive: workers retire first, so that nothing is
    /// freed by it.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let task = 0..8_u8;
    let worker = 0..3_u8;
    prop_oneof![
        4 => (task.clone(), 0..3_u8, 0..2_u8, proptest::option::weighted(0.3, 0..3_u8), 0..20_u8,
            proptest::option::of(0..40_u8), 1..6_u8, any::<bool>())
            .prop_map(|(task, owner, lane, key, due, expires, most, is_held)| Step::Create {
                task, owner, lane, key, due, expires, most, is_held,
            }),
        4 => (worker.clone(), 0..5_u8, 0..3_u8, proptest::option::of(0..2_u8), 1..4_u8)
            .prop_map(|(worker, most, most_per_owner, lane_room, deliveries)| Step::Claim {
                worker, most, most_per_owner, lane_room, deliveries,
            }),
        2 => (worker.clone(), 0..30_u8).prop_map(|(worker, more)| Step::Renew { worker, more }),
        1 => worker.prop_map(|worker| Step::Retire { worker }),
        6 => (task.clone(), 0..4_u8, 0..3_u8, proptest::option::of(0..8_u8), 0..8_u8,
            proptest::option::of(any::<u8>()), 0..6_u8)
            .prop_map(|(task, fence, append, open, learned, notes, next)| Step::Write {
                task, fence, append, open, learned, notes, next,
            }),
        3 => (task.clone(), 0..8_u8).prop_map(|(task, keys)| Step::Answer { task, keys }),
        1 => task.prop_map(|task| Step::Cancel { task }),
        1 => (0..10_u8, 0..4_u8).prop_map(|(grace, most)| Step::Expire { grace, most }),
        3 => (-3..20_i8).prop_map(|more| Step::Wait { more }),
        1 => Just(Step::Reopen),
    ]
}

const START: u64 = 1_000_000;

fn id(task: u8) -> TaskId {
    TaskId::from_bytes([task; 16])
}

fn owner(number: u8) -> Owner {
    Owner([number; 32])
}

fn worker(number: u8) -> WorkerId {
    WorkerId([number; 16])
}

/// The keys whose bits are set.
fn keys(bits: u8) -> Vec<String> {
    let keys = (0..3).filter(|bit| bits & (1 << bit) != 0);
    keys.map(|bit| format!("key {bit}")).collect()
}

/// What a store says, so that answers of two can be compared. An error counts by itself: its words are each store's own.
async fn said<T: std::fmt::Debug>(
    pending: impl Future<Output = Result<T, midfield_durable::store::StoreError>>,
) -> String {
    match pending.await {
        Ok(said) => format!("{said:?}"),
        Err(_) => "an error".to_owned(),
    }
}

fn new_task(step: &Step, now: u64) -> Option<NewTask> {
    let Step::Create {
        task,
        owner: of,
        lane,
        key,
        due,
        expires,
        most,
        is_held,
    } = step
    else {
        return None;
    };
    let mut record = Record::new(id(*task), owner(*of), format!("lane {lane}"), now);
    record.due = Some(now + u64::from(*due));
    record.expires = expires.map(|expires| now + u64::from(expires));
    let mut new = NewTask::new(record, vec![*task; 3], [key.unwrap_or(0) / 2; 32]);
    new.key = key.map(|key| [key; 32]);
    new.most = usize::from(*most);
    new.worker = is_held.then(|| worker(0));
    Some(new)
}

fn claim_of(step: &Step, now: u64) -> Option<Claim> {
    let Step::Claim {
        worker: by,
        most,
        most_per_owner,
        lane_room,
        deliveries,
    } = step
    else {
        return None;
    };
    let mut claim = Claim::new(worker(*by), now, usize::from(*most));
    claim.most_per_owner = usize::from(*most_per_owner);
    claim.deliveries = u32::from(*deliveries);
    claim.held = vec![(owner(1), 1)];
    claim.lanes = lane_room
        .iter()
        .map(|room| ("lane 0".to_owned(), usize::from(*room)))
        .collect();
    Some(claim)
}

fn write_of(step: &Step, now: u64) -> Option<(TaskId, u64, Write)> {
    let Step::Write {
        task,
        fence,
        append,
        open,
        learned,
        notes,
        next,
    } = step
    else {
        return None;
    };
    let mut write = Write::at(now);
    write.append = (0..*append).map(|number| vec![number, *task]).collect();
    write.open = open.map(keys);
    write.learned = keys(*learned);
    write.notes = notes.map(|notes| vec![notes]);
    write.next = match next {
        0..=1 => Next::Hold,
        2 => Next::Park { due: None },
        3 => Next::Park { due: Some(now + 5) },
        4 => Next::Complete {
            result: vec![*task],
        },
        _ => Next::Fail { result: Vec::new() },
    };
    Some((id(*task), u64::from(*fence), write))
}

/// Does a step and says what the store said.
async fn run(store: &dyn Store, step: &Step, now: u64) -> String {
    if let Some(new) = new_task(step, now) {
        return said(store.create(new)).await;
    }
    if let Some(claim) = claim_of(step, now) {
        return said(store.claim(claim)).await;
    }
    if let Some((id, fence, write)) = write_of(step, now) {
        return said(store.write(id, fence, write)).await;
    }
    match step {
        Step::Renew { worker: by, more } => {
            said(store.renew(worker(*by), now, now + u64::from(*more))).await
        }
        Step::Retire { worker: by } => said(store.retire(worker(*by), now)).await,
        Step::Answer { task, keys: bits } => {
            let answers = keys(*bits).into_iter().map(|key| Answer {
                key,
                answer: vec![*bits],
            });
            said(store.answer(id(*task), now, answers.collect())).await
        }
        Step::Cancel { task } => said(store.cancel(id(*task), now)).await,
        Step::Expire { grace, most } => {
            said(store.expire(now, u64::from(*grace), usize::from(*most))).await
        }
        _ => String::new(),
    }
}

/// All that can be seen.
async fn everything(store: &dyn Store) -> Vec<String> {
    let mut all = vec![said(store.counts()).await, said(store.next_due()).await];
    for number in 0..8 {
        all.push(said(store.get(id(number))).await);
    }
    for number in 0..3 {
        all.push(said(store.list(owner(number), 0, 99)).await);
        all.push(said(store.list(owner(number), 2, 2)).await);
    }
    all
}

async fn agree(steps: &[Step]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let open = || {
        let options = SqliteOptions::default().synchronous(Synchronous::Normal);
        Sqlite::open(&path, options).unwrap()
    };
    let memory = Memory::new();
    let mut sqlite = open();
    let mut now = START;
    // In a file, whose turn it is lasts only as long as the process: both go on from the same, if nothing was given before.
    let mut has_claimed = false;
    for step in steps {
        match step {
            Step::Wait { more } => now = now.saturating_add_signed(i64::from(*more)),
            Step::Reopen if !has_claimed => {
                for number in 0..3 {
                    let retire = Step::Retire { worker: number };
                    prop_assert_eq!(
                        run(&memory, &retire, now).await,
                        run(&sqlite, &retire, now).await
                    );
                }
                drop(sqlite);
                sqlite = open();
            }
            step => {
                has_claimed |= matches!(step, Step::Claim { .. });
                let expected = run(&memory, step, now).await;
                prop_assert_eq!(expected, run(&sqlite, step, now).await, "after {:?}", step);
            }
        }
        prop_assert_eq!(
            everything(&memory).await,
            everything(&sqlite).await,
            "after {:?}",
            step
        );
    }
    drop(sqlite);
    let report = Sqlite::check(&path).unwrap();
    prop_assert!(report.problems.is_empty(), "{:?}", report);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_store_in_a_file_says_what_one_in_memory_says(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(agree(&steps))?;
    }
}

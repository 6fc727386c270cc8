//! Workers are given what is due, each task to one of them.

use super::{
    END, OTHER, START, WORKER, chunk, claim, held, id, ids, make, new, owner, parked, seen,
};
use crate::store::{Claim, Store, Write};
use crate::task::{Reason, State};

pub async fn a_task_is_given_to_one_worker(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    make(store, new(1, 1)).await;
    let first = claim(store, WORKER, START, 9).await;
    assert_eq!(ids(&first), [id(1)]);
    assert_eq!(first[0].request, b"request 1");
    assert_eq!(first[0].record.worker, Some(WORKER));
    assert!(claim(store, OTHER, START, 9).await.is_empty());
}

pub async fn nothing_is_given_before_it_is_due(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    let mut new = new(1, 1);
    new.record.due = Some(START + 10);
    make(store, new).await;
    assert!(claim(store, WORKER, START + 9, 9).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(START + 10));
    assert_eq!(claim(store, WORKER, START + 10, 9).await.len(), 1);
}

pub async fn the_oldest_due_of_an_owner_comes_first(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for (number, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
        let mut new = new(number, 1);
        new.record.due = Some(START + due);
        // Lanes do not change the order.
        new.record.lane = format!("lane {}", number % 2);
        make(store, new).await;
    }
    let tasks = claim(store, WORKER, START + 50, 9).await;
    assert_eq!(ids(&tasks), [id(2), id(4), id(3), id(1)]);
}

pub async fn owners_take_turns(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for number in 1..=6 {
        make(store, new(number, 1)).await;
    }
    make(store, new(7, 2)).await;
    make(store, new(8, 3)).await;
    let tasks = claim(store, WORKER, START, 4).await;
    let owners: Vec<_> = tasks.iter().map(|task| task.record.owner).collect();
    assert_eq!(owners, [owner(1), owner(2), owner(3), owner(1)]);
}

pub async fn the_next_claim_goes_on_with_the_next_owner(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for number in 0..6_u8 {
        make(store, new(u64::from(number), number % 3)).await;
    }
    let mut owners = Vec::new();
    for _ in 0..6 {
        let tasks = claim(store, WORKER, START, 1).await;
        owners.extend(tasks.iter().map(|task| task.record.owner));
    }
    assert_eq!(owners, [0, 1, 2, 0, 1, 2].map(owner));
}

pub async fn a_claim_gives_no_more_than_it_asks_for(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for number in 1..=5 {
        make(store, new(number, 1)).await;
    }
    assert!(claim(store, WORKER, START, 0).await.is_empty());
    assert_eq!(claim(store, WORKER, START, 2).await.len(), 2);
    assert_eq!(claim(store, WORKER, START, 9).await.len(), 3);
}

pub async fn an_owner_is_held_to_its_share(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for number in 1..=10 {
        make(store, new(number, u8::from(number > 5))).await;
    }
    let mut claim = Claim::new(WORKER, START, 9);
    claim.most_per_owner = 3;
    claim.held = vec![(owner(0), 2)];
    let tasks = store.claim(claim).await.unwrap().tasks;
    let of = |number| {
        let of = |task: &&crate::store::Loaded| task.record.owner == owner(number);
        tasks.iter().filter(of).count()
    };
    assert_eq!((of(0), of(1)), (1, 3));
}

pub async fn a_full_lane_holds_up_no_other(store: &dyn Store) {
    store.renew(WORKER, START, END).await.unwrap();
    for number in 1..=6 {
        let mut new = new(number, 1);
        let lane = if number <= 4 { "slow" } else { "fast" };
        lane.clone_into(&mut new.record.lane);
        make(store, new).await;
    }
    let mut claim = Claim::new(WORKER, START, 9);
    claim.lanes = vec![("slow".to_owned(), 1)];
    let tasks = store.claim(claim).await.unwrap().tasks;
    assert_eq!(ids(&tasks), [id(1), id(5), id(6)]);
}

pub async fn a_task_that_gets_nowhere_is_given_up(store: &dyn Store) {
    make(store, new(1, 1)).await;
    for time in 0..4 {
        let now = START + time * 10;
        store.renew(WORKER, now, END).await.unwrap();
        let mut claim = Claim::new(WORKER, now, 9);
        claim.deliveries = 3;
        let claimed = store.claim(claim).await.unwrap();
        if time < 3 {
            assert_eq!(
                claimed.tasks[0].record.deliveries,
                u32::try_from(time).unwrap() + 1
            );
            store.retire(WORKER, now).await.unwrap();
        } else {
            assert!(claimed.tasks.is_empty());
            assert_eq!(claimed.given_up, [seen(store, id(1)).await.record]);
        }
    }
    let record = seen(store, id(1)).await.record;
    assert_eq!(record.state, State::Failed);
    assert_eq!(record.reason, Some(Reason::Undeliverable));
    assert!(claim(store, OTHER, END, 9).await.is_empty());
}

pub async fn progress_of_the_journal_counts_deliveries_anew(store: &dyn Store) {
    make(store, new(1, 1)).await;
    for _ in 0..6 {
        store.renew(WORKER, START, END).await.unwrap();
        let mut claim = Claim::new(WORKER, START, 9);
        claim.deliveries = 2;
        let claimed = store.claim(claim).await.unwrap();
        let record = &claimed.tasks[0].record;
        let write = Write {
            append: vec![chunk("a step")],
            ..Write::at(START)
        };
        store.write(record.id, record.fence, write).await.unwrap();
        store.retire(WORKER, START).await.unwrap();
    }
}

pub async fn what_a_worker_held_is_free_when_its_time_is_over(store: &dyn Store) {
    store.renew(WORKER, START, START + 10).await.unwrap();
    store.renew(OTHER, START, END).await.unwrap();
    make(store, new(1, 1)).await;
    let first = claim(store, WORKER, START, 9).await;
    assert!(claim(store, OTHER, START + 9, 9).await.is_empty());
    let second = claim(store, OTHER, START + 10, 9).await;
    assert_eq!(ids(&second), [id(1)]);
    assert!(second[0].record.fence > first[0].record.fence);
}

pub async fn a_worker_that_renews_keeps_what_it_holds(store: &dyn Store) {
    assert!(store.renew(WORKER, START, START + 10).await.unwrap());
    make(store, new(1, 1)).await;
    claim(store, WORKER, START, 9).await;
    assert!(store.renew(WORKER, START + 9, START + 20).await.unwrap());
    assert!(claim(store, OTHER, START + 19, 9).await.is_empty());
}

pub async fn a_worker_whose_time_is_over_is_told_and_holds_nothing(store: &dyn Store) {
    store.renew(WORKER, START, START + 10).await.unwrap();
    make(store, new(1, 1)).await;
    claim(store, WORKER, START, 9).await;
    assert!(!store.renew(WORKER, START + 10, END).await.unwrap());
    assert_eq!(ids(&claim(store, OTHER, START + 10, 9).await), [id(1)]);
    // The same when others were faster.
    store.renew(OTHER, START + 10, START + 20).await.unwrap();
    claim(store, WORKER, START + 30, 0).await;
    assert!(!store.renew(OTHER, START + 31, END).await.unwrap());
    assert!(store.renew(OTHER, START + 32, END).await.unwrap());
}

pub async fn a_worker_that_never_said_so_holds_nothing_for_long(store: &dyn Store) {
    make(store, new(1, 1)).await;
    assert_eq!(claim(store, WORKER, START, 9).await.len(), 1);
    assert_eq!(claim(store, OTHER, START + 1, 9).await.len(), 1);
}

pub async fn what_a_retired_worker_held_is_free_at_once(store: &dyn Store) {
    let first = held(store, 1).await;
    store.retire(WORKER, START + 5).await.unwrap();
    let record = seen(store, id(1)).await.record;
    assert_eq!((record.worker, record.due), (None, Some(START + 5)));
    let write = store.write(id(1), first.fence, Write::at(START + 5)).await;
    assert_eq!(write.unwrap(), None);
    assert_eq!(claim(store, OTHER, START + 5, 9).await.len(), 1);
}

pub async fn the_next_due_is_the_first_of_all_that_will_happen(store: &dyn Store) {
    assert_eq!(store.next_due().await.unwrap(), None);
    store.renew(WORKER, START, END).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(END));
    let mut first = new(1, 1);
    first.record.expires = Some(START + 50);
    first.worker = Some(WORKER);
    let record = make(store, first).await;
    assert_eq!(store.next_due().await.unwrap(), Some(START + 50));
    let park = parked(START, Some(START + 20));
    store.write(id(1), record.fence, park).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(START + 20));
    make(store, new(2, 1)).await;
    assert_eq!(store.next_due().await.unwrap(), Some(START));
    for number in [1, 2] {
        store.cancel(id(number), START).await.unwrap();
    }
    assert_eq!(store.next_due().await.unwrap(), Some(START + 50));
    store.expire(START + 50, 0, 9).await.unwrap();
    store.retire(WORKER, START + 50).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
}

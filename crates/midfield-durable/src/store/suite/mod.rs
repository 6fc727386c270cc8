//! What every store must do, as tests for any of them.
//!
//! ```
//! use std::sync::Arc;
//!
//! use midfield_durable::store::Memory;
//!
//! async fn fresh() -> Arc<Memory> {
//!     Arc::new(Memory::new())
//! }
//!
//! midfield_durable::store_suite!(fresh);
//! # fn main() {}
//! ```
#![expect(
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each is a test: its name is what it claims, and it panics where that does not hold"
)]

mod answering;
mod claiming;
mod ending;
mod making;
mod racing;
mod writing;

use super::{Answer, Claim, Created, Loaded, NewTask, Next, Seen, Store, Write};
use crate::task::{Owner, Record, TaskId, WorkerId};

pub use answering::*;
pub use claiming::*;
pub use ending::*;
pub use making::*;
pub use racing::*;
pub use writing::*;

/// A test for each guarantee of a store. `$make` is the path of an asynchronous function that gives a pointer to a fresh and empty
/// one: a `Box`, an `Arc`, or anything else that can be dereferenced to it. The tests are tokio's, which must be among the
/// dependencies, with its features `macros` and `rt`.
#[macro_export]
macro_rules! store_suite {
    ($make:path) => {
        $crate::store_suite! { $make:
            a_new_task_is_found
            a_new_task_keeps_all_that_it_was_made_with
            the_same_request_with_the_same_key_finds_the_first_task
            a_key_is_found_again_even_when_the_owner_has_no_room
            another_request_with_the_same_key_is_refused
            a_key_belongs_to_one_owner
            an_id_is_used_once
            an_owner_has_no_more_active_tasks_than_it_may
            a_worker_may_take_a_task_as_it_is_made
            a_list_holds_the_tasks_of_one_owner_in_the_order_of_making
            a_list_stays_in_order_while_tasks_change
            a_place_is_never_given_twice
            counts_say_how_many_tasks_are_in_each_state
            a_task_is_given_to_one_worker
            nothing_is_given_before_it_is_due
            the_oldest_due_of_an_owner_comes_first
            owners_take_turns
            the_next_claim_goes_on_with_the_next_owner
            a_claim_gives_no_more_than_it_asks_for
            an_owner_is_held_to_its_share
            a_full_lane_holds_up_no_other
            a_task_that_gets_nowhere_is_given_up
            progress_of_the_journal_counts_deliveries_anew
            what_a_worker_held_is_free_when_its_time_is_over
            a_worker_that_renews_keeps_what_it_holds
            a_worker_whose_time_is_over_is_told_and_holds_nothing
            a_worker_that_never_said_so_holds_nothing_for_long
            what_a_retired_worker_held_is_free_at_once
            the_next_due_is_the_first_of_all_that_will_happen
            what_the_holder_writes_is_there_for_the_next_run
            whoever_does_not_hold_a_task_writes_nothing
            a_write_after_the_lease_was_lost_is_refused
            a_parked_task_is_written_by_nobody
            a_parked_task_is_due_when_it_said
            a_result_and_an_error_are_kept_with_their_state
            an_empty_result_is_a_result
            a_task_that_asks_waits_for_input
            the_time_of_a_change_never_goes_back
            large_contents_are_kept_whole
            an_answer_wakes_a_parked_task
            an_answer_that_came_before_the_task_was_parked_wakes_it
            a_question_is_answered_once
            an_answer_to_what_was_not_asked_changes_nothing
            a_learned_answer_is_not_given_again
            an_answer_outlives_the_worker_that_asked
            an_answer_to_what_is_not_asked_any_more_stays_and_wakes_nobody
            a_task_that_has_ended_takes_no_answer
            a_cancelled_task_never_goes_back
            a_finished_task_never_changes
            cancelling_what_there_is_not_says_so
            a_task_that_waits_can_be_cancelled
            what_expires_before_it_ends_fails_first_and_goes_later
            what_is_gone_leaves_nothing_behind
            no_more_expire_than_asked_for_the_oldest_first
            an_expired_holder_cannot_write
            of_many_that_make_the_same_task_one_does
            of_many_that_claim_each_task_goes_to_one
            of_a_cancel_and_a_result_one_wins_for_good
            of_many_answers_to_a_question_one_is_taken
            each_write_follows_the_one_before
            a_limit_holds_when_many_are_made_at_once
            what_was_acknowledged_is_seen_at_once
        }
    };
    ($make:path: $($claim:ident)+) => {
        $(
            #[::tokio::test]
            async fn $claim() {
                let store = $make().await;
                $crate::store::suite::$claim(&*store).await;
            }
        )+
    };
}

/// The time at which everything begins.
const START: u64 = 1_700_000_000_000;

/// When the workers' time is over.
const END: u64 = START + 1_000_000;

const WORKER: WorkerId = WorkerId([1; 16]);
const OTHER: WorkerId = WorkerId([2; 16]);

fn id(number: u64) -> TaskId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    TaskId::new(START, random)
}

fn owner(number: u8) -> Owner {
    Owner([number; 32])
}

fn record(number: u64, of: u8) -> Record {
    Record::new(id(number), owner(of), "lane".to_owned(), START)
}

fn new(number: u64, of: u8) -> NewTask {
    let request = format!("request {number}").into_bytes();
    NewTask::new(record(number, of), request, [7; 32])
}

async fn make(store: &dyn Store, new: NewTask) -> Record {
    match store.create(new).await.unwrap() {
        Created::New(record) => record,
        other => panic!("a new task was expected, not {other:?}"),
    }
}

/// A task that [`WORKER`] holds, which lives for long.
async fn held(store: &dyn Store, number: u64) -> Record {
    store.renew(WORKER, START, END).await.unwrap();
    let mut new = new(number, 1);
    new.worker = Some(WORKER);
    make(store, new).await
}

async fn seen(store: &dyn Store, id: TaskId) -> Seen {
    store.get(id).await.unwrap().unwrap()
}

async fn claim(store: &dyn Store, worker: WorkerId, now: u64, most: usize) -> Vec<Loaded> {
    let claim = Claim::new(worker, now, most);
    store.claim(claim).await.unwrap().tasks
}

fn ids(tasks: &[Loaded]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.record.id).collect()
}

fn chunk(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn answer(key: &str, text: &str) -> Answer {
    Answer {
        key: key.to_owned(),
        answer: chunk(text),
    }
}

fn parked(now: u64, due: Option<u64>) -> Write {
    Write {
        next: Next::Park { due },
        ..Write::at(now)
    }
}

fn completed(now: u64, result: &str) -> Write {
    Write {
        next: Next::Complete {
            result: chunk(result),
        },
        ..Write::at(now)
    }
}

/// Asks questions under these keys, and goes on.
fn asks(now: u64, keys: &[&str]) -> Write {
    Write {
        open: Some(keys.iter().map(|key| (*key).to_owned()).collect()),
        ..Write::at(now)
    }
}

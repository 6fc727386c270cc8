//! What is seen of tasks: by their owner all of it, by others nothing.

use midfield_durable::engine::{KeptAnswer, NewCall};
use midfield_durable::task::{State, TaskId};

use super::done;
use super::support::{OWNER, STRANGER, World, call, raw, seconds};

fn world() -> World {
    World::new()
        .handler("asks", async |cx| done(cx.ask("confirm").await.unwrap()))
        .handler("step", async |cx| done(cx.step("one").await))
}

#[tokio::test(start_paused = true)]
async fn a_task_of_another_is_as_one_that_does_not_exist() {
    let site = world().site();
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    let nobody = TaskId::from_bytes([7; 16]);
    let answer = || vec![("confirm".to_owned(), KeptAnswer::Result(raw("no")))];
    for (owner, id) in [(STRANGER, task.id), (OWNER, nobody), (STRANGER, nobody)] {
        assert_eq!(site.view(owner, id).await.unwrap(), None);
        assert_eq!(site.answer(owner, id, answer()).await.unwrap(), None);
        assert_eq!(site.cancel(owner, id).await.unwrap(), None);
        assert_eq!(site.wait(owner, id, |_| false).await.unwrap(), None);
    }
    assert_eq!(site.list(STRANGER, 0, 10).await.unwrap(), []);
    site.until_asked(task.id, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_through_all_tasks_of_an_owner_and_no_others() {
    let site = world().site();
    let mut made = Vec::new();
    for number in 0..20 {
        let owner = if number % 3 == 0 { STRANGER } else { OWNER };
        let task = site.create(NewCall::new(owner, "step", raw(&number)));
        let task = task.await.unwrap();
        if owner == OWNER {
            made.push(task.id);
        }
    }
    tokio::time::sleep(seconds(1)).await;
    let mut listed = Vec::new();
    let mut after = 0;
    loop {
        let page = site.list(OWNER, after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.place;
        for view in page {
            assert_eq!(view.state, State::Completed);
            assert_eq!(
                site.view(OWNER, view.id).await.unwrap().as_ref(),
                Some(&view)
            );
            listed.push(view.id);
        }
    }
    assert_eq!(listed, made);
    assert_eq!(site.list(OWNER, u64::MAX, 4).await.unwrap(), []);
    assert_eq!(site.list(OWNER, 0, 0).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_another_process_hears_of_it() {
    let world = world();
    let (one, two) = (world.site(), world.site());
    let task = one.create(call("asks")).await.unwrap();
    two.until_asked(task.id, 1).await;
    one.say_to(task.id, "confirm", "yes").await;
    assert_eq!(two.until_ended(task.id).await.state, State::Completed);
}

#[tokio::test(start_paused = true)]
async fn counts_are_of_all_owners() {
    let site = world().site();
    let asks = site.create(call("asks")).await.unwrap();
    let step = NewCall::new(STRANGER, "step", raw("step"));
    site.create(step).await.unwrap();
    site.until_asked(asks.id, 1).await;
    tokio::time::sleep(seconds(1)).await;
    let counts = site.counts().await.unwrap();
    let of = State::ALL.map(|state| counts.of(state));
    assert_eq!(of, [0, 1, 1, 0, 0]);
}

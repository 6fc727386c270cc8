//! What a task says of how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::done;
use super::support::line::{Fate, Verb};
use super::support::{World, call, milliseconds, options, seconds};

#[tokio::test(start_paused = true)]
async fn a_message_is_seen_and_the_last_one_stays() {
    let world = World::new().handler("talks", async |cx| {
        cx.call.say("begun".to_owned());
        cx.slow_step("work", seconds(10)).await;
        cx.call.say("half".to_owned());
        cx.call.say("more than half".to_owned());
        cx.ask("confirm").await.unwrap();
        cx.call.say("done".to_owned());
        done("done")
    });
    let site = world.site();
    let task = site.create(call("talks")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(site.see(task.id).await.message.as_deref(), Some("begun"));
    site.until_asked(task.id, 1).await;
    tokio::time::sleep(seconds(1)).await;
    let seen = site.see(task.id).await.message;
    assert_eq!(seen.as_deref(), Some("more than half"));
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(site.see(task.id).await.message, seen);
    site.say_to(task.id, "confirm", "yes").await;
    let end = site.until_ended(task.id).await;
    assert_eq!(end.message.as_deref(), Some("done"));
}

#[tokio::test(start_paused = true)]
async fn messages_do_not_flood_the_store() {
    let world = World::new().handler("chatters", async |cx| {
        for number in 0..10_000 {
            cx.call.say(format!("{number}"));
            tokio::time::sleep(milliseconds(1)).await;
        }
        done("done")
    });
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let fates = move |verb: Verb| {
        if verb.name == "write" {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Fate::Happens
    };
    let site = world.site_of(options(), Arc::new(fates));
    let task = site.create(call("chatters")).await.unwrap();
    tokio::time::sleep(milliseconds(5_125)).await;
    let message: u32 = site.see(task.id).await.message.unwrap().parse().unwrap();
    assert!(message > 4_300, "{message} is too old");
    let end = site.until_ended(task.id).await;
    assert_eq!(end.message.as_deref(), Some("9999"));
    let writes = writes.load(Ordering::SeqCst);
    assert!((30..60).contains(&writes), "{writes} writes in ten seconds");
}

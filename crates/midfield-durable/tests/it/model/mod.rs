//! Random handlers under a driver that interrupts them: what comes of them is what an uninterrupted run gives.
//!
//! Handlers are trees of steps, questions, sleeps, questions that time out, joins and branches on answers, whose names repeat, also in branches
//! that run side by side. The driver puts them away and runs them again from JSON, between any two calls of the
//! execution and amid steps, answers at once or with the next run, and now and then wrongly.

mod driver;
mod handler;

use proptest::prelude::*;

use driver::drive;
use handler::{expected, handlers};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_interrupted_handler_comes_to_what_an_uninterrupted_one_does(
        handler in handlers(),
        interruptions in prop::collection::vec(0..12_u32, 0..6),
        choices in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let driven = runtime.block_on(drive(&handler, interruptions, choices));
        let expected = expected(&handler, &driven.races);
        prop_assert_eq!(&driven.trace, &expected.trace);
        prop_assert_eq!(&driven.answered, &expected.asked);
        let works: Vec<u32> = driven.works.keys().copied().collect();
        prop_assert_eq!(&works, &expected.steps);
        for (step, times) in &driven.works {
            prop_assert_eq!(*times, 1, "step {} was done {} times", step, times);
        }
    }
}

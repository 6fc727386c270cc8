//! Figures for Prometheus, on a listener of their own: never on the port that clients of MCP reach.

mod listener;
mod text;

use midfield::Service;
use midfield_durable::engine::{Engine, Figures};
use midfield_durable::store::Counts;
use midfield_durable::task::State;

pub(crate) use self::listener::serve;

use self::text::{Kind, Text};

/// All figures of a server, as they are now.
async fn scrape(service: &Service) -> String {
    let mut text = Text::default();
    text.family("midfield_build_info", Kind::Gauge, "Which version serves.");
    text.sample(
        "midfield_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    if let Some(engine) = service.task_engine() {
        tasks(&mut text, &engine.figures());
        counts(&mut text, engine).await;
    }
    text.finish()
}

fn tasks(text: &mut Text, figures: &Figures) {
    text.counter(
        "midfield_tasks_made_total",
        "Tasks that were made.",
        figures.made,
    );
    let name = "midfield_tasks_ended_total";
    text.family(
        name,
        Kind::Counter,
        "Tasks that ended, by the state they ended in.",
    );
    for (state, ended) in [
        (State::Completed, figures.completed),
        (State::Failed, figures.failed),
        (State::Cancelled, figures.cancelled),
    ] {
        text.sample(name, &[("state", state.word())], ended);
    }
    text.counter(
        "midfield_task_claims_total",
        "Tasks that were taken from the store to be run.",
        figures.claims,
    );
    text.counter(
        "midfield_task_replays_total",
        "Tasks that were run again from their journal.",
        figures.replays,
    );
    text.counter(
        "midfield_task_lease_losses_total",
        "Runs that were given up because their lease was lost.",
        figures.lease_losses,
    );
    text.counter(
        "midfield_task_questions_asked_total",
        "Questions that tasks asked.",
        figures.questions_asked,
    );
    text.counter(
        "midfield_task_questions_answered_total",
        "Answers that were kept.",
        figures.questions_answered,
    );
    text.family(
        "midfield_tasks_running",
        Kind::Gauge,
        "Tasks in the memory of this process.",
    );
    text.sample("midfield_tasks_running", &[], figures.running);
    let name = "midfield_task_seconds";
    text.family(
        name,
        Kind::Histogram,
        "How long tasks took from their making to their end.",
    );
    text.histogram(name, &[], &figures.seconds);
    text.counter(
        "midfield_store_errors_total",
        "How often the store of tasks failed.",
        figures.store_errors,
    );
    let name = "midfield_store_seconds";
    text.family(
        name,
        Kind::Histogram,
        "How long the store of tasks took, by what it was asked for.",
    );
    for (verb, histogram) in &figures.verbs {
        text.histogram(name, &[("verb", verb)], histogram);
    }
}

/// How many tasks there are, of all processes that share the store. A store that fails leaves them out: who watches sees that
/// from `midfield_store_errors_total`.
async fn counts(text: &mut Text, engine: &Engine) {
    let counts: Counts = match engine.counts().await {
        Ok(counts) => counts,
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(cause, "tasks could not be counted");
            return;
        }
    };
    let name = "midfield_tasks";
    text.family(name, Kind::Gauge, "Tasks in the store, by their state.");
    for state in State::ALL {
        text.sample(name, &[("state", state.word())], counts.of(state));
    }
}

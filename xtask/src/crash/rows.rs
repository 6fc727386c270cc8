//! The rows of the crash matrix: what is killed where, and what must hold afterwards.

use super::case::{Case, Story};
use super::peer::Protocol;

/// So many microseconds after something was begun.
const DELAYS: [u64; 7] = [0, 100, 300, 600, 1_000, 2_000, 4_000];

/// A row: its name, and series of cases.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) series: Vec<Series>,
}

/// Cases that belong together.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) cases: Vec<Case>,
    /// Whether the cases end with the first one whose point is not come to: those after it are not either.
    pub(super) until_missed: bool,
    /// About how many of them come to their point.
    pub(super) usual: usize,
}

/// All rows. Points are gone through one by one, with one process at the file and with two, in both protocols.
pub(super) fn rows() -> Vec<Row> {
    [
        makings(),
        steps(),
        ends(),
        questions(),
        files(),
        surroundings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Making a task, and giving it to a process.
fn makings() -> Vec<Row> {
    let order = Story::Order;
    vec![
        row(
            "before insert",
            vec![
                points(order, "before create 1"),
                amid(order, "create 1", &DELAYS),
            ],
        ),
        row(
            "after insert, before reply",
            vec![points(order, "after create 1")],
        ),
        row(
            "after reply, before claim",
            vec![
                each(order, |case| case.at("before write 1").at("before claim 1")),
                each(order, |case| {
                    case.at("after write 3")
                        .at("after claim 1")
                        .at("before claim 1")
                }),
                sweep(order, "before", "context", 2),
                sweep(order, "before", "renew", 1),
                sweep(order, "after", "renew", 1),
                sweep(order, "after", "look", 5),
                sweep(order, "after", "next_due", 5),
            ],
        ),
    ]
}

/// The steps, before and after what they do outside.
fn steps() -> Vec<Row> {
    let order = Story::Order;
    vec![
        row(
            "after claim, before effect",
            vec![
                each(order, |case| {
                    case.at("after effect 3")
                        .at("before effect 1")
                        .at("before effect 1")
                }),
                sweep(order, "before", "effect", 40),
                sweep(order, "before", "claim", 3),
                sweep(order, "after", "claim", 3),
            ],
        ),
        row(
            "after effect, before result write",
            vec![
                sweep(order, "after", "effect", 40),
                sweep(order, "before", "write", 36),
            ],
        ),
        row(
            "after result write of a step, before it is told",
            vec![
                sweep(order, "after", "write", 36),
                sweep(order, "after", "context", 46),
                strided(order, "write", &[150, 500, 1_500]),
            ],
        ),
    ]
}

/// What a task ends with, and its end from outside.
fn ends() -> Vec<Row> {
    let order = Story::Order;
    vec![
        row(
            "during the write of a result of 4 MiB",
            vec![
                points(Story::Large, "before end 1"),
                amid(
                    Story::Large,
                    "end 1",
                    &[
                        0, 500, 1_000, 2_000, 3_000, 5_000, 8_000, 12_000, 16_000, 20_000, 25_000,
                        30_000, 40_000, 60_000,
                    ],
                ),
            ],
        ),
        row(
            "after result, before notification",
            vec![
                points(order, "after end 1"),
                points(Story::Large, "after end 1"),
                amid(order, "end 1", &DELAYS),
            ],
        ),
        row(
            "during cancel",
            vec![
                points(Story::Cancel, "before cancel 1"),
                points(Story::Cancel, "after cancel 1"),
                amid(Story::Cancel, "cancel 1", &DELAYS),
            ],
        ),
    ]
}

/// Questions and answers.
fn questions() -> Vec<Row> {
    let order = Story::Order;
    vec![
        row(
            "input_required, after question",
            vec![
                sweep(order, "before", "ask", 2),
                sweep(order, "after", "ask", 2),
                sweep(order, "before", "park", 2),
                sweep(order, "after", "park", 2),
                amid(order, "ask 1", &DELAYS),
                amid(order, "park 1", &DELAYS),
            ],
        ),
        row(
            "input_required, after answer",
            vec![
                sweep(order, "before", "answer", 2),
                sweep(order, "after", "answer", 2),
                amid(order, "answer 1", &DELAYS),
                amid(order, "answer 2", &DELAYS),
            ],
        ),
        row(
            "input_required, before resume",
            vec![
                each(order, |case| {
                    case.at("after answer 1")
                        .at("before claim 1")
                        .at("after claim 1")
                }),
                each(order, |case| {
                    case.at("after answer 1")
                        .at("before learn 1")
                        .at("after learn 1")
                }),
                sweep(order, "before", "learn", 2),
                sweep(order, "after", "learn", 2),
                amid(order, "learn 1", &DELAYS),
            ],
        ),
    ]
}

/// What happens to the file as a whole.
fn files() -> Vec<Row> {
    vec![
        row(
            "expiry sweep",
            vec![
                sweep(Story::Expiry, "before", "expire", 4),
                sweep(Story::Expiry, "after", "expire", 4),
                amid(Story::Expiry, "expire 2", &[0, 300, 1_000]),
            ],
        ),
        row(
            "compaction",
            vec![all([
                0, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000, 15_000, 20_000, 30_000,
            ]
            .map(|micros| {
                Case::new(Story::Compact(micros), protocol(micros), 1)
            }))],
        ),
    ]
}

/// What the machine does to a process.
fn surroundings() -> Vec<Row> {
    vec![
        row(
            "lease lost",
            vec![all((1..40).step_by(3).flat_map(|lines| {
                let story = Story::Stopped(lines);
                [1, 2].map(|workers| Case::new(story, protocol(lines as u64 / 3), workers))
            }))],
        ),
        row(
            "disk full",
            vec![all([
                Story::Full(300_000),
                Story::Full(600_000),
                Story::Limit(600),
                Story::Limit(1_200),
            ]
            .into_iter()
            .flat_map(|story| {
                Protocol::BOTH.map(|protocol| Case::new(story, protocol, 1))
            }))],
        ),
        row(
            "read-only file",
            vec![all(
                Protocol::BOTH.map(|protocol| Case::new(Story::ReadOnly, protocol, 1))
            )],
        ),
        row(
            "clock an hour off",
            vec![all([-1, 1].into_iter().flat_map(|hours| {
                let cases = Protocol::BOTH.map(|protocol| {
                    [1, 2].map(|workers| Case::new(Story::Clock(hours), protocol, workers))
                });
                cases.into_iter().flatten()
            }))],
        ),
    ]
}

/// Processes that are killed at times which the seeds say, of which each case has a few kills: as many cases as there may have to be.
pub(super) fn random(most: u64) -> Row {
    let case = |seed: u64| {
        let workers = if seed.is_multiple_of(3) { 1 } else { 2 };
        Case::new(Story::Random(seed), protocol(seed), workers)
    };
    row("at random times", vec![all((1..=most).map(case))])
}

impl Row {
    /// Two cases of the row, other ones in each row, which come to their points as a rule.
    pub(super) fn short(&self, number: usize) -> Vec<Case> {
        let count = self.series.len();
        let mut chosen: Vec<Case> = Vec::new();
        for at in [number, number + count.div_ceil(2)] {
            let Some(series) = self.series.get(at % count.max(1)) else {
                continue;
            };
            let at = (series.usual / 2 + at % 2).min(series.cases.len().saturating_sub(1));
            chosen.extend(
                series
                    .cases
                    .get(at)
                    .filter(|case| !chosen.contains(case))
                    .cloned(),
            );
        }
        chosen
    }
}

fn row(name: &'static str, series: Vec<Vec<Series>>) -> Row {
    let series = series.into_iter().flatten().collect();
    Row { name, series }
}

fn all(cases: impl IntoIterator<Item = Case>) -> Vec<Series> {
    let cases: Vec<_> = cases.into_iter().collect();
    vec![Series {
        usual: cases.len(),
        cases,
        until_missed: false,
    }]
}

/// In both protocols, with one process and with two.
fn each(story: Story, change: impl Fn(Case) -> Case) -> Vec<Series> {
    let cases =
        Protocol::BOTH.map(|protocol| [1, 2].map(|workers| Case::new(story, protocol, workers)));
    all(cases.into_iter().flatten().map(change))
}

fn points(story: Story, point: &str) -> Vec<Series> {
    each(story, |case| case.at(point))
}

/// At `what`, so many microseconds after it was begun.
fn amid(story: Story, what: &str, delays: &[u64]) -> Vec<Series> {
    let case = |(at, delay): (u64, &u64)| {
        let workers = if at % 3 == 2 { 2 } else { 1 };
        Case::new(story, protocol(at), workers).at(format!("amid {what} {delay}"))
    };
    all((0..).zip(delays).map(case))
}

/// At each `what` that there is, as it were; with two processes, of which the other one may do it, at each third.
fn sweep(story: Story, when: &str, what: &str, usual: usize) -> Vec<Series> {
    let series = |protocol: Protocol, workers: usize| {
        let last = if workers == 1 { usual * 2 + 2 } else { usual };
        let numbers = (1..=last).step_by(if workers == 1 { 1 } else { 3 });
        Series {
            cases: numbers
                .map(|number| {
                    Case::new(story, protocol, workers).at(format!("{when} {what} {number}"))
                })
                .collect(),
            until_missed: workers == 1,
            usual: usual.div_ceil(if workers == 1 { 1 } else { 3 }),
        }
    };
    Protocol::BOTH
        .iter()
        .flat_map(|protocol| [1, 2].map(|workers| series(*protocol, workers)))
        .collect()
}

/// At every fifth `what`, so many microseconds after it was begun.
fn strided(story: Story, what: &str, delays: &[u64]) -> Vec<Series> {
    let cases = (1..=36).step_by(5).flat_map(|number| {
        let delays = delays.iter();
        delays.map(move |delay| {
            Case::new(story, protocol(number + delay / 100), 1)
                .at(format!("amid {what} {number} {delay}"))
        })
    });
    all(cases)
}

fn protocol(number: u64) -> Protocol {
    Protocol::BOTH[usize::from(number.is_multiple_of(2))]
}

//! A driver that keeps nothing of a call but JSON.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Arc;
use std::time::SystemTime;

use midfield_durable::{
    Asked, Clock, Execution, Journal, Kind, Question, Refusal, Reply, Unaccepted,
};
use midfield_protocol::Raw;

use super::handler::{Part, answer, run};
use crate::{poll_once, raw, woken};

/// What a run of a handler sees and does.
pub(crate) struct World {
    pub(crate) execution: Arc<Execution>,
    /// After how many calls the run is interrupted.
    left: Cell<u32>,
    /// What is kept of the run, as it was when it was interrupted.
    kept: RefCell<Option<Kept>>,
    works: RefCell<BTreeMap<u32, u32>>,
    /// In which races the answer came in time.
    races: RefCell<BTreeMap<u32, bool>>,
    /// The same, as it was kept: it must stay so.
    settled: RefCell<BTreeMap<u32, bool>>,
}

/// What is kept of a call between two runs.
struct Kept(String);

/// What came of a handler.
pub(crate) struct Driven {
    pub(crate) trace: Vec<String>,
    /// How often the work of each step was done.
    pub(crate) works: BTreeMap<u32, u32>,
    /// In which races the answer came in time.
    pub(crate) races: BTreeMap<u32, bool>,
    /// The numbers of the questions that were answered.
    pub(crate) answered: Vec<u32>,
}

impl World {
    /// Stands behind each call of the execution: here a run may end.
    pub(crate) async fn called(&self) {
        if self.kept.borrow().is_some() {
            return pending().await;
        }
        if self.left.get() == 0 {
            self.keep(BTreeMap::new());
            return pending().await;
        }
        self.left.set(self.left.get() - 1);
    }

    /// Notes that the work of a step was done.
    pub(crate) fn worked(&self, step: u32) {
        // Other branches go on until the end of the poll; of that nothing is kept, as after a crash.
        if self.kept.borrow().is_none() {
            *self.works.borrow_mut().entry(step).or_default() += 1;
        }
    }

    /// Notes whether the answer of a race came in time.
    pub(crate) fn raced(&self, race: u32, in_time: bool) {
        if self.kept.borrow().is_some() {
            return;
        }
        let settled = self.settled.borrow().get(&race).copied();
        assert_eq!(settled.unwrap_or(in_time), in_time, "race {race}");
        self.races.borrow_mut().insert(race, in_time);
    }

    /// Keeps what the next run needs.
    fn keep(&self, mut responses: BTreeMap<String, Raw>) {
        let execution = &self.execution;
        responses.extend(execution.unclaimed());
        let journal = execution.journal();
        assert_eq!(journal.len(), execution.count());
        let kept = (journal, execution.asked(), responses);
        let kept = Kept(serde_json::to_string(&kept).unwrap());
        *self.kept.borrow_mut() = Some(kept);
        self.settled.borrow_mut().extend(self.races.take());
    }
}

impl Kept {
    fn resume(&self) -> Execution {
        let (journal, asked, responses): (Journal, Vec<Asked>, _) =
            serde_json::from_str(&self.0).unwrap();
        Execution::resume(journal, asked, responses)
    }
}

/// What a driver remembers over all runs, to check them by; nothing of it goes into a run.
struct Driver {
    choices: Vec<u8>,
    chosen: usize,
    /// The numbers of the questions that were answered.
    answered: BTreeSet<u32>,
    /// The numbers of those that were open when a run was put away, and were not answered.
    open: BTreeSet<u32>,
}

/// Runs a handler to its end, through all interruptions.
pub(crate) async fn drive(handler: &[Part], interruptions: Vec<u32>, choices: Vec<u8>) -> Driven {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    let mut interruptions = interruptions.into_iter();
    let mut driver = Driver {
        choices,
        chosen: 0,
        answered: BTreeSet::new(),
        open: BTreeSet::new(),
    };
    let mut execution = Execution::new();
    let mut works = BTreeMap::new();
    let mut settled = BTreeMap::new();
    loop {
        let world = World {
            execution: Arc::new(execution.with_clock(clock)),
            left: Cell::new(interruptions.next().unwrap_or(u32::MAX)),
            kept: RefCell::new(None),
            works: RefCell::new(works),
            races: RefCell::default(),
            settled: RefCell::new(settled),
        };
        let trace = driver.run(handler, &world).await;
        works = world.works.into_inner();
        settled = world.settled.into_inner();
        if let Some(trace) = trace {
            assert!(world.execution.open_questions().is_empty());
            let answered = driver.answered.into_iter().collect();
            return Driven {
                trace,
                works,
                races: world.races.into_inner(),
                answered,
            };
        }
        let kept = world.kept.into_inner();
        execution = kept.expect("a run that did not end is kept").resume();
    }
}

impl Driver {
    /// Runs a handler until it ends or is put away.
    async fn run(&mut self, handler: &[Part], world: &World) -> Option<Vec<String>> {
        let mut running = run(handler, world);
        loop {
            let polled = poll_once(running.as_mut()).await;
            if world.kept.borrow().is_some() {
                return None;
            }
            assert_eq!(world.execution.failure(), None);
            if let std::task::Poll::Ready(trace) = polled {
                return Some(trace);
            }
            for question in world.execution.take_new_questions() {
                let number = number(&question);
                assert!(
                    !self.answered.contains(&number),
                    "{question:?} was answered"
                );
            }
            let sleeps = world.execution.next_deadline().is_some();
            if !world.execution.is_waiting() || sleeps && self.choose(3) == 0 {
                woken().await;
                continue;
            }
            let open = world.execution.open_questions();
            let numbers: BTreeSet<u32> = open.iter().map(number).collect();
            assert!(
                self.open.is_subset(&numbers),
                "a question was not asked again"
            );
            self.open.clear();
            if self.choose(2) == 0 {
                self.answer_now(world, &open);
            } else {
                self.put_away(world, &open);
                return None;
            }
        }
    }

    /// Answers at least one of the questions.
    fn answer_now(&mut self, world: &World, open: &[Question]) {
        let first = self.choose(open.len());
        for (at, question) in open.iter().enumerate() {
            if at != first && self.choose(2) == 0 {
                continue;
            }
            if self.choose(4) == 0 {
                let wrong = Reply::Answered(raw("wrong"));
                let refused = world.execution.answer(&question.key, wrong);
                assert!(matches!(refused, Err(Unaccepted::Invalid(_))));
            }
            let number = number(question);
            let reply = answer(number).map_or_else(
                |code| {
                    let message = String::new();
                    Reply::Refused(Refusal { code, message })
                },
                |answer| Reply::Answered(raw(&answer)),
            );
            assert_eq!(world.execution.answer(&question.key, reply), Ok(()));
            self.note_answered(question);
        }
    }

    /// Ends the run; some of the questions are answered at the beginning of the next one.
    fn put_away(&mut self, world: &World, open: &[Question]) {
        let mut responses = BTreeMap::new();
        for question in open {
            let number = number(question);
            match answer(number) {
                Ok(answer) if self.choose(2) == 0 => {
                    responses.insert(question.key.clone(), raw(&answer));
                    self.note_answered(question);
                }
                _ if question.kind == Kind::Roots => {}
                _ => _ = self.open.insert(number),
            }
        }
        responses.insert("never asked".to_owned(), raw("no"));
        world.keep(responses);
    }

    /// Notes that a question was answered, unless the answer may come late and then be asked for again.
    fn note_answered(&mut self, question: &Question) {
        if question.kind != Kind::Roots {
            self.answered.insert(number(question));
        }
    }

    /// One of so many possibilities.
    fn choose(&mut self, of: usize) -> usize {
        let choice = self.choices[self.chosen % self.choices.len()];
        // The stream is not periodic, so that no driver puts a call away for ever.
        let turned = self.chosen / self.choices.len();
        self.chosen += 1;
        (usize::from(choice) + turned) % of
    }
}

/// The number of the part that asks.
fn number(question: &Question) -> u32 {
    question.request.read().unwrap()
}

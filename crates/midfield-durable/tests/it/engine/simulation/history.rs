//! What happened in a simulation, and what must hold of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use midfield_durable::engine::View;
use midfield_durable::task::{Owner, Reason, State, TaskId};

use super::program::{Op, paths};

/// What happened.
#[derive(Debug, Default)]
pub(super) struct History {
    tasks: HashMap<TaskId, Known>,
    /// What was done, as text, to tell two runs of one seed apart.
    pub(super) trace: Vec<String>,
    /// Whether the trace is printed as it happens.
    prints: bool,
    nonce: u64,
    /// What did not hold, where nobody would hear of it at once.
    broken: Vec<String>,
}

/// What is known of a task.
#[derive(Debug, Default)]
struct Known {
    /// Its number, in the order of first sight.
    number: usize,
    /// Whether its maker was told of it, and what it does.
    asked_for: Option<AskedFor>,
    seen: Option<View>,
    /// What its handler learned, by where it learned it.
    learned: BTreeMap<String, String>,
    effects: Vec<Effect>,
    /// What was answered, by the key of the question.
    answers: BTreeMap<String, Vec<Attempt>>,
    /// Keys that must not be open any more.
    closed: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct AskedFor {
    pub(super) owner: Owner,
    pub(super) program: Vec<Op>,
    pub(super) shares_names: bool,
    pub(super) is_short_lived: bool,
}

#[derive(Debug)]
struct Effect {
    path: String,
    key: String,
    nonce: String,
    is_once: bool,
}

#[derive(Debug)]
struct Attempt {
    value: String,
    fits: bool,
    is_acknowledged: bool,
}

impl History {
    pub(super) fn new(prints: bool) -> Self {
        Self {
            prints,
            ..Self::default()
        }
    }

    fn of(&mut self, id: TaskId) -> &mut Known {
        let number = self.tasks.len();
        self.tasks.entry(id).or_insert_with(|| Known {
            number,
            ..Known::default()
        })
    }

    /// Adds a line to the trace.
    pub(super) fn note(&mut self, line: String) {
        if self.prints {
            eprintln!("{line}");
        }
        self.trace.push(line);
    }

    /// The number of a task, by which a trace calls it.
    pub(super) fn number(&mut self, id: TaskId) -> usize {
        self.of(id).number
    }

    pub(super) fn nonce(&mut self) -> String {
        self.nonce += 1;
        format!("n{}", self.nonce)
    }

    pub(super) fn acknowledged(&mut self, view: &View, asked_for: AskedFor) {
        let number = self.number(view.id);
        self.note(format!("made {number}: {:?}", asked_for.program));
        self.of(view.id).asked_for = Some(asked_for);
        self.seen(view);
    }

    /// Something was done outside of the task. Gives what the work comes to.
    pub(super) fn effect(&mut self, id: TaskId, path: &str, key: &str, is_once: bool) -> String {
        let nonce = self.nonce();
        let known = self.of(id);
        let number = known.number;
        let is_again = known.effects.iter().any(|it| it.path == path);
        known.effects.push(Effect {
            path: path.to_owned(),
            key: key.to_owned(),
            nonce: nonce.clone(),
            is_once,
        });
        self.note(format!("effect {number} {path}"));
        if is_once && is_again {
            self.broken
                .push(format!("I4: {path} of task {number} was done twice"));
        }
        nonce
    }

    /// A handler learned something: in each run the same.
    pub(super) fn learned(&mut self, id: TaskId, path: &str, value: &str) {
        let known = self.of(id);
        let number = known.number;
        let before = known.learned.insert(path.to_owned(), value.to_owned());
        if let Some(before) = before.filter(|before| before != value) {
            self.broken.push(format!(
                "{path} of task {number} was {before}, and then {value}"
            ));
        }
    }

    /// Somebody sees a task, after all that was seen of it before.
    pub(super) fn seen(&mut self, view: &View) {
        let known = self.of(view.id);
        let number = known.number;
        for question in &view.questions {
            let key = &question.key;
            assert!(
                !known.closed.contains(key),
                "I9: {key} of task {number} is asked again"
            );
        }
        if let Some(before) = &known.seen {
            assert!(
                before.state.may_become(view.state),
                "I2: task {number}: {before:?} {view:?}"
            );
            assert!(
                before.updated <= view.updated,
                "I2: task {number}: {before:?} {view:?}"
            );
            assert!(
                before.version <= view.version,
                "I2: task {number}: {before:?} {view:?}"
            );
            if before.state.has_ended() {
                assert_eq!(before, view, "I3, I7: task {number}");
            }
        }
        known.seen = Some(view.clone());
    }

    /// A task that was acknowledged is not there.
    pub(super) fn missed(&mut self, id: TaskId) {
        let known = self.of(id);
        let may_be_gone = known.asked_for.as_ref().is_some_and(|it| it.is_short_lived);
        assert!(may_be_gone, "I1: task {} is gone", known.number);
    }

    /// Somebody begins to answer a question that is open.
    pub(super) fn answering(&mut self, id: TaskId, key: &str, value: &str, fits: bool) {
        let attempts = self.of(id).answers.entry(key.to_owned()).or_default();
        attempts.push(Attempt {
            value: value.to_owned(),
            fits,
            is_acknowledged: false,
        });
    }

    /// The answer that was begun last is kept.
    pub(super) fn answered(&mut self, id: TaskId, key: &str) {
        let number = self.number(id);
        self.note(format!("answered {number} {key}"));
        let known = self.of(id);
        if let Some(attempt) = known.answers.get_mut(key).and_then(|it| it.last_mut()) {
            attempt.is_acknowledged = true;
        }
        // A question that its handler has given up may be seen for a moment when it is run again.
        if !key.starts_with("race") {
            known.closed.insert(key.to_owned());
        }
    }

    /// What must hold when all has come to rest.
    pub(super) fn check(&self) {
        assert!(self.broken.is_empty(), "{:?}", self.broken);
        for known in self.tasks.values() {
            known.check();
        }
    }
}

impl Known {
    fn check(&self) {
        let number = self.number;
        for effect in &self.effects {
            let of_path = self.effects.iter().filter(|it| it.path == effect.path);
            let shares = self.asked_for.as_ref().is_none_or(|it| it.shares_names);
            for other in of_path {
                assert!(
                    shares || other.key == effect.key,
                    "I4: two keys in task {number}: {self:?}"
                );
            }
        }
        let Some(view) = &self.seen else { return };
        let Some(asked_for) = &self.asked_for else {
            return;
        };
        if asked_for.is_short_lived && !view.state.has_ended() {
            // It was gone before anybody saw that its time was over.
            return;
        }
        assert!(
            view.state.has_ended(),
            "task {number} does not end: {self:?}"
        );
        match view.state {
            State::Completed => self.check_completed(view, asked_for),
            State::Cancelled => assert_eq!(view.result, None),
            _ => assert!(
                asked_for.is_short_lived && view.reason == Some(Reason::Expired),
                "task {number} failed: {view:?}"
            ),
        }
    }

    fn check_completed(&self, view: &View, asked_for: &AskedFor) {
        let number = self.number;
        let result: Vec<(String, String)> = view.result.as_ref().unwrap().read().unwrap();
        let mut expected = Vec::new();
        paths(&asked_for.program, "", &mut expected);
        let came_to: Vec<_> = result.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(came_to, expected, "task {number}");
        for (path, value) in &result {
            assert_eq!(self.learned.get(path), Some(value), "task {number}: {path}");
            let of_path: Vec<_> = self.effects.iter().filter(|it| it.path == *path).collect();
            let is_of_effect = of_path.iter().any(|it| it.nonce == *value);
            let is_unknown = value == "unknown" || value == "nobody";
            let mut attempts = self.answers.values().flatten();
            let is_answer = attempts.any(|it| it.fits && it.value == *value);
            assert!(
                is_of_effect || is_unknown || is_answer,
                "task {number}: {path} is {value}"
            );
            assert!(of_path.iter().all(|it| !it.is_once) || of_path.len() == 1);
        }
        for (key, attempts) in &self.answers {
            let first = &attempts[0];
            if first.is_acknowledged && first.fits && !key.starts_with("race") {
                let is_heard = result.iter().any(|(_, value)| *value == first.value);
                assert!(
                    is_heard,
                    "I9: the answer to {key} of task {number} was lost: {self:?}"
                );
            }
        }
    }

    pub(super) fn is_owned_by(&self, owner: Owner) -> bool {
        self.asked_for.as_ref().is_some_and(|it| it.owner == owner)
    }
}

impl History {
    /// The tasks of an owner that a list must hold from now on.
    pub(super) fn to_be_listed(&self, owner: Owner) -> Vec<TaskId> {
        let tasks = self.tasks.iter().filter(|(_, known)| {
            let lives = known
                .asked_for
                .as_ref()
                .is_some_and(|it| !it.is_short_lived);
            lives && known.is_owned_by(owner)
        });
        tasks.map(|(id, _)| *id).collect()
    }

    /// I5, I6: what can be got of an owner's is listed, and nothing else.
    pub(super) fn check_list(&self, owner: Owner, expected: &[TaskId], listed: &[View]) {
        let ids: BTreeSet<_> = listed.iter().map(|view| view.id).collect();
        assert!(
            expected.iter().all(|id| ids.contains(id)),
            "I6: a task is not listed"
        );
        for view in listed {
            let known = self.tasks.get(&view.id);
            let is_own = known.is_none_or(|it| it.asked_for.is_none() || it.is_owned_by(owner));
            assert!(is_own, "I5: a list holds what is another's");
        }
    }
}

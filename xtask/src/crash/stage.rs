//! Where a case is played: the processes, the client, and what it has seen so far. A broken connection is nothing to wonder at;
//! everything else is.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::case::Case;
use super::history::{History, head};
use super::ledger::Ledger;
use super::peer::{Peer, Said};
use super::subject::Subject;

/// How long a case may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Between two looks at a task.
const PAUSE: Duration = Duration::from_millis(4);

/// How large a large result is.
pub(super) const LARGE: usize = 4 * 1024 * 1024;

/// What a case is played with.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) subjects: Vec<Subject>,
    pub(super) peer: Peer,
    end: Instant,
    turn: usize,
    /// The only process that is asked, where one is stopped.
    pub(super) only: Option<usize>,
    /// Processes are killed from outside: how often still, when next, and by which numbers.
    random: Option<Random>,
}

#[derive(Debug)]
struct Random {
    left: usize,
    next: Instant,
    numbers: Numbers,
}

/// A task that a client has made.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    key: String,
    arguments: Value,
    pub(super) history: History,
}

impl Task {
    /// The task that a client was told of.
    pub(super) fn made(key: &str, arguments: Value, told: &Value) -> Result<Self> {
        let id = told["taskId"].as_str();
        let id =
            id.with_context(|| format!("a task without an id: {}", head(&told.to_string())))?;
        let mut task = Self {
            id: id.to_owned(),
            key: key.to_owned(),
            arguments,
            history: History::default(),
        };
        task.history.saw(told)?;
        Ok(task)
    }
}

impl Stage {
    /// An empty folder, whose first process is killed at the points of the case; the second one, if there is one, is not.
    pub(super) fn new(program: &Path, folder: &Path, case: &Case) -> Result<Self> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder)?;
        let mut subjects = vec![Subject::new(program, folder, &case.points)?];
        for _ in 1..case.workers {
            subjects.push(Subject::new(program, folder, &[])?);
        }
        if case.workers > 1 {
            for subject in &mut subjects {
                // Who is left behind waits for the lease of the one that was killed.
                subject.arguments(&["--lease", "300"]);
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            peer: Peer::new(case.protocol, subjects[0].port),
            subjects,
            end: Instant::now() + LIMIT,
            // The first request goes to the first process.
            turn: case.workers - 1,
            only: None,
            random: None,
        })
    }

    /// Kills processes from outside, `times` in all.
    pub(super) fn kill_at_random(&mut self, seed: u64, times: usize) {
        self.random = Some(Random {
            left: times,
            next: Instant::now() + Duration::from_millis(60),
            numbers: Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        });
    }

    pub(super) fn kills(&self) -> usize {
        self.subjects.iter().map(|subject| subject.kills).sum()
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::read(&self.folder)
    }

    /// Asks until there is an answer, however often the servers die meanwhile.
    pub(super) fn ask<T>(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&mut Peer) -> Result<T>,
    ) -> Result<T> {
        loop {
            self.strike()?;
            for subject in &mut self.subjects {
                subject.keep_running()?;
            }
            self.turn += 1;
            let at = self.only.unwrap_or(self.turn % self.subjects.len());
            self.peer.port = self.subjects[at].port;
            let trouble = match ask(&mut self.peer) {
                Ok(said) => return Ok(said),
                Err(trouble) => trouble,
            };
            self.must_have_time(&format!("{what}: {trouble:#}"))?;
            thread::sleep(PAUSE);
        }
    }

    pub(super) fn must_have_time(&self, what: &str) -> Result<()> {
        if Instant::now() < self.end {
            return Ok(());
        }
        let logs: Vec<_> = self.subjects.iter().map(Subject::tail).collect();
        bail!(
            "nothing comes of it any more: {what}; the ends of the logs:\n{}",
            logs.join("\n--\n")
        )
    }

    /// Kills one of the processes, if it is time to.
    fn strike(&mut self) -> Result<()> {
        let Some(random) = &mut self.random else {
            return Ok(());
        };
        let now = Instant::now();
        if random.left > 0 && now >= random.next {
            random.left -= 1;
            let count = self.subjects.len() as u64;
            let victim = random.numbers.next() % count;
            random.next = now + Duration::from_millis(40 + random.numbers.next() % 160);
            if let Some(subject) = self.subjects.get_mut(usize::try_from(victim)?) {
                subject.kill()?;
            }
        }
        Ok(())
    }

    /// Makes a task; when the answer is lost, the request is repeated with the same key.
    pub(super) fn create(&mut self, key: &str, arguments: Value) -> Result<Task> {
        let said = self.ask("making a task", |peer| peer.create(key, &arguments, None))?;
        match said {
            Said::Result(told) => Task::made(key, arguments, &told),
            Said::Refused(message) => bail!("a task was refused: {message}"),
        }
    }

    /// Looks at a task, which must be there.
    pub(super) fn look(&mut self, task: &mut Task) -> Result<Value> {
        let id = task.id.clone();
        let seen = match self.ask("looking", |peer| peer.about("tasks/get", &id))? {
            Said::Result(seen) => seen,
            Said::Refused(message) => bail!("lost: {id} was acknowledged: {message}"),
        };
        task.history.saw(&seen)?;
        Ok(seen)
    }

    /// Looks until `is_enough`.
    pub(super) fn look_until(
        &mut self,
        task: &mut Task,
        is_enough: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        loop {
            let seen = self.look(task)?;
            if is_enough(&seen) {
                return Ok(seen);
            }
            ensure!(
                !task.history.has_ended(),
                "the task ended: {}",
                head(&seen.to_string())
            );
            self.must_have_time(&format!("still {seen}"))?;
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the ledger has `lines` lines, while the task goes on.
    pub(super) fn until_lines(&mut self, lines: usize) -> Result<()> {
        loop {
            let text = std::fs::read_to_string(self.folder.join("ledger")).unwrap_or_default();
            if text.lines().count() >= lines {
                return Ok(());
            }
            for subject in &mut self.subjects {
                subject.keep_running()?;
            }
            self.must_have_time("the ledger does not grow")?;
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Answers what the task asks now. An answer may be lost with its server, or be kept and its acknowledgement lost: then it is not
    /// known which.
    pub(super) fn answer(&mut self, task: &mut Task, seen: &Value) -> Result<()> {
        let history = &mut task.history;
        let mut acknowledged = Vec::new();
        let mut again = Ok(());
        // Whether the connection broke meanwhile is no matter: the next look tells.
        let _ = self.peer.answer(
            seen,
            |question| {
                again = history.was_asked(&question.method);
                Ok(())
            },
            |question| acknowledged.push(question.method.clone()),
        );
        again.map_err(|error| anyhow::anyhow!("lost: {error}"))?;
        for method in acknowledged {
            history.acknowledged(&method);
        }
        Ok(())
    }

    /// Lets the task come to its end, and answers what it asks.
    pub(super) fn finish(&mut self, task: &mut Task) -> Result<()> {
        loop {
            let seen = self.look(task)?;
            if task.history.has_ended() {
                break;
            }
            if task.history.status() == "input_required" {
                self.answer(task, &seen)?;
            }
            self.must_have_time(&format!("still {}", head(&seen.to_string())))?;
            thread::sleep(PAUSE);
        }
        self.result(task)
    }

    /// What the task came to.
    pub(super) fn result(&mut self, task: &mut Task) -> Result<()> {
        let id = task.id.clone();
        let result = self.ask("the result", |peer| peer.result(&id))?;
        task.history.ended_with(&result)
    }

    /// What must hold of a task that has ended: also after one more kill its result is the same, its key finds it, and it is the
    /// only one.
    pub(super) fn must_stay(&mut self, task: &mut Task, expected: &str) -> Result<()> {
        let result = task.history.result().unwrap_or("none").to_owned();
        ensure!(
            result == expected,
            "the result is {} instead of {}",
            head(&result),
            head(expected)
        );
        self.random = None;
        for subject in &mut self.subjects {
            subject.kill()?;
        }
        self.look(task)?;
        self.result(task)?;
        self.must_be_found(task)?;
        let ledger = self.ledger();
        ledger.check()?;
        ledger.is_whole(&task.id)
    }

    /// The key of the task finds it, and in a list it stands once.
    pub(super) fn must_be_found(&mut self, task: &Task) -> Result<()> {
        let again = self.create(&task.key, task.arguments.clone())?;
        ensure!(
            again.id == task.id,
            "the key of {} made {} as well",
            task.id,
            again.id
        );
        if let Some(listed) = self.ask("the list", Peer::list)? {
            let times = listed.iter().filter(|id| **id == task.id).count();
            ensure!(times == 1, "{} stands {times} times in the list", task.id);
        }
        Ok(())
    }
}

/// The arguments of a task whose result has so many bytes more.
pub(super) fn padded(padding: usize) -> Value {
    json!({"padding": padding})
}

/// Numbers that look random, and are the same for the same seed.
#[derive(Debug)]
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

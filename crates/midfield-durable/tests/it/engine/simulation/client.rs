//! Clients: each makes a task, looks at it, answers what it asks, and may cancel it.

use std::sync::Arc;
use std::time::Duration;

use midfield_durable::engine::{Error, KeptAnswer, NewCall, View};
use midfield_durable::task::{Owner, TaskId};
use tokio::time::timeout;

use super::super::support::site::Site;
use super::super::support::{milliseconds, raw, seconds};
use super::Simulation;
use super::history::AskedFor;
use super::program::Author;
use super::rng::Rng;

/// Who makes tasks, and what it does with them.
pub(super) struct Client {
    simulation: Arc<Simulation>,
    rng: Rng,
    owner: Owner,
    number: u64,
}

/// How long a client waits for one thing.
const PATIENCE: Duration = Duration::from_secs(3);

impl Client {
    pub(super) fn new(simulation: &Arc<Simulation>, number: u64) -> Self {
        let rng = Rng::new(simulation.seed, 1_000 + number);
        let owner = u8::try_from(number % 3).unwrap();
        Self {
            simulation: Arc::clone(simulation),
            rng,
            owner: Owner([owner; 32]),
            number,
        }
    }

    pub(super) async fn live(mut self) {
        tokio::time::sleep(self.rng.milliseconds(0, 10_000)).await;
        let Some(id) = self.make().await else { return };
        let cancels = self.rng.chance(150);
        while !self.simulation.is_over() {
            tokio::time::sleep(self.rng.milliseconds(20, 900)).await;
            let Some(site) = self.simulation.any_site(&mut self.rng) else {
                continue;
            };
            match self.rng.below(20) {
                0 => self.look_at_others(&site, id).await,
                1 => self.list(&site).await,
                2 if cancels => self.cancel(&site, id).await,
                _ => self.attend(&site, id).await,
            }
        }
    }

    async fn make(&mut self) -> Option<TaskId> {
        let mut author = Author::new(&mut self.rng);
        let shares_names = author.shares_names();
        let program = author.program(2);
        let is_short_lived = self.rng.chance(60);
        let mut call = NewCall::new(self.owner, "work", raw(&program));
        if self.rng.chance(900) {
            call.idempotency_key = Some(format!("key {}", self.number));
        }
        call.lifetime = is_short_lived.then_some(seconds(8));
        loop {
            if self.simulation.is_over() {
                return None;
            }
            let Some(site) = self.simulation.any_site(&mut self.rng) else {
                tokio::time::sleep(milliseconds(100)).await;
                continue;
            };
            match timeout(PATIENCE, site.create(call.clone())).await {
                Ok(Ok(view)) => {
                    let asked_for = AskedFor {
                        owner: self.owner,
                        program,
                        shares_names,
                        is_short_lived,
                    };
                    self.simulation.history().acknowledged(&view, asked_for);
                    return Some(view.id);
                }
                Ok(Err(Error::KeyReused)) => panic!("the key is its own"),
                _ => tokio::time::sleep(self.rng.milliseconds(10, 500)).await,
            }
        }
    }

    /// Looks, and answers what is asked.
    async fn attend(&mut self, site: &Site, id: TaskId) {
        let Ok(Ok(seen)) = timeout(PATIENCE, site.view(self.owner, id)).await else {
            return;
        };
        let Some(view) = seen else {
            return self.simulation.history().missed(id);
        };
        self.simulation.history().seen(&view);
        if self.rng.chance(600) {
            let fits = self.rng.chance(850);
            self.answer_all(site, &view, fits).await;
        }
    }

    async fn answer_all(&mut self, site: &Site, view: &View, fits: bool) {
        let mut answers = Vec::new();
        for question in &view.questions {
            let mut history = self.simulation.history();
            let value = history.nonce();
            let answer = if !fits {
                KeptAnswer::Result(raw(&5))
            } else if self.rng.chance(800) {
                KeptAnswer::Result(raw(&value))
            } else {
                KeptAnswer::Error {
                    code: -1,
                    message: value.clone(),
                }
            };
            history.answering(view.id, &question.key, &value, fits);
            answers.push((question.key.clone(), answer));
        }
        if answers.is_empty() {
            return;
        }
        let keys: Vec<_> = answers.iter().map(|(key, _)| key.clone()).collect();
        let answering = site.answer(self.owner, view.id, answers);
        match timeout(PATIENCE, answering).await {
            Ok(Ok(Some(view))) => {
                let mut history = self.simulation.history();
                for key in keys {
                    history.answered(view.id, &key);
                }
                history.seen(&view);
            }
            Ok(Ok(None)) => self.simulation.history().missed(view.id),
            _ => {}
        }
    }

    async fn cancel(&mut self, site: &Site, id: TaskId) {
        match timeout(PATIENCE, site.cancel(self.owner, id)).await {
            Ok(Ok(Some(view))) => {
                assert!(view.state.has_ended());
                self.simulation.history().seen(&view);
            }
            Ok(Ok(None)) => self.simulation.history().missed(id),
            _ => {}
        }
    }

    async fn list(&mut self, site: &Site) {
        let expected = self.simulation.history().to_be_listed(self.owner);
        if let Ok(Ok(listed)) = timeout(PATIENCE, site.list(self.owner, 0, 1_000)).await {
            let history = self.simulation.history();
            history.check_list(self.owner, &expected, &listed);
        }
    }

    /// I5: of another's task there is nothing.
    async fn look_at_others(&mut self, site: &Site, id: TaskId) {
        let stranger = Owner([9; 32]);
        if let Ok(Ok(seen)) = timeout(PATIENCE, site.view(stranger, id)).await {
            assert_eq!(seen, None);
        }
        if let Ok(Ok(cancelled)) = timeout(PATIENCE, site.cancel(stranger, id)).await {
            assert_eq!(cancelled, None);
        }
    }
}

/// Answers all that is asked, at a site where nothing fails, until nothing is unfinished; `false` when that takes too long.
pub(super) async fn settle(simulation: &Arc<Simulation>, site: &Site) -> bool {
    let mut client = Client::new(simulation, 999);
    for _ in 0..1_200 {
        let mut is_settled = true;
        for owner in 0..3 {
            client.owner = Owner([owner; 32]);
            let expected = simulation.history().to_be_listed(client.owner);
            let listed = site.list(client.owner, 0, 1_000).await.unwrap();
            simulation
                .history()
                .check_list(client.owner, &expected, &listed);
            for view in listed {
                simulation.history().seen(&view);
                is_settled &= view.state.has_ended();
                client.answer_all(site, &view, true).await;
            }
        }
        if is_settled {
            return true;
        }
        tokio::time::sleep(milliseconds(500)).await;
    }
    false
}

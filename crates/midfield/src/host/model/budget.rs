//! What servers may spend.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::choice::times;
use crate::client::{Asker, Refusal};

/// What may be spent in a window of time. A window begins with the first call after the one before has ended, and then
/// everything is free again.
///
/// Before a model is asked, what it may cost at the most is set aside; afterwards only what it did cost is counted. Where that is not
/// known, as after a cut connection, what was set aside stays spent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Budget {
    window: Duration,
    calls: u64,
    tokens: u64,
    cost: u64,
}

/// Who shares a budget.
#[derive(Clone)]
#[non_exhaustive]
pub enum Scope {
    /// All servers together.
    Everyone,
    /// Each server has its own, by its name in the host's configuration.
    EachServer,
    /// This server alone.
    Server(String),
    /// Those for whom the function gives the same text, such as the user on whose behalf a server works; no budget where it gives
    /// `None`.
    Each(Arc<Whose>),
}

/// Who shares a budget with whom: those for whom it gives the same text.
pub type Whose = dyn Fn(&Asker) -> Option<String> + Send + Sync;

impl Budget {
    /// A budget without an end, per window.
    pub const fn new(window: Duration) -> Self {
        Self {
            window,
            calls: u64::MAX,
            tokens: u64::MAX,
            cost: u64::MAX,
        }
    }

    /// Sets how often models may be asked. What a provider makes the client try again counts once.
    pub const fn calls(mut self, calls: u64) -> Self {
        self.calls = calls;
        self
    }

    /// Sets how many tokens models may read and write, taken together.
    pub const fn tokens(mut self, tokens: u64) -> Self {
        self.tokens = tokens;
        self
    }

    /// Sets what may be spent, in the currency of the prices. What is no number or below 0 counts as 0.
    pub fn cost(mut self, cost: f64) -> Self {
        self.cost = times(1_000_000, cost.max(0.0));
        self
    }
}

impl Scope {
    /// Whose window counts for this asker.
    fn key(&self, asker: &Asker) -> Option<String> {
        match self {
            Self::Everyone => Some(String::new()),
            Self::EachServer => Some(asker.server.clone()),
            Self::Server(server) => (*server == asker.server).then(String::new),
            Self::Each(key) => key(asker),
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("Everyone"),
            Self::EachServer => f.write_str("EachServer"),
            Self::Server(server) => f.debug_tuple("Server").field(server).finish(),
            Self::Each(_) => f.write_str("Each(..)"),
        }
    }
}

/// What a call costs, or has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spending {
    pub(super) calls: u64,
    pub(super) tokens: u64,
    /// In millionths of the currency.
    pub(super) cost: u64,
}

impl Spending {
    const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
        }
    }

    const fn less(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(other.calls),
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: self.cost.saturating_sub(other.cost),
        }
    }
}

/// All budgets, and what is spent of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Budgets(Vec<Arc<Account>>);

#[derive(Debug)]
struct Account {
    scope: Scope,
    budget: Budget,
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    begin: Instant,
    spent: Spending,
}

impl Budgets {
    pub(super) fn add(&mut self, scope: Scope, budget: Budget) {
        self.0.push(Arc::new(Account {
            scope,
            budget,
            windows: Mutex::default(),
        }));
    }

    /// Sets aside what a call may cost at the most, in every budget that counts for the asker.
    ///
    /// # Errors
    /// When one of them has too little left; then nothing is set aside.
    pub(super) fn reserve(&self, asker: &Asker, at_most: Spending) -> Result<Reservation, Refusal> {
        let mut reservation = Reservation {
            at_most,
            counted: Vec::with_capacity(self.0.len()),
        };
        let now = Instant::now();
        for account in &self.0 {
            let Some(key) = account.scope.key(asker) else {
                continue;
            };
            match account.take(&key, at_most, now) {
                Ok(begin) => reservation.counted.push((account.clone(), key, begin)),
                Err(refusal) => {
                    reservation.settle(Spending::default());
                    return Err(refusal);
                }
            }
        }
        Ok(reservation)
    }
}

/// What is set aside. When it is dropped unsettled, all of it counts as spent.
#[derive(Debug)]
#[must_use]
pub(super) struct Reservation {
    at_most: Spending,
    counted: Vec<(Arc<Account>, String, Instant)>,
}

impl Reservation {
    /// Counts what was spent, and frees the rest.
    pub(super) fn settle(self, spent: Spending) {
        for (account, key, begin) in &self.counted {
            account.put_back(key, *begin, self.at_most, spent);
        }
    }
}

impl Account {
    fn take(&self, key: &str, at_most: Spending, now: Instant) -> Result<Instant, Refusal> {
        let mut windows = self.windows();
        let is_over = |window: &Window| now.duration_since(window.begin) >= self.budget.window;
        if !windows.contains_key(key) && windows.len() >= MAX_WINDOWS {
            windows.retain(|_, window| !is_over(window));
            // Nobody else's window is thrown away for it, or a server with many names would have no budget at all.
            if windows.len() >= MAX_WINDOWS {
                return Err(Refusal::rejected(format!(
                    "this client counts the budgets of {MAX_WINDOWS} askers already; try again later"
                )));
            }
        }
        let fresh = Window {
            begin: now,
            spent: Spending::default(),
        };
        let window = windows.entry(key.to_owned()).or_insert(fresh);
        if is_over(window) {
            *window = fresh;
        }
        let sum = window.spent.plus(at_most);
        let over = [
            ("calls", at_most.calls, sum.calls, self.budget.calls),
            ("tokens", at_most.tokens, sum.tokens, self.budget.tokens),
            ("cost", at_most.cost, sum.cost, self.budget.cost),
        ];
        let over = over.into_iter().find(|(_, _, sum, limit)| sum > limit);
        if let Some((what, needed, _, limit)) = over {
            let left = self
                .budget
                .window
                .saturating_sub(now.duration_since(window.begin));
            return Err(self.refusal(what, needed, limit, left));
        }
        window.spent = sum;
        Ok(window.begin)
    }

    fn put_back(&self, key: &str, begin: Instant, at_most: Spending, spent: Spending) {
        // What was taken from a window that has ended is of no matter any more.
        if let Some(window) = self.windows().get_mut(key)
            && window.begin == begin
        {
            window.spent = window.spent.less(at_most).plus(spent);
        }
    }

    fn refusal(&self, what: &str, needed: u64, limit: u64, left: Duration) -> Refusal {
        let whose = match &self.scope {
            Scope::Everyone => "of all servers",
            Scope::EachServer | Scope::Server(_) => "of this server",
            Scope::Each(_) => "of this asker",
        };
        let amount = |amount| match what {
            "cost" => millionths(amount),
            _ => amount.to_string(),
        };
        let window = self.budget.window.as_secs_f64();
        let (needed_text, limit_text) = (amount(needed), amount(limit));
        Refusal::rejected(if needed > limit {
            format!(
                "the budget {whose} for {what} is {limit_text} in {window} s, and this request may need {needed_text}; \
                 ask for less"
            )
        } else {
            format!(
                "the budget {whose} for {what} ({limit_text} in {window} s) has too little left for this request, which may \
                 need {needed_text}; it is free again in {} s",
                left.as_secs_f64().ceil()
            )
        })
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<String, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millionths(amount: u64) -> String {
    format!("{}.{:06}", amount / 1_000_000, amount % 1_000_000)
}

/// Most windows of one budget.
const MAX_WINDOWS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn spending(tokens: u64) -> Spending {
        Spending {
            calls: 1,
            tokens,
            cost: tokens * 10,
        }
    }

    fn budgets(scope: Scope, budget: Budget) -> Budgets {
        let mut budgets = Budgets::default();
        budgets.add(scope, budget);
        budgets
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_set_aside_counts_until_it_is_settled_and_windows_end() {
        let budgets = budgets(Scope::EachServer, Budget::new(HOUR).tokens(100));
        let (one, two) = (Asker::new("one"), Asker::new("two"));
        let first = budgets.reserve(&one, spending(60)).expect("there is room");
        tokio::time::advance(HOUR / 2).await;
        let refused = budgets
            .reserve(&one, spending(60))
            .expect_err("60 are set aside");
        assert_eq!(refused.error().code.number(), -1);
        for part in [
            "this server",
            "tokens",
            "100 in 3600 s",
            "free again in 1800 s",
        ] {
            assert!(refused.to_string().contains(part), "{refused}");
        }
        drop(budgets.reserve(&two, spending(60)).expect("another server"));
        first.settle(spending(40));
        // Dropped: all of it is spent.
        drop(
            budgets
                .reserve(&one, spending(60))
                .expect("40 of 100 are spent"),
        );
        assert!(budgets.reserve(&one, spending(1)).is_err());
        tokio::time::advance(HOUR / 2).await;
        let next = budgets.reserve(&one, spending(100)).expect("a new window");
        next.settle(Spending::default());
        let never = budgets
            .reserve(&one, spending(101))
            .expect_err("too much for any window");
        assert!(never.to_string().ends_with("ask for less"), "{never}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_settlement_is_of_no_matter_to_a_new_window() {
        let budgets = budgets(Scope::Everyone, Budget::new(HOUR).calls(1));
        let old = budgets
            .reserve(&Asker::new("one"), spending(1))
            .expect("room");
        tokio::time::advance(HOUR).await;
        drop(
            budgets
                .reserve(&Asker::new("two"), spending(1))
                .expect("a new window"),
        );
        old.settle(Spending::default());
        let refused = budgets.reserve(&Asker::new("one"), spending(1));
        assert!(
            refused
                .expect_err("spent")
                .to_string()
                .contains("all servers for calls")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_by_one_budget_leaves_the_others_as_they_were() {
        let mut budgets = budgets(Scope::Everyone, Budget::new(HOUR).calls(1));
        budgets.add(
            Scope::Server("dear".to_owned()),
            Budget::new(HOUR).cost(0.000_05),
        );
        let refused = budgets.reserve(&Asker::new("dear"), spending(6));
        assert!(
            refused
                .expect_err("dear")
                .to_string()
                .contains("cost is 0.000050")
        );
        assert!(budgets.reserve(&Asker::new("cheap"), spending(6)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded_and_nobody_is_forgotten_before_time() {
        let by_name = Scope::Each(Arc::new(|asker| asker.on_behalf_of.clone()));
        let budgets = budgets(by_name, Budget::new(HOUR).calls(1));
        let asker = |number: usize| {
            let mut asker = Asker::new("one");
            asker.on_behalf_of = Some(number.to_string());
            asker
        };
        for number in 0..MAX_WINDOWS {
            drop(budgets.reserve(&asker(number), spending(1)).expect("room"));
        }
        assert!(budgets.reserve(&asker(MAX_WINDOWS), spending(1)).is_err());
        assert!(budgets.reserve(&asker(0), spending(1)).is_err());
        assert!(budgets.reserve(&Asker::new("one"), spending(1)).is_ok());
        tokio::time::advance(HOUR).await;
        assert!(budgets.reserve(&asker(MAX_WINDOWS), spending(1)).is_ok());
    }
}

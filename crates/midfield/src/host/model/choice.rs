//! Which model answers
//! ([model preferences](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling#model-preferences)).

use std::cmp::Ordering;

use midfield_protocol::types::ModelPreferences;

use super::provider::Provider;

/// A model that servers may be answered by.
#[derive(Clone, Debug)]
#[must_use]
pub struct Model {
    pub(super) name: String,
    aliases: Vec<String>,
    figures: Figures,
    pub(super) price: Price,
    pub(super) max_tokens: u32,
    pub(super) provider: Provider,
}

/// From 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Figures {
    cost: f64,
    speed: f64,
    intelligence: f64,
}

/// What a model costs, in any currency, for a million tokens. The same currency counts in all prices and budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    input: f64,
    output: f64,
}

impl Price {
    /// The price of a million tokens that the model reads and of a million that it writes. What is no number or below 0
    /// counts as 0.
    pub fn new(input: f64, output: f64) -> Self {
        Self {
            input: at_least_0(input),
            output: at_least_0(output),
        }
    }

    /// What these tokens cost, in millionths of the currency.
    pub(super) fn of(self, input_tokens: u64, output_tokens: u64) -> u64 {
        // A price for a million is a price in millionths for one.
        times(input_tokens, self.input).saturating_add(times(output_tokens, self.output))
    }
}

impl Model {
    /// The model that `provider` calls `name`. Without figures and a price.
    pub fn new(name: impl Into<String>, provider: Provider) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            figures: Figures {
                cost: 0.5,
                speed: 0.5,
                intelligence: 0.5,
            },
            price: Price::default(),
            max_tokens: u32::MAX,
            provider,
        }
    }

    /// Adds a name by which a hint finds it too, such as that of another provider's model it stands in for.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// Sets how dear it is, from 0 (free) to 1. Default: 0.5. Only for the choice: what is counted is the
    /// [`price`](Self::price).
    pub fn cost(mut self, cost: f64) -> Self {
        self.figures.cost = portion(cost);
        self
    }

    /// Sets how fast it is, from 0 to 1. Default: 0.5.
    pub fn speed(mut self, speed: f64) -> Self {
        self.figures.speed = portion(speed);
        self
    }

    /// Sets how clever it is, from 0 to 1. Default: 0.5.
    pub fn intelligence(mut self, intelligence: f64) -> Self {
        self.figures.intelligence = portion(intelligence);
        self
    }

    /// Sets what it costs. Default: nothing.
    pub fn price(mut self, price: Price) -> Self {
        self.price = price;
        self
    }

    /// Sets the most tokens that it writes; a server that asks for more gets so many. Default: as many as are asked for.
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    /// Whether a part of one of its names is `hint`, which is in lower case.
    fn is_hinted(&self, hint: &str) -> bool {
        let contains = |name: &String| name.to_lowercase().contains(hint);
        contains(&self.name) || self.aliases.iter().any(contains)
    }

    fn score(&self, preferences: &ModelPreferences) -> f64 {
        let weight = |priority: Option<f64>| portion(priority.unwrap_or(0.0));
        weight(preferences.cost_priority) * (1.0 - self.figures.cost)
            + weight(preferences.speed_priority) * self.figures.speed
            + weight(preferences.intelligence_priority) * self.figures.intelligence
    }
}

/// All models, the one that fits best first.
///
/// The first hint that names any models brings those to the front; the other hints are not looked at. Among those, and among the
/// rest, the sum of each priority times its figure counts (for the cost: 1 less the figure), and where it is equal the order
/// in which they were given.
pub(super) fn ranked<'a>(
    models: &'a [Model],
    preferences: Option<&ModelPreferences>,
) -> Vec<&'a Model> {
    let Some(preferences) = preferences else {
        return models.iter().collect();
    };
    let hint = preferences.hints.iter().find_map(|hint| {
        let name = hint.name.as_ref()?.trim().to_lowercase();
        let is_any = !name.is_empty() && models.iter().any(|model| model.is_hinted(&name));
        is_any.then_some(name)
    });
    let is_hinted = |model: &Model| hint.as_ref().is_some_and(|hint| model.is_hinted(hint));
    let mut ranked: Vec<_> = models
        .iter()
        .map(|model| (is_hinted(model), model.score(preferences), model))
        .collect();
    ranked.sort_by(|a, b| {
        let hinted = b.0.cmp(&a.0);
        hinted.then(b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal))
    });
    ranked.into_iter().map(|(_, _, model)| model).collect()
}

/// From 0 to 1; what is no number is 0.
fn portion(figure: f64) -> f64 {
    at_least_0(figure).min(1.0)
}

fn at_least_0(figure: f64) -> f64 {
    // The other one counts where one is no number.
    figure.max(0.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "money above 2^53 millionths is rounded, and a float becomes the nearest integer that there is"
)]
pub(super) fn times(count: u64, each: f64) -> u64 {
    (count as f64 * each).ceil() as u64
}

#[cfg(test)]
mod tests {
    use midfield_protocol::types::ModelHint;

    use super::super::Scripted;
    use super::*;

    fn models() -> Vec<Model> {
        let model = |name: &str| Model::new(name, Provider::own(Scripted::new()));
        vec![
            model("claude-haiku-4-5")
                .cost(0.2)
                .speed(0.9)
                .intelligence(0.5),
            model("claude-opus-4-5")
                .cost(0.9)
                .speed(0.3)
                .intelligence(1.0),
            model("gpt-5-mini")
                .alias("Sonnet")
                .cost(0.1)
                .speed(0.8)
                .intelligence(0.6),
        ]
    }

    fn wish(hints: &[&str], cost: f64, speed: f64, intelligence: f64) -> ModelPreferences {
        let mut wish = ModelPreferences::default();
        wish.hints = hints.iter().map(|hint| ModelHint::new(*hint)).collect();
        wish.cost_priority = Some(cost);
        wish.speed_priority = Some(speed);
        wish.intelligence_priority = Some(intelligence);
        wish
    }

    #[test]
    fn the_first_hint_that_names_a_model_decides_and_then_the_priorities() {
        for (wish, chosen) in [
            (wish(&[], 0.0, 0.0, 0.0), "claude-haiku-4-5"),
            (wish(&[], 1.0, 0.0, 0.0), "gpt-5-mini"),
            (wish(&[], 0.0, 1.0, 0.0), "claude-haiku-4-5"),
            (wish(&[], 0.0, 0.0, 1.0), "claude-opus-4-5"),
            (wish(&[], f64::NAN, -7.0, 9.0), "claude-opus-4-5"),
            (wish(&["OPUS"], 1.0, 1.0, 0.0), "claude-opus-4-5"),
            (
                wish(&["gemini", "claude"], 0.0, 0.0, 1.0),
                "claude-opus-4-5",
            ),
            (wish(&["claude", "gpt"], 1.0, 0.0, 0.0), "claude-haiku-4-5"),
            (wish(&["sonnet", "claude"], 0.0, 0.0, 1.0), "gpt-5-mini"),
            (wish(&["", "gemini"], 0.0, 0.0, 1.0), "claude-opus-4-5"),
        ] {
            let models = models();
            assert_eq!(ranked(&models, Some(&wish))[0].name, chosen, "{wish:?}");
            assert_eq!(ranked(&models, Some(&wish)).len(), 3);
        }
        assert_eq!(ranked(&models(), None)[0].name, "claude-haiku-4-5");
    }

    #[test]
    fn prices_are_for_a_million_and_are_rounded_up() {
        assert_eq!(Price::new(3.0, 15.0).of(1_000_000, 1_000_000), 18_000_000);
        assert_eq!(Price::new(0.1, 0.0).of(1, 1), 1);
        assert_eq!(Price::new(f64::NAN, -1.0).of(9, 9), 0);
        assert_eq!(Price::new(f64::INFINITY, 1.0).of(1, 1), u64::MAX);
    }
}

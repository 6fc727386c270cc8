//! `tests/conformance/expected.toml`: what the suite is expected to say, leg by leg.
//!
//! The file may only get shorter: a scenario on it that passes is a failure, and so is one off it that does not pass.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::suite::{Outcome, Report};
use crate::workspace::root;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    leg: BTreeMap<String, LegExpectation>,
}

/// What is expected of one leg.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LegExpectation {
    /// The least number of checks that end in SUCCESS. A server that answers nothing passes some scenarios.
    minimum_success: usize,
    /// Scenarios that are not passed yet, with the reason.
    #[serde(default)]
    not_passed: BTreeMap<String, String>,
}

impl Expected {
    /// Reads the file.
    pub(crate) fn read() -> Result<Self> {
        let path = root().join("tests/conformance/expected.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("could not read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("could not use {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let expected: Self = toml::from_str(text)?;
        for (leg, expectation) in &expected.leg {
            if let Some((scenario, _)) = expectation
                .not_passed
                .iter()
                .find(|(_, reason)| reason.trim().is_empty())
            {
                bail!(
                    "scenario {scenario} of leg {leg} has no reason: say why it is not passed yet"
                );
            }
        }
        Ok(expected)
    }

    /// Why a scenario is not passed yet, if it is on the list.
    pub(crate) fn reason(&self, leg: &str, scenario: &str) -> Option<&str> {
        self.leg
            .get(leg)?
            .not_passed
            .get(scenario)
            .map(String::as_str)
    }

    /// What is not as expected after a whole leg.
    pub(crate) fn compare(&self, leg: &str, report: &Report) -> Vec<String> {
        let mut complaints = self.compare_one(leg, report);
        let Some(expectation) = self.leg.get(leg) else {
            complaints.push(format!(
                "{leg}: the list has no such leg: add it with its minimum_success"
            ));
            return complaints;
        };
        for scenario in expectation.not_passed.keys() {
            if !report.scenarios.iter().any(|run| run.name == *scenario) {
                complaints.push(format!(
                    "{leg}: {scenario} was not run: take it off the list"
                ));
            }
        }
        if report.checks.success < expectation.minimum_success {
            let (found, least) = (report.checks.success, expectation.minimum_success);
            complaints.push(format!(
                "{leg}: {found} checks succeeded, {least} are expected at least"
            ));
        }
        complaints
    }

    /// What is not as expected of the scenarios that were run, whether or not they are the whole leg.
    pub(crate) fn compare_one(&self, leg: &str, report: &Report) -> Vec<String> {
        let complaint = |name: &str, outcome: Outcome| match (outcome, self.reason(leg, name)) {
            (Outcome::Passed, Some(_)) => {
                Some(format!("{leg}: {name} passes now: take it off the list"))
            }
            (Outcome::Passed, None) | (_, Some(_)) => None,
            (other, None) => Some(format!("{leg}: {name} {}", other.word())),
        };
        report
            .scenarios
            .iter()
            .filter_map(|run| complaint(&run.name, run.outcome))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::client;
    use super::super::suite::{Counts, Scenario, legs};
    use super::*;

    #[test]
    fn the_file_has_exactly_the_legs_that_are_run() {
        let expected = Expected::read().unwrap();
        let servers = legs(None).unwrap().into_iter().map(|leg| leg.name);
        let clients = client::legs(None).into_iter().map(|leg| leg.name);
        let mut legs: Vec<String> = servers.chain(clients).collect();
        legs.sort();
        assert_eq!(expected.leg.into_keys().collect::<Vec<_>>(), legs);
    }

    const LIST: &str = "[leg.a]\nminimum_success = 3\n[leg.a.not_passed]\nlate = \"comes later\"\n";

    fn report(scenarios: &[(&str, Outcome)], success: usize) -> Report {
        let scenario = |(name, outcome): &(&str, Outcome)| Scenario {
            name: (*name).to_owned(),
            outcome: *outcome,
            messages: Vec::new(),
        };
        let checks = Counts {
            success,
            ..Counts::default()
        };
        Report {
            scenarios: scenarios.iter().map(scenario).collect(),
            checks,
        }
    }

    fn complaints(scenarios: &[(&str, Outcome)], success: usize) -> String {
        Expected::parse(LIST)
            .unwrap()
            .compare("a", &report(scenarios, success))
            .join("; ")
    }

    #[test]
    fn what_is_as_listed_is_no_complaint() {
        assert_eq!(
            complaints(&[("late", Outcome::Failed), ("ping", Outcome::Passed)], 3),
            ""
        );
    }

    #[test]
    fn a_listed_scenario_that_passes_must_be_taken_off() {
        assert_eq!(
            complaints(&[("late", Outcome::Passed)], 3),
            "a: late passes now: take it off the list"
        );
    }

    #[test]
    fn an_unlisted_scenario_must_pass() {
        let scenarios = [
            ("late", Outcome::Warned),
            ("ping", Outcome::Skipped),
            ("tools", Outcome::Warned),
        ];
        assert_eq!(
            complaints(&scenarios, 3),
            "a: ping skipped; a: tools warned"
        );
    }

    #[test]
    fn a_listed_scenario_must_have_been_run() {
        assert_eq!(
            complaints(&[], 3),
            "a: late was not run: take it off the list"
        );
    }

    #[test]
    fn too_few_successes_are_a_complaint() {
        assert_eq!(
            complaints(&[("late", Outcome::Failed)], 2),
            "a: 2 checks succeeded, 3 are expected at least"
        );
    }

    #[test]
    fn a_reason_is_mandatory() {
        let error = Expected::parse(&LIST.replace("comes later", " ")).unwrap_err();
        assert!(
            error.to_string().contains("late of leg a has no reason"),
            "{error}"
        );
    }
}

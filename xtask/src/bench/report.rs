//! Medians over all runs, and ratios to the limit server of the same run, as Markdown tables.

use std::collections::BTreeMap;

use super::cell::Sample;
use super::machine::QUIET;
use super::rows::{Kind, Row};
use crate::table::Table;

/// The server that the others are compared with.
const BASE: &str = "limit";

/// All that was measured.
#[derive(Debug)]
pub(super) struct Report {
    programs: Vec<String>,
    /// By row and server: what each run found.
    samples: BTreeMap<(&'static str, String), Vec<(u32, Sample)>>,
}

impl Report {
    /// An empty report on these servers.
    pub(super) fn new(programs: Vec<String>) -> Self {
        Self {
            programs,
            samples: BTreeMap::new(),
        }
    }

    /// Adds what one measurement found.
    pub(super) fn add(&mut self, run: u32, row: &'static str, program: &str, sample: Sample) {
        self.samples
            .entry((row, program.to_owned()))
            .or_default()
            .push((run, sample));
    }

    /// The tables of these rows.
    pub(super) fn tables(&self, rows: &[&Row], runs: u32) -> String {
        let (rates, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_rate());
        let mut parts = vec![format!(
            "Medians of {runs} interleaved runs; ratios are to the limit server of the same run."
        )];
        if !rates.is_empty() {
            parts.push(format!(
                "Requests per second, server on one processor\n\n{}",
                self.rates(&rates)
            ));
            parts.push(format!(
                "Processor time of the server per request, µs\n\n{}",
                self.costs(&rates)
            ));
        }
        if !others.is_empty() {
            parts.push(format!("Other figures\n\n{}", self.others(&others)));
        }
        let disturbed = self
            .samples
            .values()
            .flatten()
            .filter(|(_, sample)| sample.others > QUIET)
            .count();
        let all = self.samples.values().map(Vec::len).sum::<usize>();
        parts.push(format!(
            "{disturbed} of {all} measurements were disturbed by other processes."
        ));
        parts
            .iter()
            .map(|part| part.trim_end())
            .collect::<Vec<_>>()
            .join("\n\n")
    }

    fn rates(&self, rows: &[&Row]) -> Table {
        let mut head = vec!["work".to_owned()];
        for program in &self.programs {
            head.push(format!("{program}:"));
            if program != BASE {
                head.push("ratio:".to_owned());
            }
        }
        let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
        for row in rows {
            let mut cells = vec![row.title.to_owned()];
            for program in &self.programs {
                cells.push(
                    self.median(row, program, |sample| sample.value)
                        .map_or_else(String::new, whole),
                );
                if program != BASE {
                    let ratio = self.ratio(row, program, |sample| sample.value);
                    cells.push(ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")));
                }
            }
            table.push(cells);
        }
        table
    }

    fn costs(&self, rows: &[&Row]) -> Table {
        self.plain("work", rows, |row, program| {
            self.median(row, program, |sample| sample.cpu)
                .map(|cpu| format!("{cpu:.1}"))
        })
    }

    fn others(&self, rows: &[&Row]) -> Table {
        let mut table = self.plain("figure", rows, |row, program| {
            let median = self.median(row, program, |sample| sample.value)?;
            Some(if matches!(row.kind, Kind::Start) {
                format!("{median:.1}")
            } else {
                whole(median)
            })
        });
        for row in rows.iter().filter(|row| matches!(row.kind, Kind::Start)) {
            let memory = |program: &String| self.median(row, program, |sample| sample.memory);
            let cells = self
                .programs
                .iter()
                .map(|name| memory(name).map_or_else(String::new, |mib| format!("{mib:.1}")));
            table.push(
                ["memory when idle, MiB".to_owned()]
                    .into_iter()
                    .chain(cells)
                    .collect(),
            );
        }
        table
    }

    /// A table with one column for each server.
    fn plain(
        &self,
        first: &str,
        rows: &[&Row],
        cell: impl Fn(&Row, &str) -> Option<String>,
    ) -> Table {
        let head: Vec<String> = self
            .programs
            .iter()
            .map(|program| format!("{program}:"))
            .collect();
        let head: Vec<&str> = [first]
            .into_iter()
            .chain(head.iter().map(String::as_str))
            .collect();
        let mut table = Table::new(&head);
        for row in rows {
            let cells = self
                .programs
                .iter()
                .map(|program| cell(row, program).unwrap_or_default());
            table.push([row.title.to_owned()].into_iter().chain(cells).collect());
        }
        table
    }

    fn of(&self, row: &Row, program: &str) -> &[(u32, Sample)] {
        self.samples
            .get(&(row.key, program.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    fn median(&self, row: &Row, program: &str, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        median(
            self.of(row, program)
                .iter()
                .map(|(_, sample)| figure(sample))
                .collect(),
        )
    }

    /// The median of the ratios, each taken inside one run.
    fn ratio(&self, row: &Row, program: &str, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
        let base = self.of(row, BASE);
        let in_run = |run: u32| {
            base.iter()
                .find(|(other, _)| *other == run)
                .map(|(_, sample)| figure(sample))
        };
        let ratios = self
            .of(row, program)
            .iter()
            .filter_map(|(run, sample)| Some(figure(sample) / in_run(*run)?));
        median(ratios.collect())
    }
}

/// The value in the middle, if there is one.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], upper)
    } else {
        upper
    })
}

/// A number without decimals, with commas between the thousands.
pub(super) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn sample(value: f64) -> Sample {
        Sample {
            value,
            memory: 2.0,
            latency: 1.0,
            cpu: 3.0,
            others: 0.0,
        }
    }

    #[test]
    fn ratios_are_paired_by_run() {
        let row = &ROWS[0];
        let mut report = Report::new(vec!["limit".to_owned(), "ours".to_owned()]);
        for (run, (limit, ours)) in [(100.0, 50.0), (1000.0, 900.0), (10.0, 7.0)]
            .into_iter()
            .enumerate()
        {
            let run = u32::try_from(run).unwrap();
            report.add(run, row.key, "limit", sample(limit));
            report.add(run, row.key, "ours", sample(ours));
        }
        assert_eq!(report.ratio(row, "ours", |sample| sample.value), Some(0.7));
        assert_eq!(
            report.median(row, "ours", |sample| sample.value),
            Some(50.0)
        );
        let text = report.tables(&[row], 3);
        assert!(text.contains("|   100 |   50 |  0.70 |"), "{text}");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            (whole(7.4), whole(1234.5), whole(1_234_567.0)),
            ("7".into(), "1,234".into(), "1,234,567".into())
        );
        assert_eq!(
            (
                median(vec![]),
                median(vec![3.0, 1.0]),
                median(vec![9.0, 1.0, 2.0])
            ),
            (None, Some(2.0), Some(2.0))
        );
    }
}

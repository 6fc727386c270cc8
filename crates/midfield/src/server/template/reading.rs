//! The steps of a template, and reading a URI by them in time that does not explode.
//!
//! A table holds, for each step and each place in the URI, in how many ways the rest can be read: none,
//! one, or more. It is filled from the end, so that no way is tried twice.

use percent_encoding::percent_decode_str;

use super::TemplateError;
use super::value::{Class, character, decode, encode, has_dot_segment, is_allowed};

/// A step through a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This text.
    Text(String),
    /// `?` for the first member of a query and `&` for the others, then this text.
    Member(String),
    /// A value.
    Value {
        /// Whose: an index.
        variable: usize,
        class: Class,
        /// It may be empty.
        is_optional: bool,
    },
    /// The steps up to `end` are left out when the variable is.
    Optional {
        variable: usize,
        end: usize,
        left_out: LeftOut,
    },
}

/// When steps are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// When there is no value.
    WhenAbsent,
    /// When the value is empty.
    WhenEmpty,
}

/// The decoded values of the variables, if `uri` can be read by `steps` in exactly one way and each value
/// is allowed.
pub(super) fn read(steps: &[Step], variables: usize, uri: &str) -> Option<Vec<Option<String>>> {
    if uri.len() > MAX_URI || !begins(steps, uri) {
        return None;
    }
    let ways = Ways::of(steps, uri);
    if ways.at(0, 0) != 1 {
        return None;
    }
    let mut values = vec![None; variables];
    let (mut index, mut place, mut has_member) = (0, 0, false);
    while let Some(step) = steps.get(index) {
        index += 1;
        match step {
            Step::Text(text) => place += text.len(),
            Step::Member(text) => {
                let separator = if has_member { b'&' } else { b'?' };
                if uri.as_bytes().get(place) != Some(&separator) {
                    return None;
                }
                has_member = true;
                place += 1 + text.len();
            }
            Step::Value {
                variable,
                class,
                is_optional,
            } => {
                let begin = place;
                let mut may_end = *is_optional;
                // There is one way, so that the first end from which there is a way is the end.
                while !may_end || ways.at(index, place) == 0 {
                    place += character(*class, uri.as_bytes().get(place..)?)?;
                    may_end = true;
                }
                *values.get_mut(*variable)? = Some(decode(*class, uri.get(begin..place)?)?);
            }
            Step::Optional {
                variable,
                end,
                left_out,
            } => {
                if ways.at(index, place) == 0 {
                    index = *end;
                    if *left_out == LeftOut::WhenEmpty {
                        *values.get_mut(*variable)? = Some(String::new());
                    }
                }
            }
        }
    }
    has_straight_path(uri).then_some(values)
}

/// The URI that has these values.
///
/// # Errors
/// When a value is missing or is not allowed.
pub(super) fn write(
    steps: &[Step],
    variables: &[String],
    values: &[Option<&str>],
) -> Result<String, TemplateError> {
    let name = |index: usize| variables.get(index).cloned().unwrap_or_default();
    let value = |index: usize| values.get(index).copied().flatten();
    let mut uri = String::new();
    let (mut index, mut has_member) = (0, false);
    while let Some(step) = steps.get(index) {
        index += 1;
        match step {
            Step::Text(text) => uri.push_str(text),
            Step::Member(text) => {
                uri.push(if has_member { '&' } else { '?' });
                uri.push_str(text);
                has_member = true;
            }
            Step::Value {
                variable,
                class,
                is_optional,
            } => {
                let missing = || TemplateError::Missing {
                    variable: name(*variable),
                };
                let value = value(*variable).ok_or_else(missing)?;
                let is_missing = value.is_empty() && !is_optional;
                if is_missing || !is_allowed(*class, value) {
                    return Err(TemplateError::Value {
                        variable: name(*variable),
                    });
                }
                uri.extend(encode(*class, value));
            }
            Step::Optional {
                variable,
                end,
                left_out,
            } => {
                let is_left_out = match left_out {
                    LeftOut::WhenAbsent => value(*variable).is_none(),
                    LeftOut::WhenEmpty => value(*variable) == Some(""),
                };
                if is_left_out {
                    index = *end;
                }
            }
        }
    }
    Ok(uri)
}

/// Whether no segment of the path, the values and what stands beside them together, leads upwards.
pub(super) fn has_straight_path(uri: &str) -> bool {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once(':').map_or(path, |(_, path)| path);
    !has_dot_segment(&percent_decode_str(path).decode_utf8_lossy())
}

/// Whether the text that a template begins with is there, which spares the table for URIs of others.
fn begins(steps: &[Step], uri: &str) -> bool {
    match steps.first() {
        Some(Step::Text(text)) => uri.starts_with(text.as_str()),
        _ => true,
    }
}

/// In how many ways, up to two, the rest of a URI can be read from a step and a place on.
struct Ways {
    table: Vec<u8>,
    places: usize,
}

impl Ways {
    fn of(steps: &[Step], uri: &str) -> Self {
        let bytes = uri.as_bytes();
        let places = bytes.len() + 1;
        let mut ways = Self {
            table: vec![0; (steps.len() + 1) * places],
            places,
        };
        ways.set(steps.len(), bytes.len(), 1);
        for (index, step) in steps.iter().enumerate().rev() {
            // The ways of a value that has begun already: for each place, the rest of the value first.
            let mut begun = vec![0; places];
            for place in (0..places).rev() {
                let rest = bytes.get(place..).unwrap_or_default();
                let number = match step {
                    Step::Text(text) if rest.starts_with(text.as_bytes()) => {
                        ways.at(index + 1, place + text.len())
                    }
                    Step::Member(text) => match rest {
                        [b'?' | b'&', rest @ ..] if rest.starts_with(text.as_bytes()) => {
                            ways.at(index + 1, place + 1 + text.len())
                        }
                        _ => 0,
                    },
                    Step::Text(_) => 0,
                    Step::Value {
                        class, is_optional, ..
                    } => {
                        let further = character(*class, rest)
                            .and_then(|length| begun.get(place + length).copied())
                            .unwrap_or(0);
                        let all = sum(ways.at(index + 1, place), further);
                        if let Some(begun) = begun.get_mut(place) {
                            *begun = all;
                        }
                        if *is_optional { all } else { further }
                    }
                    Step::Optional { end, .. } => {
                        sum(ways.at(index + 1, place), ways.at(*end, place))
                    }
                };
                ways.set(index, place, number);
            }
        }
        ways
    }

    fn at(&self, step: usize, place: usize) -> u8 {
        if place >= self.places {
            return 0;
        }
        let cell = self.table.get(step * self.places + place);
        cell.copied().unwrap_or(0)
    }

    fn set(&mut self, step: usize, place: usize, number: u8) {
        if let Some(cell) = self.table.get_mut(step * self.places + place) {
            *cell = number;
        }
    }
}

/// One and many are all that matters.
fn sum(a: u8, b: u8) -> u8 {
    a.saturating_add(b).min(2)
}

/// Longest URI that is read, in bytes.
const MAX_URI: usize = 4096;

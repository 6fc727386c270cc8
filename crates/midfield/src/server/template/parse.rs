//! From the text of a template to its steps.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::reading::{LeftOut, Step, has_straight_path};
use super::value::{Class, Lead, is_reserved, is_unreserved};
use super::{MAX_TEMPLATE, MAX_VARIABLES, TemplateError};

/// The steps of a template and the names of its variables.
///
/// # Errors
/// When the text is no template, or none that can be read back.
pub(super) fn parse(text: &str) -> Result<(Vec<Step>, Vec<String>), TemplateError> {
    if text.len() > MAX_TEMPLATE {
        return Err(TemplateError::TooLarge);
    }
    let mut parser = Parser::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, braces) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
        parser.literal(literal)?;
        let Some(inside) = braces.strip_prefix('{') else {
            break;
        };
        let (expression, after) = inside.split_once('}').ok_or(TemplateError::Unbalanced)?;
        parser.expression(expression)?;
        rest = after;
    }
    let has_scheme = match parser.steps.first() {
        Some(Step::Text(text)) => begins_with_scheme(text),
        _ => false,
    };
    if !has_scheme {
        return Err(TemplateError::NoScheme);
    }
    if !has_straight_path(&parser.outline) {
        return Err(TemplateError::DotSegment);
    }
    Ok((parser.steps, parser.variables))
}

#[derive(Default)]
struct Parser {
    steps: Vec<Step>,
    variables: Vec<String>,
    /// The template so far, with `x` for each value.
    outline: String,
    has_query: bool,
}

/// The operators of levels 1 to 3.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Simple,
    Reserved,
    Fragment,
    Label,
    Segment,
    Parameter,
    Query,
    Continuation,
}

impl Parser {
    fn literal(&mut self, literal: &str) -> Result<(), TemplateError> {
        let mut characters = literal.char_indices();
        while let Some((at, character)) = characters.next() {
            let byte = u8::try_from(character).ok();
            match character {
                '}' => return Err(TemplateError::Unbalanced),
                '%' if is_encoded(literal.as_bytes().get(at..)) => {
                    characters.nth(1);
                }
                _ if byte.is_some_and(|byte| is_unreserved(byte) || is_reserved(byte)) => {}
                _ if !character.is_ascii() && !character.is_control() => {}
                _ => return Err(TemplateError::Character { character }),
            }
        }
        let literal = utf8_percent_encode(literal, NON_ASCII).to_string();
        self.text(literal);
        Ok(())
    }

    fn expression(&mut self, expression: &str) -> Result<(), TemplateError> {
        let (operator, names) = operator(expression)?;
        if operator == Operator::Query && std::mem::replace(&mut self.has_query, true) {
            return Err(TemplateError::SecondQuery);
        }
        for (index, name) in names.split(',').enumerate() {
            self.variable(name)?;
            let is_first = index == 0;
            match operator {
                Operator::Simple | Operator::Reserved if is_first => {}
                Operator::Simple | Operator::Reserved => self.text(",".into()),
                Operator::Fragment => self.text(if is_first { "#" } else { "," }.into()),
                Operator::Label => self.text(".".into()),
                Operator::Segment => self.text("/".into()),
                Operator::Parameter | Operator::Query | Operator::Continuation => {
                    self.optional(operator, name)?;
                    continue;
                }
            }
            let class = match operator {
                Operator::Reserved => Class::Path(self.lead()),
                Operator::Fragment => Class::Path(Lead::Free),
                _ => Class::Segment,
            };
            self.value(class, false)?;
        }
        Ok(())
    }

    /// Takes note of a variable; its value is still to come.
    fn variable(&mut self, name: &str) -> Result<(), TemplateError> {
        if let Some((variable, modifier)) = modifier(name) {
            return Err(TemplateError::Modifier { variable, modifier });
        }
        if !is_name(name) {
            return Err(TemplateError::Name { name: name.into() });
        }
        if self.variables.iter().any(|other| other == name) {
            return Err(TemplateError::Repeated {
                variable: name.into(),
            });
        }
        if self.variables.len() == MAX_VARIABLES {
            return Err(TemplateError::TooLarge);
        }
        self.variables.push(name.to_owned());
        Ok(())
    }

    fn text(&mut self, text: String) {
        self.outline.push_str(&text);
        match self.steps.last_mut() {
            _ if text.is_empty() => {}
            Some(Step::Text(before)) => before.push_str(&text),
            _ => self.steps.push(Step::Text(text)),
        }
    }

    fn value(&mut self, class: Class, is_optional: bool) -> Result<(), TemplateError> {
        if matches!(self.steps.last(), Some(Step::Value { .. })) {
            return Err(self.ambiguous());
        }
        self.steps.push(Step::Value {
            variable: self.variables.len().saturating_sub(1),
            class,
            is_optional,
        });
        self.outline.push('x');
        Ok(())
    }

    /// A variable that may be absent, together with its name.
    fn optional(&mut self, operator: Operator, name: &str) -> Result<(), TemplateError> {
        let follows_path = matches!(
            self.steps.last(),
            Some(Step::Value {
                class: Class::Path(_),
                ..
            })
        );
        // A path may hold these itself.
        if follows_path && operator != Operator::Query {
            return Err(self.ambiguous());
        }
        let variable = self.variables.len().saturating_sub(1);
        let begin = self.steps.len();
        let step = |left_out, end| Step::Optional {
            variable,
            end,
            left_out,
        };
        match operator {
            Operator::Parameter => {
                let end = begin + 5;
                self.steps.push(step(LeftOut::WhenAbsent, end));
                self.steps.push(Step::Text(format!(";{name}")));
                self.steps.push(step(LeftOut::WhenEmpty, end));
                self.steps.push(Step::Text("=".into()));
                self.value(Class::Segment, false)
            }
            Operator::Query => {
                self.steps.push(step(LeftOut::WhenAbsent, begin + 3));
                self.steps.push(Step::Member(format!("{name}=")));
                self.value(Class::Query, true)
            }
            _ => {
                self.steps.push(step(LeftOut::WhenAbsent, begin + 3));
                self.steps.push(Step::Text(format!("&{name}=")));
                self.value(Class::Query, true)
            }
        }
    }

    /// What a path may begin with after what stands before it.
    fn lead(&self) -> Lead {
        let after_scheme = self.outline.split_once("://").map(|(_, rest)| rest);
        match after_scheme {
            Some("") => Lead::Free,
            Some(authority) if !authority.contains('/') => Lead::Slash,
            _ if self.outline.ends_with('/') => Lead::NoSlash,
            _ => Lead::Free,
        }
    }

    fn ambiguous(&self) -> TemplateError {
        TemplateError::Ambiguous {
            variable: self.variables.last().cloned().unwrap_or_default(),
        }
    }
}

fn operator(expression: &str) -> Result<(Operator, &str), TemplateError> {
    let mut names = expression.chars();
    let operator = match names.next() {
        Some('+') => Operator::Reserved,
        Some('#') => Operator::Fragment,
        Some('.') => Operator::Label,
        Some('/') => Operator::Segment,
        Some(';') => Operator::Parameter,
        Some('?') => Operator::Query,
        Some('&') => Operator::Continuation,
        Some(operator @ ('=' | ',' | '!' | '@' | '|')) => {
            return Err(TemplateError::Operator { operator });
        }
        _ => return Ok((Operator::Simple, expression)),
    };
    Ok((operator, names.as_str()))
}

/// The modifier of level 4 that a variable has, and whose it is.
fn modifier(name: &str) -> Option<(String, char)> {
    if let Some(variable) = name.strip_suffix('*') {
        return Some((variable.to_owned(), '*'));
    }
    let (variable, length) = name.split_once(':')?;
    let is_length = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    is_length.then(|| (variable.to_owned(), ':'))
}

fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn begins_with_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        let mut bytes = scheme.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn is_encoded(bytes: Option<&[u8]>) -> bool {
    matches!(bytes, Some([b'%', high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Nothing that is ASCII and allowed in a template.
const NON_ASCII: &AsciiSet = CONTROLS;

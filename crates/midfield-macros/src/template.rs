//! The variables of a URI template, as far as an attribute must know them to hold them against the
//! function's parameters. What else makes a template is checked when the server is built.

use syn::{Error, LitStr, Result};

/// A variable of a template.
pub(crate) struct Variable {
    pub(crate) name: String,
    /// URIs may leave it out.
    pub(crate) is_optional: bool,
}

/// The variables of a template in their order; none of a URI.
pub(crate) fn variables(template: &LitStr) -> Result<Vec<Variable>> {
    let text = template.value();
    let refuse = |message: String| Err(Error::new(template.span(), message));
    if !begins_with_scheme(&text) {
        return refuse("this does not begin with a scheme, such as `notes:`".into());
    }
    let mut variables: Vec<Variable> = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (_, braces) = rest.split_at(at);
        let expression = braces
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let Some((expression, after)) = expression else {
            return refuse("a brace of the template has no partner".into());
        };
        rest = after;
        if let Some(operator) = expression
            .chars()
            .next()
            .filter(|first| "=,!@|".contains(*first))
        {
            return refuse(format!("the operator `{operator}` is reserved by RFC 6570"));
        }
        let names = expression.strip_prefix(['+', '#', '.', '/', ';', '?', '&']);
        let is_optional = expression.starts_with([';', '?', '&']);
        for name in names.unwrap_or(expression).split(',') {
            if !is_name(name) {
                return refuse(format!(
                    "`{name}` is no name of a variable: use letters, digits, `_` and `.`"
                ));
            }
            if variables.iter().any(|variable| variable.name == name) {
                return refuse(format!(
                    "the variable `{name}` stands in the template twice"
                ));
            }
            variables.push(Variable {
                name: name.to_owned(),
                is_optional,
            });
        }
    }
    Ok(variables)
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

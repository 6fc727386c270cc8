//! URI templates of resources, read in both directions
//! ([RFC 6570](https://www.rfc-editor.org/rfc/rfc6570),
//! [2026-07-28, resource templates](https://modelcontextprotocol.io/specification/2026-07-28/server/resources#resource-templates)).
//!
//! RFC 6570 only says how a template becomes a URI. The way back has many answers for many templates, and
//! some of them lead out of what the template was meant for. So a URI matches here only if it can be read
//! in exactly one way, and if no value does more than name something below the place where it stands.

mod parse;
mod reading;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use reading::Step;

/// A template of URIs, such as `logs://{service}/{+path}{?since,level}`.
///
/// Levels 1 to 3 of RFC 6570: `{a}`, `{a,b}`, `{+path}`, `{#fragment}`, `{.extension}`, `{/segment}`,
/// `{;parameter}`, `{?query}`, `{&query}`. A variable of the last three may be absent; any other has a
/// value that is not empty.
///
/// ```
/// use midfield::server::UriTemplate;
///
/// let template = UriTemplate::parse("notes://{author}/{+path}{?page}")?;
/// let values = template.matches("notes://ada/2026/july%20notes.md?page=2").unwrap();
/// assert_eq!(values[1], ("path".to_owned(), "2026/july notes.md".to_owned()));
/// assert_eq!(template.matches("notes://ada/../../etc/passwd"), None);
/// assert_eq!(template.expand(&[("author", "ada"), ("path", "a/b")])?, "notes://ada/a/b");
/// # Ok::<(), midfield::server::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriTemplate {
    text: String,
    variables: Vec<String>,
    steps: Vec<Step>,
}

/// A template that is none, that could be read in more than one way, or values that do not fit into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is too long, or has too many variables.
    #[error(
        "the template has more than {MAX_TEMPLATE} bytes or more than {MAX_VARIABLES} variables"
    )]
    TooLarge,
    /// It begins with something else than a scheme, so that its values could choose any URI.
    #[error("the template does not begin with a scheme, such as `notes:`")]
    NoScheme,
    /// A brace has no partner.
    #[error("a brace of the template has no partner")]
    Unbalanced,
    /// A character that no URI has. It would have to be percent-encoded.
    #[error("the template has {character:?}, which no URI has")]
    Character {
        /// Which.
        character: char,
    },
    /// What stands between braces, or commas in them, is no name of a variable.
    #[error("`{name}` is no name of a variable: use letters, digits, `_` and `.`")]
    Name {
        /// What stands there.
        name: String,
    },
    /// An operator that RFC 6570 keeps for later.
    #[error("the operator `{operator}` is reserved by RFC 6570")]
    Operator {
        /// Which.
        operator: char,
    },
    /// It begins a query twice.
    #[error("the template has two queries: use `{{&...}}` for the second")]
    SecondQuery,
    /// A modifier of level 4, of which there is no way back to one value.
    #[error(
        "the modifier `{modifier}` of `{variable}` is not supported: use `{{+{variable}}}` for a path"
    )]
    Modifier {
        /// Whose.
        variable: String,
        /// Which.
        modifier: char,
    },
    /// The same variable stands at two places.
    #[error("the variable `{variable}` stands in the template twice")]
    Repeated {
        /// Which.
        variable: String,
    },
    /// Nothing tells where the value of the variable before ends and where this one's begins.
    #[error("nothing tells where the value of `{variable}` begins: put a `/` before it")]
    Ambiguous {
        /// Which.
        variable: String,
    },
    /// The template itself has a segment `.` or `..`.
    #[error("the template has a segment `.` or `..`")]
    DotSegment,
    /// A variable that must not be absent has no value.
    #[error("there is no value for `{variable}`")]
    Missing {
        /// Which.
        variable: String,
    },
    /// The value is one that a URI of this template never has.
    #[error("the value of `{variable}` does not fit into the template")]
    Value {
        /// Whose.
        variable: String,
    },
    /// Together the values give a URI that cannot be read back into them.
    #[error("the values give a URI that can be read in another way")]
    Unreadable,
}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is none, or none that can be read back in one way.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (steps, variables) = parse::parse(text)?;
        Ok(Self {
            text: text.to_owned(),
            variables,
            steps,
        })
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its variables, in the order in which they stand.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The variables of which `uri` is made, each with its decoded value; `None` when it is not of this
    /// template, can be read in two ways, has more than 4096 bytes, or has a value that no URI may have:
    ///
    /// - a segment `.` or `..`, however encoded, a `\`, a control character, an encoding within an
    ///   encoding, or bytes that are no UTF-8;
    /// - in a `{simple}` variable, and in those of paths, a `/`, `?` or `#`;
    /// - in a `{+path}`, a `?` or `#`, an empty segment, or anything that would change the authority or
    ///   make an absolute path of a relative one.
    ///
    /// Takes time in proportion to the length of the URI times that of the template.
    pub fn matches(&self, uri: &str) -> Option<Vec<(String, String)>> {
        let values = reading::read(&self.steps, self.variables.len(), uri)?;
        let named = self.variables.iter().zip(values);
        Some(
            named
                .filter_map(|(name, value)| Some((name.clone(), value?)))
                .collect(),
        )
    }

    /// The URI that has these values. Values of other variables are ignored.
    ///
    /// # Errors
    /// When a value is missing, or when [`UriTemplate::matches`] would not give the same values back.
    pub fn expand<N: AsRef<str>, V: AsRef<str>>(
        &self,
        values: &[(N, V)],
    ) -> Result<String, TemplateError> {
        let values: Vec<Option<&str>> = self
            .variables
            .iter()
            .map(|variable| {
                let value = values.iter().find(|(name, _)| name.as_ref() == variable);
                value.map(|(_, value)| value.as_ref())
            })
            .collect();
        let uri = reading::write(&self.steps, &self.variables, &values)?;
        let back = reading::read(&self.steps, self.variables.len(), &uri);
        let is_same = back.is_some_and(|back| back.iter().map(Option::as_deref).eq(values));
        if is_same {
            Ok(uri)
        } else {
            Err(TemplateError::Unreadable)
        }
    }
}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Longest template, in bytes.
const MAX_TEMPLATE: usize = 2048;

/// Most variables of a template.
const MAX_VARIABLES: usize = 32;

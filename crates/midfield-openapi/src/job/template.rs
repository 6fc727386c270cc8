//! Templates of URLs, such as `/jobs/{id}/result`.

use std::str::FromStr;

use url::Url;

use crate::operation::is_dots;
use crate::request::{Reserved, encode};

/// A template of a URL: a path, which is put behind a base, or a whole URL. In its path and its query `{name}`
/// stands for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    /// Literal text and names in turns, beginning with text.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
}

/// What is wrong with a template, or with a value for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is neither a path nor a URL.
    #[error(
        "a template begins with a slash, http:// or https://, and has its first {{name}} in the path"
    )]
    Form,
    /// A brace has no other, or no name in it.
    #[error("each brace needs its other one, with a name between them")]
    Braces,
    /// There is no value.
    #[error("there is no value for {{{0}}}")]
    Missing(String),
    /// A value cannot stand in a URL.
    #[error("the value for {{{0}}} cannot stand in a URL")]
    Value(String),
    /// All values together would lead elsewhere.
    #[error("the values would lead elsewhere")]
    Leaves,
}

impl UrlTemplate {
    /// The names that values are needed for, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The URL with the values that `value` has for the names. A path is put behind `base`, which has no slash
    /// at its end. No value can leave the part of the URL that it stands in.
    ///
    /// # Errors
    /// When a value is missing, empty, or `.` or `..`.
    pub fn expand(
        &self,
        base: &str,
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<Url, TemplateError> {
        let mut url = if self.text.starts_with('/') {
            base.to_owned()
        } else {
            String::new()
        };
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => url.push_str(text),
                Piece::Name(name) => {
                    let value = value(name).ok_or_else(|| TemplateError::Missing(name.clone()))?;
                    if value.is_empty() || is_dots(&value) {
                        return Err(TemplateError::Value(name.clone()));
                    }
                    url.push_str(&encode(&value, Reserved::Encode));
                }
            }
        }
        // The parser must see what was meant: dots of several values could make a step upwards.
        let parsed = Url::parse(&url).map_err(|_| TemplateError::Leaves)?;
        if parsed.as_str() == url {
            Ok(parsed)
        } else {
            Err(TemplateError::Leaves)
        }
    }
}

impl FromStr for UrlTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let path = ["http://", "https://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .map_or(Some(text), |rest| {
                rest.find('/').and_then(|at| rest.get(at..))
            });
        // A host of values could be any host.
        if !path.is_some_and(|path| path.starts_with('/') && !path.starts_with("//")) {
            return Err(TemplateError::Form);
        }
        if text.len() - path.map_or(0, str::len) > text.find('{').unwrap_or(text.len()) {
            return Err(TemplateError::Form);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Braces)?;
            if name.is_empty() || name.contains('{') || before.contains('}') {
                return Err(TemplateError::Braces);
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err(TemplateError::Braces);
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = Self {
            text: text.to_owned(),
            pieces,
        };
        // Literal text that no parser leaves as it is would never expand.
        let sample = template.expand("http://example.com", |_| Some("x".to_owned()));
        sample.map_err(|_| TemplateError::Form)?;
        Ok(template)
    }
}

impl std::fmt::Display for UrlTemplate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

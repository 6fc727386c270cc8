//! From arguments to an HTTP request. Nothing is sent here.
//!
//! Arguments come from a language model and are hostile until shown otherwise: none can leave its
//! segment of the path, its parameter of the query, its header or its part of a form.

mod body;
mod credentials;
mod encode;
mod error;
mod multipart;
mod style;

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

pub use self::credentials::{Credential, Credentials};
pub(crate) use self::encode::{LITERAL, LITERAL_QUERY, Reserved, encode};
pub use self::error::{Problem, RequestError};
use crate::operation::{
    BODY, Encoding, Method, Operation, Parameter, Part, Place, essence, is_dots, is_json,
};

/// A request, ready to be sent.
///
/// Its URL, headers and body may hold secrets; `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The HTTP method.
    pub method: Method,
    /// The absolute URL, with its query.
    pub url: String,
    /// Names and values of headers. The sender adds `Host` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body, when there is one.
    pub body: Option<Vec<u8>>,
}

impl Operation {
    /// The request that calls this operation with these arguments.
    ///
    /// Of the ways in [`Operation::security`], the first is taken that `credentials` has all
    /// secrets for; when there is none, the request goes without.
    ///
    /// # Errors
    /// When an argument is unknown, missing, or cannot be sent. Whether arguments fit
    /// [`Operation::input_schema`] in all else is for a validator to say.
    pub fn request(
        &self,
        arguments: &Map<String, Value>,
        credentials: &Credentials,
    ) -> Result<HttpRequest, RequestError> {
        self.check_names(arguments)?;
        let mut draft = Draft {
            query: self.fixed_query(arguments)?,
            ..Draft::default()
        };
        let path = self.path_of(arguments)?;
        draft
            .headers
            .push(("Accept".to_owned(), self.plan.accept.clone()));
        for parameter in &self.plan.parameters {
            if let Some(value) = given(arguments, parameter)? {
                add(&mut draft, parameter, value)?;
            }
        }
        if let Some(body) = &self.plan.body {
            let value = arguments
                .get(BODY)
                .filter(|value| !value.is_null() || body.required);
            match value {
                Some(value) => {
                    let content = body::content(body, value)?;
                    draft
                        .headers
                        .push(("Content-Type".to_owned(), content.media_type));
                    draft.body = Some(content.bytes);
                }
                None if body.required => {
                    return Err(RequestError::MissingArgument {
                        argument: BODY.to_owned(),
                    });
                }
                None => {}
            }
        }
        credentials.apply(&self.security, &mut draft)?;
        draft.finish(self.method, &self.base_url, &path)
    }

    /// A request to `url` about work that this operation began, such as for its state. The credentials go with
    /// it as with [`Self::request`]: give none for a URL of somebody else.
    ///
    /// # Errors
    /// When a secret cannot be sent.
    pub fn follow_up(
        &self,
        method: Method,
        url: &Url,
        credentials: &Credentials,
    ) -> Result<HttpRequest, RequestError> {
        let pieces = url.query().into_iter().flat_map(|query| query.split('&'));
        let mut draft = Draft {
            query: pieces.map(str::to_owned).collect(),
            ..Draft::default()
        };
        let accept = "application/json, */*;q=0.5".to_owned();
        draft.headers.push(("Accept".to_owned(), accept));
        credentials.apply(&self.security, &mut draft)?;
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        draft.finish(method, bare.as_str(), "")
    }

    fn check_names(&self, arguments: &Map<String, Value>) -> Result<(), RequestError> {
        let parameters = self
            .plan
            .parameters
            .iter()
            .map(|parameter| parameter.argument.as_str());
        let known: Vec<&str> = parameters
            .chain(self.plan.body.as_ref().map(|_| BODY))
            .collect();
        let unknown = arguments
            .keys()
            .find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |argument| {
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Err(RequestError::UnknownArgument {
                argument: argument.clone(),
                known,
            })
        })
    }

    /// The path with its parameters, each confined to where it stands.
    fn path_of(&self, arguments: &Map<String, Value>) -> Result<String, RequestError> {
        let mut path = String::new();
        for part in &self.plan.template.path {
            match part {
                Part::Literal(text) => path.push_str(text),
                Part::Parameter(name) => path.push_str(&self.segment(name, arguments)?),
            }
        }
        if path.split('/').any(is_dots) {
            return Err(RequestError::LeavesPath);
        }
        Ok(path)
    }

    fn fixed_query(&self, arguments: &Map<String, Value>) -> Result<Vec<String>, RequestError> {
        let mut query = String::new();
        for part in &self.plan.template.query {
            match part {
                Part::Literal(text) => query.push_str(text),
                Part::Parameter(name) => query.push_str(&self.segment(name, arguments)?),
            }
        }
        Ok(if query.is_empty() {
            Vec::new()
        } else {
            vec![query]
        })
    }

    fn segment(&self, name: &str, arguments: &Map<String, Value>) -> Result<String, RequestError> {
        let is_it =
            |parameter: &&Parameter| parameter.location == Place::Path && parameter.name == name;
        let Some(parameter) = self.plan.parameters.iter().find(is_it) else {
            return Err(RequestError::MissingArgument {
                argument: name.to_owned(),
            });
        };
        let missing = || RequestError::MissingArgument {
            argument: parameter.argument.clone(),
        };
        let value = given(arguments, parameter)?.ok_or_else(missing)?;
        let text = match &parameter.encoding {
            Encoding::Style(styled) => style::path(*styled, name, value),
            Encoding::Content(media_type) => {
                encode(&as_content(media_type, value), Reserved::Encode)
            }
        };
        let problem = if text.is_empty() {
            Problem::EmptySegment
        } else if is_dots(&text) {
            Problem::DotSegment
        } else {
            return Ok(text);
        };
        Err(RequestError::InvalidArgument {
            argument: parameter.argument.clone(),
            problem,
        })
    }
}

/// The value of a parameter; `null` counts as not given.
fn given<'a>(
    arguments: &'a Map<String, Value>,
    parameter: &Parameter,
) -> Result<Option<&'a Value>, RequestError> {
    let value = arguments
        .get(&parameter.argument)
        .filter(|value| !value.is_null());
    if value.is_none() && parameter.required {
        return Err(RequestError::MissingArgument {
            argument: parameter.argument.clone(),
        });
    }
    Ok(value)
}

/// Adds a parameter that does not stand in the path.
fn add(draft: &mut Draft, parameter: &Parameter, value: &Value) -> Result<(), RequestError> {
    let Parameter { name, argument, .. } = parameter;
    match (parameter.location, &parameter.encoding) {
        (Place::Path | Place::Body, _) => {}
        (Place::Query, Encoding::Style(styled)) => {
            let pairs = style::pairs(*styled, name, value);
            if pairs.is_empty() && parameter.allow_empty {
                draft
                    .query
                    .push(format!("{}=", encode(name, Reserved::Encode)));
            }
            draft.query.extend(
                pairs
                    .into_iter()
                    .map(|(name, value)| format!("{name}={value}")),
            );
        }
        (Place::Query, Encoding::Content(media_type)) => {
            draft.set_query(name, &as_content(media_type, value));
        }
        (Place::Header, encoding) => {
            let text = match encoding {
                Encoding::Style(styled) => style::header(*styled, value),
                Encoding::Content(media_type) => as_content(media_type, value),
            };
            let is_control = |character: char| character.is_control() && character != '\t';
            if text.chars().any(is_control) {
                let problem = Problem::ControlCharacter;
                return Err(RequestError::InvalidArgument {
                    argument: argument.clone(),
                    problem,
                });
            }
            draft.headers.push((name.clone(), text));
        }
        (Place::Cookie, Encoding::Style(styled)) => {
            draft.cookies.extend(style::pairs(*styled, name, value));
        }
        (Place::Cookie, Encoding::Content(media_type)) => {
            draft.set_cookie(name, &as_content(media_type, value));
        }
    }
    Ok(())
}

/// A parameter with `content` as text: JSON where the media type says so.
fn as_content(media_type: &str, value: &Value) -> String {
    match value {
        Value::String(text) if !is_json(&essence(media_type)) => text.clone(),
        other => other.to_string(),
    }
}

/// A request while it is put together.
#[derive(Default)]
struct Draft {
    /// Pieces of the query, encoded.
    query: Vec<String>,
    headers: Vec<(String, String)>,
    /// Names and values of cookies, encoded.
    cookies: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Draft {
    /// Sets a header; a secret replaces what an argument put there.
    fn set_header(&mut self, name: &str, value: String) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
    }

    fn set_query(&mut self, name: &str, value: &str) {
        let name = encode(name, Reserved::Encode);
        self.query
            .retain(|piece| piece.split('=').next() != Some(name.as_str()));
        self.query
            .push(format!("{name}={}", encode(value, Reserved::Encode)));
    }

    fn set_cookie(&mut self, name: &str, value: &str) {
        let name = encode(name, Reserved::Encode);
        self.cookies.retain(|(other, _)| *other != name);
        self.cookies.push((name, encode(value, Reserved::Encode)));
    }

    fn finish(
        mut self,
        method: Method,
        base: &str,
        path: &str,
    ) -> Result<HttpRequest, RequestError> {
        if !self.cookies.is_empty() {
            let cookies = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let cookies = cookies.collect::<Vec<_>>().join("; ");
            self.headers.push(("Cookie".to_owned(), cookies));
        }
        let mut url = format!("{base}{path}");
        // The last word: a URL parser must see the path that was meant, under the same host.
        let parsed = Url::parse(&url).map_err(|_| RequestError::LeavesPath)?;
        if parsed.as_str() != url {
            return Err(RequestError::LeavesPath);
        }
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query.join("&"));
        }
        Ok(HttpRequest {
            method,
            url,
            headers: self.headers,
            body: self.body,
        })
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.split('?').next().unwrap_or_default())
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .finish()
    }
}

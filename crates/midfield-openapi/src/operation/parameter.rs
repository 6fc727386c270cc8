//! Parameters of an operation: which there are, how each is written in a request, and under
//! which argument a caller gives it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Reason;
use crate::document::Node;

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// The argument that holds its value.
    pub(crate) argument: String,
    /// Its name in the request.
    pub(crate) name: String,
    pub(crate) location: Place,
    pub(crate) encoding: Encoding,
    pub(crate) required: bool,
    /// Whether a query parameter may be sent with a name and no value.
    pub(crate) allow_empty: bool,
}

/// Where an argument stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In the path of the URL.
    Path,
    /// In the query of the URL.
    Query,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
    /// It is the body.
    Body,
}

/// An argument of an operation and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument<'a> {
    /// Its name among the arguments.
    pub name: &'a str,
    /// Where it stands in the request.
    pub place: Place,
    /// Its name in the request: that of the parameter; for a body its media type.
    pub source: &'a str,
    /// Whether it must be given.
    pub required: bool,
}

/// How a value becomes text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// By the rules of a style.
    Style(Styled),
    /// As a document of this media type.
    Content(String),
}

/// A style with its switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Styled {
    pub(crate) style: Style,
    pub(crate) explode: bool,
    /// Whether reserved characters of a URL stay as they are.
    pub(crate) allow_reserved: bool,
}

/// The styles of the specification, and tabs, which Swagger 2.0 has (`collectionFormat: tsv`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    TabDelimited,
    DeepObject,
}

/// A parameter with the place of its schema, before it becomes an argument.
#[derive(Debug, Clone)]
pub(crate) struct Declared<'d> {
    pub(crate) parameter: Parameter,
    /// The parameter object, for its description; `None` when only the path names it.
    pub(crate) node: Option<Node<'d>>,
    /// Its schema; `None` leaves it open.
    pub(crate) schema: Option<Node<'d>>,
}

impl Place {
    /// The place as the specification names it: `path`, `query`, `header`, `cookie`, or `body`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header, Self::Cookie]
            .into_iter()
            .find(|place| place.as_str().eq_ignore_ascii_case(text.trim()))
    }

    fn default_style(self) -> Style {
        match self {
            Self::Path | Self::Header => Style::Simple,
            Self::Query | Self::Cookie | Self::Body => Style::Form,
        }
    }

    fn allows(self, style: Style) -> bool {
        match style {
            Style::Simple => matches!(self, Self::Path | Self::Header),
            Style::Label | Style::Matrix => self == Self::Path,
            Style::Form => matches!(self, Self::Query | Self::Cookie),
            _ => self == Self::Query,
        }
    }
}

impl Style {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "simple" => Self::Simple,
            "label" => Self::Label,
            "matrix" => Self::Matrix,
            "form" => Self::Form,
            "spaceDelimited" => Self::SpaceDelimited,
            "pipeDelimited" => Self::PipeDelimited,
            "tabDelimited" => Self::TabDelimited,
            "deepObject" => Self::DeepObject,
            _ => return None,
        })
    }
}

impl Styled {
    /// The style that `node` declares, or the default for `place` where it declares none that
    /// fits there.
    pub(crate) fn of(node: Option<Node<'_>>, place: Place) -> Self {
        let declared = node
            .and_then(|node| node.text("style"))
            .and_then(Style::parse);
        let style = declared.filter(|style| place.allows(*style));
        let style = style.unwrap_or_else(|| place.default_style());
        let explode = node.and_then(|node| node.flag("explode"));
        Self {
            style,
            explode: explode.unwrap_or(style == Style::Form),
            allow_reserved: node
                .and_then(|node| node.flag("allowReserved"))
                .unwrap_or(false),
        }
    }
}

/// The parameters of an operation: its own, and those of its path that it does not replace.
pub(super) fn declared<'d>(
    operation: Node<'d>,
    item: Node<'d>,
) -> Result<Vec<Declared<'d>>, Reason> {
    let mut all: Vec<Declared<'d>> = Vec::new();
    let mut seen = HashSet::new();
    let list = |node: Node<'d>| node.member("parameters").into_iter().flat_map(Node::items);
    let own = list(operation).enumerate();
    for (index, written) in own.chain(list(item).enumerate()) {
        if index >= MAX_PARAMETERS {
            return Err(Reason::TooManyParameters(MAX_PARAMETERS));
        }
        let node = written.resolve().map_err(Reason::BrokenReference)?;
        let Some(found) = parse(node, index + 1)? else {
            continue;
        };
        let key = (found.parameter.location, found.parameter.name.clone());
        if seen.insert(key) {
            all.push(found);
        }
    }
    Ok(all)
}

/// One parameter; `None` for those that the specification says to ignore.
fn parse(node: Node<'_>, number: usize) -> Result<Option<Declared<'_>>, Reason> {
    let invalid = |field| Reason::InvalidParameter { number, field };
    let name = scalar(node.get("name"));
    let location = node
        .text("in")
        .and_then(Place::parse)
        .ok_or_else(|| invalid("in"))?;
    let required = location == Place::Path || node.flag("required").unwrap_or(false);
    let refused = if name.is_empty() {
        invalid("name")
    } else if location == Place::Header && is_ignored(&name) {
        return Ok(None);
    } else if location == Place::Header && !is_token(&name) {
        Reason::InvalidHeaderName(name)
    } else {
        return Ok(Some(accepted(node, name, location, required)));
    };
    // What cannot be sent is in the way of the call only when it must be sent.
    if required { Err(refused) } else { Ok(None) }
}

/// The text of a name, also when a writer of YAML forgot its quotes.
fn scalar(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

fn is_ignored(header: &str) -> bool {
    IGNORED_HEADERS
        .iter()
        .any(|ignored| header.eq_ignore_ascii_case(ignored))
}

/// A parameter whose name and place are known to be usable.
fn accepted(node: Node<'_>, name: String, location: Place, required: bool) -> Declared<'_> {
    let content = node
        .member("content")
        .and_then(|content| content.entries().next());
    let (encoding, schema) = match content {
        Some((media_type, value)) => {
            let value = value.resolve().ok();
            let schema = value.and_then(|value| value.raw_member("schema"));
            (Encoding::Content(media_type.to_owned()), schema)
        }
        None => (
            Encoding::Style(Styled::of(Some(node), location)),
            node.raw_member("schema"),
        ),
    };
    let allow_empty = node.flag("allowEmptyValue").unwrap_or(false);
    let argument = String::new();
    let parameter = Parameter {
        argument,
        name,
        location,
        encoding,
        required,
        allow_empty,
    };
    Declared {
        parameter,
        node: Some(node),
        schema,
    }
}

/// A path parameter that the path names and that nothing declares: text, required.
pub(super) fn undeclared(name: &str) -> Declared<'static> {
    let parameter = Parameter {
        argument: String::new(),
        name: name.to_owned(),
        location: Place::Path,
        encoding: Encoding::Style(Styled::of(None, Place::Path)),
        required: true,
        allow_empty: false,
    };
    Declared {
        parameter,
        node: None,
        schema: None,
    }
}

/// Gives each parameter its argument.
///
/// The rule: an argument has the parameter's name, with each run of characters other than
/// `A-Z a-z 0-9 _ . -` as one `_` and at most 64 characters. Parameters that would share a name,
/// or the name `body` when there is a body, get their location in front (`query_id`); should
/// that not be enough, a number behind.
pub(super) fn name_arguments(parameters: &mut [Declared<'_>], has_body: bool) {
    let plain: Vec<String> = parameters
        .iter()
        .map(|declared| clean(&declared.parameter.name))
        .collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in &plain {
        *uses.entry(name).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (declared, name) in parameters.iter_mut().zip(&plain) {
        let clashes = uses.get(name.as_str()).is_some_and(|uses| *uses > 1)
            || name.is_empty()
            || (has_body && name == super::BODY);
        let mut argument = name.clone();
        if clashes {
            let location = declared.parameter.location.as_str();
            let base = shorten(format!("{location}_{name}").trim_end_matches('_'));
            let number = numbers.entry(base.clone()).or_insert(1);
            argument.clone_from(&base);
            while taken.contains(&argument) || uses.contains_key(argument.as_str()) {
                *number += 1;
                argument = format!("{base}_{number}");
            }
        }
        taken.insert(argument.clone());
        declared.parameter.argument = argument;
    }
}

fn clean(name: &str) -> String {
    let mut cleaned = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-') {
            cleaned.push(character);
        } else if !cleaned.is_empty() && !cleaned.ends_with('_') {
            cleaned.push('_');
        }
    }
    let odd_end = name.ends_with(|last: char| !last.is_ascii_alphanumeric() && last != '_');
    shorten(if odd_end {
        cleaned.trim_end_matches('_')
    } else {
        &cleaned
    })
}

/// At most 60 characters, which leaves room for a number.
fn shorten(name: &str) -> String {
    name.chars().take(MAX_ARGUMENT).collect()
}

/// Whether text can be the name of a header (a `token` of RFC 9110).
pub(crate) fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// Headers that are no arguments: the first three by the specification; the others belong to the
/// connection, which whoever sends the request keeps.
const IGNORED_HEADERS: [&str; 12] = [
    "accept",
    "content-type",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Parameters that an operation may have, and its path item as many.
const MAX_PARAMETERS: usize = 2_000;

/// Clients of language models refuse properties with more than 64 characters.
const MAX_ARGUMENT: usize = 60;

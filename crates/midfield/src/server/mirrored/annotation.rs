//! The annotation `x-mcp-header` in a tool's input schema
//! ([2026-07-28, schema extension](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#schema-extension)).

use http::HeaderName;
use midfield_protocol::types::Schema;
use serde_json::{Map, Value};

use super::{Member, Mirrored, Parameter};

/// An annotation for which a client would hide the tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMirror {
    /// The name is none that a header can have.
    #[error("the `x-mcp-header` of `{place}` is {value}, which is no name of a header")]
    Name { place: String, value: Value },
    /// Two arguments share a header.
    #[error("the `x-mcp-header` of `{place}` is that of `{other}` too, letter case aside")]
    Repeated { place: String, other: String },
    /// The argument is no string, integer or boolean.
    #[error("`{place}` has an `x-mcp-header`, so that its type must be string, integer or boolean")]
    Type { place: String },
    /// The argument is not a member of the arguments, or of their members.
    #[error(
        "`{place}` has an `x-mcp-header`, which only `properties` within `properties` may have"
    )]
    Unreachable { place: String },
}

/// The mirrored arguments of a schema.
pub(super) fn collect(schema: &Schema) -> Result<Mirrored, InvalidMirror> {
    let mut mirrored = Mirrored::default();
    let keywords = schema.keywords();
    if keywords.contains_key(ANNOTATION) {
        return Err(InvalidMirror::Unreachable {
            place: "the arguments".into(),
        });
    }
    let root = below(keywords, "", &mut mirrored.parameters)?;
    mirrored.root.members = root;
    Ok(mirrored)
}

/// The members of an object that is reached by `properties` alone, as far as they lead to parameters.
fn below(
    keywords: &Map<String, Value>,
    path: &str,
    parameters: &mut Vec<Parameter>,
) -> Result<Vec<(String, Member)>, InvalidMirror> {
    let mut members = Vec::new();
    for (keyword, value) in keywords {
        if keyword != "properties" {
            refuse_within(keyword, value, path)?;
            continue;
        }
        let properties = value.as_object().into_iter().flatten();
        for (name, property) in properties {
            let Some(property) = property.as_object() else {
                continue;
            };
            let path = join(path, name);
            let parameter = property
                .get(ANNOTATION)
                .map(|annotation| parameter(annotation, property, &path, parameters))
                .transpose()?;
            let below = below(property, &path, parameters)?;
            if parameter.is_some() || !below.is_empty() {
                let member = Member {
                    parameter,
                    members: below,
                };
                members.push((name.clone(), member));
            }
        }
    }
    Ok(members)
}

/// Adds the parameter that is annotated, and gives its index.
fn parameter(
    annotation: &Value,
    property: &Map<String, Value>,
    path: &str,
    parameters: &mut Vec<Parameter>,
) -> Result<usize, InvalidMirror> {
    let header = annotation.as_str().and_then(header);
    let header = header.ok_or_else(|| InvalidMirror::Name {
        place: path.to_owned(),
        value: annotation.clone(),
    })?;
    if !is_primitive(property.get("type")) {
        return Err(InvalidMirror::Type {
            place: path.to_owned(),
        });
    }
    if let Some(other) = parameters.iter().find(|other| other.header == header) {
        return Err(InvalidMirror::Repeated {
            place: path.to_owned(),
            other: other.path.clone(),
        });
    }
    parameters.push(Parameter {
        header,
        path: path.to_owned(),
    });
    Ok(parameters.len() - 1)
}

/// The header of a name, which must be a token
/// ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)).
fn header(name: &str) -> Option<HeaderName> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        return None;
    }
    HeaderName::from_bytes(format!("mcp-param-{name}").as_bytes()).ok()
}

/// Whether it is a type that can be mirrored, or this or null, which is mirrored as absent.
fn is_primitive(kind: Option<&Value>) -> bool {
    let is_one = |kind: &Value| {
        kind.as_str()
            .is_some_and(|name| ["string", "integer", "boolean"].contains(&name))
    };
    match kind {
        Some(Value::Array(kinds)) => match kinds.as_slice() {
            [one, null] if null == "null" => is_one(one),
            [null, one] if null == "null" => is_one(one),
            _ => false,
        },
        Some(kind) => is_one(kind),
        None => false,
    }
}

/// Refuses annotations in what a keyword holds, if that is a schema or several.
fn refuse_within(keyword: &str, value: &Value, path: &str) -> Result<(), InvalidMirror> {
    let place = || join(path, keyword);
    if NAMED.contains(&keyword) {
        let schemas = value.as_object().into_iter().flatten();
        for (name, schema) in schemas {
            refuse(schema, &join(&place(), name))?;
        }
    } else if SCHEMAS.contains(&keyword) {
        match value {
            Value::Array(schemas) => {
                for schema in schemas {
                    refuse(schema, &place())?;
                }
            }
            schema => refuse(schema, &place())?,
        }
    }
    Ok(())
}

/// Refuses annotations in a schema that is not reached by `properties` alone.
fn refuse(schema: &Value, path: &str) -> Result<(), InvalidMirror> {
    let Some(keywords) = schema.as_object() else {
        return Ok(());
    };
    if keywords.contains_key(ANNOTATION) {
        return Err(InvalidMirror::Unreachable { place: path.into() });
    }
    for (keyword, value) in keywords {
        refuse_within(keyword, value, path)?;
    }
    Ok(())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

const ANNOTATION: &str = "x-mcp-header";

/// Keywords whose members are schemas under names of their author.
const NAMED: [&str; 6] = [
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// Keywords that hold a schema or a list of schemas.
const SCHEMAS: [&str; 16] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Longest name of a header that is taken, in bytes.
const MAX_NAME: usize = 128;

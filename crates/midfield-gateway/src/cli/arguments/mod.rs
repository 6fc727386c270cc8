//! Arguments of a tool, or fields of a form, from words such as `count=3`, by the schema that they are for.
//!
//! | word | means |
//! |---|---|
//! | `a=1` | what stands there, as the schema has it: a number, true or false, a text, a choice |
//! | `a=x a=y` | an array; one of a single item is written once, or as JSON: `a=["x"]` |
//! | `a.b=1`, `a={"b": 1}` | an object |
//! | `a:=JSON` | that JSON, whatever the schema says |
//! | `a=@FILE`, `a:=@FILE` | what the file holds, or `-` for stdin |

mod convert;
mod exact;
mod files;
mod schema;

pub(super) use files::Files;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::misfit::misfit;
use super::text::line;
use convert::Given;
use schema::Schema;

/// Reads what a name such as `FILE` or `-` stands for.
pub(super) type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// The object that `words` say, with `base` beneath them.
///
/// # Errors
/// With the name, what was expected, and what was probably meant.
pub(super) fn read(
    words: &[String],
    base: Map<String, Value>,
    schema: &Value,
    files: ReadFile<'_>,
) -> Result<Map<String, Value>, String> {
    let root = Schema::root(schema);
    let mut given: IndexMap<Vec<String>, (Schema<'_>, Vec<Given>)> = IndexMap::new();
    for word in words {
        let (name, value) = Given::parse(word, files)?;
        let (path, schema) = path(name, root)?;
        let (_, values) = given.entry(path).or_insert_with(|| (schema, Vec::new()));
        values.push(value);
    }
    let mut object = base;
    for (path, (schema, values)) in given {
        let name = path.join(".");
        let value = convert::value(&name, values, schema)?;
        put(&mut object, &path, value).map_err(|()| {
            format!(
                "`{}` is given both as a value and by its members",
                line(&name)
            )
        })?;
    }
    check(&object, root, schema)?;
    Ok(object)
}

/// The object that an option such as `--args` gives: JSON, or `@FILE` with it, or `-` for stdin.
///
/// # Errors
/// With what is wrong, under the name of the option.
pub(super) fn base(
    option: &str,
    text: &str,
    files: ReadFile<'_>,
) -> Result<Map<String, Value>, String> {
    let bytes = match files::named(text) {
        Some(name) => files(name)?,
        None => text.as_bytes().to_vec(),
    };
    match json(option, &bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(format!("`{option}` takes a JSON object")),
    }
}

/// The JSON that `name` is given. A whole number that would be sent as another one is refused.
fn json(name: &str, bytes: &[u8]) -> Result<Value, String> {
    let name = line(name);
    let value = serde_json::from_slice(bytes);
    let value = value.map_err(|error| format!("`{name}` is no JSON: {error}"))?;
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match exact::altered(text) {
        Some(number) => Err(too_long(&name, number)),
        None => Ok(value),
    }
}

fn too_long(name: &str, number: &str) -> String {
    format!(
        "`{name}` has the whole number {}, which is too long to be sent as it is: numbers have 64 bits; write it as a text",
        convert::short(number)
    )
}

/// The members that lead to what `name` means, and the schema of it. A member may itself have dots in its name.
fn path<'s>(name: &str, root: Schema<'s>) -> Result<(Vec<String>, Schema<'s>), String> {
    let mut path = Vec::new();
    let mut schema = root;
    let mut rest = name;
    loop {
        let splits = rest
            .match_indices('.')
            .map(|(at, _)| at)
            .chain([rest.len()]);
        let mut known = splits.filter_map(|at| {
            let (member, after) = rest.split_at(at);
            schema.property(member).map(|found| (member, after, found))
        });
        // The longest name that is known; else the first part, if other names are let in.
        let found = known.by_ref().last();
        let (member, after, below) = if let Some(found) = found {
            found
        } else {
            let (member, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
            let below = schema.other();
            let below = below.ok_or_else(|| unknown(name, member, &path, schema))?;
            (member, after, below)
        };
        if member.is_empty() || path.len() >= MAX_DEPTH {
            return Err(format!("`{}` is no name of an argument", line(name)));
        }
        path.push(member.to_owned());
        schema = below;
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None => return Ok((path, schema)),
        }
    }
}

fn unknown(name: &str, member: &str, path: &[String], schema: Schema<'_>) -> String {
    let names = schema.names();
    if !path.is_empty() && names.is_empty() {
        let kinds = schema.kinds().told();
        return format!(
            "`{}` is {kinds}, which has no member `{}`",
            line(&path.join(".")),
            line(member)
        );
    }
    let hint = match crate::config::nearest(member, names.iter().copied()) {
        Some(near) => format!("; did you mean `{}`?", line(near)),
        None if names.is_empty() => ": there are none".to_owned(),
        None => {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("`{}`", line(name)))
                .collect();
            format!(": there are {}", names.join(", "))
        }
    };
    format!("there is no argument `{}`{hint}", line(name))
}

fn put(object: &mut Map<String, Value>, path: &[String], value: Value) -> Result<(), ()> {
    let [first, rest @ ..] = path else {
        return Err(());
    };
    if rest.is_empty() {
        // An object of the base keeps its other members, as one of words does.
        match (object.get_mut(first), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => {
                object.insert(first.clone(), value);
            }
        }
        return Ok(());
    }
    let below = object
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    below
        .as_object_mut()
        .ok_or(())
        .and_then(|below| put(below, rest, value))
}

/// Whether all is there that must be, and all fits.
fn check(object: &Map<String, Value>, root: Schema<'_>, schema: &Value) -> Result<(), String> {
    let missing = root
        .required()
        .into_iter()
        .filter(|name| !object.contains_key(*name));
    let missing: Vec<String> = missing
        .map(|name| {
            let kinds = root
                .property(name)
                .map_or_else(|| "any value".to_owned(), |schema| schema.kinds().told());
            format!("`{}` ({kinds})", line(name))
        })
        .collect();
    if !missing.is_empty() {
        return Err(format!("missing: {}", missing.join(", ")));
    }
    misfit(schema, &Value::Object(object.clone())).map_or(Ok(()), Err)
}

/// Most members within each other.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests;

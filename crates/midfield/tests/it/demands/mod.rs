//! What the specification demands of a server and no other file shows; `docs/revisions.md` lists all demands.

mod asking;
mod base;
mod lists;
mod logs;
mod meta;
mod results;
mod schemas;
mod streams;
mod trace;

use serde_json::Value;

/// Every object under a key of this name, however deep.
fn all_of<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.push(member);
                }
                all_of(key, member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all_of(key, item, found)),
        _ => {}
    }
}

//! What a client wants to be told of when it changes.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Most resources, and most tasks, that one subscription names.
const MAX_NAMES: usize = 1_000;

/// Longest URI of a resource, or id of a task, in a subscription, in bytes.
const MAX_NAME: usize = 8 << 10;

/// Which changes a client listens to
/// ([2026-07-28, subscriptions](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions)).
///
/// A list of more than 1,000 resources or tasks, and a URI or an id of more than 8 KiB, cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Filter {
    /// Of the list of tools.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    /// Of the list of prompts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    /// Of the list of resources.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
    /// Of these resources, by URI.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "names"
    )]
    pub resource_subscriptions: Vec<String>,
    /// Of these tasks, by id: of the extension [`TASKS_EXTENSION`](super::TASKS_EXTENSION).
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "names"
    )]
    pub task_ids: Vec<String>,
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {MAX_NAMES} URIs or ids")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = array.next_element::<String>()? {
                if name.len() > MAX_NAME {
                    return Err(A::Error::custom(format_args!(
                        "a URI or an id of more than {MAX_NAME} bytes"
                    )));
                }
                if names.len() == MAX_NAMES {
                    return Err(A::Error::custom(format_args!(
                        "more than {MAX_NAMES} URIs or ids"
                    )));
                }
                names.push(name);
            }
            Ok(names)
        }
    }

    deserializer.deserialize_seq(Names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_bounded_at_the_limits_exactly() {
        let read = |uris: Vec<String>| {
            let text = format!(r#"{{"resourceSubscriptions":["{}"]}}"#, uris.join("\",\""));
            serde_json::from_str::<Filter>(&text)
        };
        assert!(read(vec!["a:b".into(); MAX_NAMES]).is_ok());
        assert!(read(vec!["a:b".into(); MAX_NAMES + 1]).is_err());
        assert!(read(vec!["u".repeat(MAX_NAME)]).is_ok());
        assert!(read(vec!["u".repeat(MAX_NAME + 1)]).is_err());
    }
}

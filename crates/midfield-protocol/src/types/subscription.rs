//! What a client wants to be told of when it changes.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Most resources that one subscription names.
const MAX_RESOURCES: usize = 1_000;

/// Longest URI of a resource in a subscription, in bytes.
const MAX_URI: usize = 8 << 10;

/// Which changes a client listens to
/// ([2026-07-28, subscriptions](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions)).
///
/// A list of more than 1,000 resources, and a URI of more than 8 KiB, cannot be read.
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
        deserialize_with = "uris"
    )]
    pub resource_subscriptions: Vec<String>,
}

fn uris<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Uris;

    impl<'de> Visitor<'de> for Uris {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {MAX_RESOURCES} URIs")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            let mut uris = Vec::new();
            while let Some(uri) = array.next_element::<String>()? {
                if uri.len() > MAX_URI {
                    return Err(A::Error::custom(format_args!(
                        "a URI of more than {MAX_URI} bytes"
                    )));
                }
                if uris.len() == MAX_RESOURCES {
                    return Err(A::Error::custom(format_args!(
                        "more than {MAX_RESOURCES} URIs"
                    )));
                }
                uris.push(uri);
            }
            Ok(uris)
        }
    }

    deserializer.deserialize_seq(Uris)
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
        assert!(read(vec!["a:b".into(); MAX_RESOURCES]).is_ok());
        assert!(read(vec!["a:b".into(); MAX_RESOURCES + 1]).is_err());
        assert!(read(vec!["u".repeat(MAX_URI)]).is_ok());
        assert!(read(vec!["u".repeat(MAX_URI + 1)]).is_err());
    }
}

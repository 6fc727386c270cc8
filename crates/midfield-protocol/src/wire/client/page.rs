//! Pages of lists.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::FromResult;
use super::read::{self, Hints};
use crate::types::{Freshness, Prompt, Resource, ResourceTemplate, Tool};
use crate::wire::Codec;
use crate::{Call, Raw};

/// What stands in a list.
pub trait Listed: DeserializeOwned + Send + Sync + 'static {
    /// The member under which a page has its items.
    const KEY: &'static str;

    /// The request for the page that begins at `cursor`.
    fn list(cursor: Option<String>) -> Call<'static>;

    /// What the item is called, for people.
    fn label(&self) -> &str;
}

impl Listed for Tool {
    const KEY: &'static str = "tools";

    fn list(cursor: Option<String>) -> Call<'static> {
        Call::ListTools {
            cursor: cursor.map(Cow::Owned),
        }
    }

    fn label(&self) -> &str {
        &self.name
    }
}

impl Listed for Resource {
    const KEY: &'static str = "resources";

    fn list(cursor: Option<String>) -> Call<'static> {
        Call::ListResources {
            cursor: cursor.map(Cow::Owned),
        }
    }

    fn label(&self) -> &str {
        &self.uri
    }
}

impl Listed for ResourceTemplate {
    const KEY: &'static str = "resourceTemplates";

    fn list(cursor: Option<String>) -> Call<'static> {
        Call::ListResourceTemplates {
            cursor: cursor.map(Cow::Owned),
        }
    }

    fn label(&self) -> &str {
        &self.uri_template
    }
}

impl Listed for Prompt {
    const KEY: &'static str = "prompts";

    fn list(cursor: Option<String>) -> Call<'static> {
        Call::ListPrompts {
            cursor: cursor.map(Cow::Owned),
        }
    }

    fn label(&self) -> &str {
        &self.name
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What is wrong with those that cannot be read. One bad item does not take the others with it.
    pub unreadable: Vec<String>,
    /// Where the next page begins; `None`: this is the last one. An empty text is a cursor like any other.
    pub next_cursor: Option<String>,
    /// How long this page may be kept.
    pub freshness: Freshness,
}

impl<T: Listed> FromResult for Page<T> {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Tail {
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let tail: Tail = read::object(result)?;
        let raws: Vec<Raw> = read::member(result, T::KEY)?;
        let mut items = Vec::with_capacity(raws.len());
        let mut unreadable = Vec::new();
        for (index, raw) in raws.iter().enumerate() {
            match raw.read::<T>() {
                Ok(item) => items.push(item),
                Err(error) => unreadable.push(format!("`{}[{index}]`: {error}", T::KEY)),
            }
        }
        Ok(Self {
            items,
            unreadable,
            next_cursor: tail.next_cursor,
            freshness: Hints::read(result).freshness(),
        })
    }
}

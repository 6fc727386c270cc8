//! By what an entry is known: the name that the author gave it, and how often that name had been used before.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::failure::NameProblem;

/// A name and the how-many-eth use of it in one call; written `confirm`, and `confirm#2` for the second use.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    name: String,
    occurrence: u32,
}

impl Key {
    /// The most bytes that a name may have.
    pub const NAME_LIMIT: usize = 256;

    /// The key of a use of `name`, of which the first is 1; 0 counts as 1.
    ///
    /// # Errors
    /// When the name is empty, holds a `#` or is longer than [`Self::NAME_LIMIT`].
    pub fn new(name: &str, occurrence: u32) -> Result<Self, NameProblem> {
        Self::check(name)?;
        Ok(Self {
            name: name.to_owned(),
            occurrence: occurrence.max(1),
        })
    }

    /// The name that the author gave.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which use of the name it is, from 1.
    pub fn occurrence(&self) -> u32 {
        self.occurrence
    }

    /// Whether `name` can be a name.
    pub(crate) fn check(name: &str) -> Result<(), NameProblem> {
        if name.is_empty() {
            Err(NameProblem::Empty)
        } else if name.len() > Self::NAME_LIMIT {
            Err(NameProblem::TooLong)
        } else if name.contains('#') {
            Err(NameProblem::Hash)
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.occurrence > 1 {
            write!(f, "#{}", self.occurrence)?;
        }
        Ok(())
    }
}

/// Reads what `Display` writes, and nothing else: there is one text for each key.
impl FromStr for Key {
    type Err = UnreadableKey;

    fn from_str(text: &str) -> Result<Self, UnreadableKey> {
        let (name, occurrence) = match text.split_once('#') {
            None => (text, 1),
            Some((name, digits)) => match digits.parse() {
                Ok(number) if number > 1 && !digits.starts_with(['0', '+']) => (name, number),
                _ => return Err(UnreadableKey),
            },
        };
        Self::new(name, occurrence).map_err(|_| UnreadableKey)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key is a name of 1 to {} bytes, and for its second use on a `#` and the number of the use",
    Key::NAME_LIMIT
)]
pub struct UnreadableKey;

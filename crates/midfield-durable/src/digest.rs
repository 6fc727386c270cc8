//! A short mark of what was asked, so that a journal notices when a handler asks for something else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use midfield_protocol::Raw;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::kind::Kind;

/// The first 16 bytes of the SHA-256 of what was asked; in JSON 22 characters of base64 (URL-safe, without padding).
///
/// It tells requests apart, it is no proof of origin: a journal that a peer carries must be sealed as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of a request, as it is written: the same value with other white space is another request.
    pub fn of(kind: Kind, request: &Raw) -> Self {
        Self::parts(&[kind.word(), request.as_str()])
    }

    /// The digest of texts, each with its length, so that moving a border between them makes another digest.
    pub(crate) fn parts(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let full: [u8; 32] = hash.finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Self(short)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(&text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(D::Error::custom("a digest is 22 characters of base64")),
        }
    }
}

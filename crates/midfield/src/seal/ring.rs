//! The keys that tokens are sealed with: one current, and former ones that still open what they sealed.

use std::fmt;

use chacha20poly1305::aead::KeyInit as _;
use chacha20poly1305::{Key, XChaCha20Poly1305};
use sha2::{Digest as _, Sha256};

use super::{NoRandomness, random};

/// The keys with which a server seals what its clients carry for it: session ids, `requestState`
/// and cursors.
///
/// Servers that stand in for one another share one ring. Each installation has its own: there is no
/// default that several could share.
#[derive(Clone)]
pub struct KeyRing {
    /// The first one seals, all of them open.
    keys: Vec<SealingKey>,
}

/// Why a text is no key ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// A line is neither a key nor a comment.
    #[error("line {line} of the key ring is no key: 64 hexadecimal digits were expected")]
    Line {
        /// Which line, from 1.
        line: usize,
    },
    /// There is no key.
    #[error("the key ring holds no key")]
    Empty,
}

/// One key, with the cipher that is made from it.
#[derive(Clone)]
pub(super) struct SealingKey {
    bytes: [u8; 32],
    pub(super) id: KeyId,
    pub(super) cipher: XChaCha20Poly1305,
}

/// What a token says of the key that it was sealed with.
pub(super) type KeyId = [u8; 4];

impl KeyRing {
    /// A ring of one new key that nobody else has.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::new(random()?))
    }

    /// A ring of one key: 32 bytes that nobody can guess.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            keys: vec![SealingKey::new(key)],
        }
    }

    /// The same ring with a key that opens what was sealed with it and seals nothing more.
    #[must_use]
    pub fn former(mut self, key: [u8; 32]) -> Self {
        self.keys.push(SealingKey::new(key));
        self
    }

    /// The ring after a rotation: a new key seals, and the `kept` newest of the others still open.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn rotated(&self, kept: usize) -> Result<Self, NoRandomness> {
        let mut keys = vec![SealingKey::new(random()?)];
        keys.extend(self.keys.iter().take(kept).cloned());
        Ok(Self { keys })
    }

    /// Reads a ring from its text: one key a line in 64 hexadecimal digits, the current one first.
    /// Empty lines, and those that begin with `#`, are passed over.
    ///
    /// # Errors
    /// When a line is no key, or there is none. The error does not repeat the line.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = from_hex(line).ok_or(KeyRingError::Line { line: at + 1 })?;
            keys.push(SealingKey::new(key));
        }
        if keys.is_empty() {
            return Err(KeyRingError::Empty);
        }
        Ok(Self { keys })
    }

    /// The ring as text, to be kept where only the server can read it.
    pub fn to_text(&self) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        for key in &self.keys {
            for byte in key.bytes {
                // Writing into a string cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        text
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// A ring is never empty.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that seals.
    pub(super) fn current(&self) -> Option<&SealingKey> {
        self.keys.first()
    }

    /// The keys that may have sealed a token that names `id`.
    pub(super) fn named(&self, id: KeyId) -> impl Iterator<Item = &SealingKey> {
        self.keys.iter().filter(move |key| key.id == id)
    }
}

impl SealingKey {
    fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"midfield key id")
            .chain_update(bytes)
            .finalize();
        let mut id = KeyId::default();
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        Self {
            bytes,
            id,
            cipher: XChaCha20Poly1305::new(&Key::from(bytes)),
        }
    }
}

/// Says how many keys there are, and none of them.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.keys.len())
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_read_back_from_its_text() {
        let ring = KeyRing::new([7; 32]).former([9; 32]);
        let text = format!("# keys\n\n{}", ring.to_text());
        let read = KeyRing::parse(&text).expect("a ring");
        assert_eq!(read.to_text(), ring.to_text());
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let short = "ab".repeat(31);
        let cases = [
            ("", KeyRingError::Empty),
            ("# none", KeyRingError::Empty),
            ("secret", KeyRingError::Line { line: 1 }),
            (short.as_str(), KeyRingError::Line { line: 1 }),
        ];
        for (text, expected) in cases {
            assert_eq!(KeyRing::parse(text).expect_err(text), expected);
        }
        let not_hex = format!("{}\n{}", "00".repeat(32), "+1".repeat(32));
        assert_eq!(
            KeyRing::parse(&not_hex).map(|ring| ring.len()),
            Err(KeyRingError::Line { line: 2 })
        );
        assert!(!format!("{:?}", KeyRing::new([7; 32])).contains("07"));
    }
}

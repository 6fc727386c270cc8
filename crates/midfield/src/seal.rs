//! Sealed tokens: what a peer carries for us and can neither read nor change.
//!
//! Session ids and cursors are such tokens. Each is bound to what it is for, so that one kind never
//! passes for another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

/// What a token is for. It is part of what the seal protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The id of a legacy session.
    Session,
    /// The place where a page of the list of tools begins.
    ToolsCursor,
}

/// Seals and opens tokens with a key of this process.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoRandomness;

impl Sealer {
    /// A sealer with a key that nobody else has.
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let key: [u8; 32] = random()?;
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&Key::from(key)),
        })
    }

    /// Seals `content` into a token of visible ASCII characters.
    pub(crate) fn seal(&self, purpose: Purpose, content: &[u8]) -> Result<String, NoRandomness> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: content,
            aad: purpose.label(),
        };
        // Encryption fails only for contents of many gigabytes.
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens a token; `None` for anything that this sealer did not seal for this purpose.
    pub(crate) fn open(&self, purpose: Purpose, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.label(),
        };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"midfield session",
            Self::ToolsCursor => b"midfield tools cursor",
        }
    }
}

/// `N` bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

const NONCE: usize = 24;

/// Longest token that is looked at: ours stay under 512 characters.
const MAX_TOKEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_unchanged_and_for_its_purpose() {
        let sealer = Sealer::new().expect("randomness");
        let token = sealer.seal(Purpose::Session, b"who").expect("randomness");
        assert_eq!(
            sealer.open(Purpose::Session, &token).as_deref(),
            Some(&b"who"[..])
        );
        assert_eq!(sealer.open(Purpose::ToolsCursor, &token), None);
        assert_eq!(
            Sealer::new()
                .expect("randomness")
                .open(Purpose::Session, &token),
            None
        );
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(
                sealer.open(Purpose::Session, &changed),
                None,
                "changed at {at}"
            );
        }
    }

    #[test]
    fn what_is_no_token_does_not_open() {
        let sealer = Sealer::new().expect("randomness");
        for text in ["", "A", "é", "====", &"A".repeat(40), &"A".repeat(10_000)] {
            assert_eq!(sealer.open(Purpose::Session, text), None);
        }
    }
}

//! Sealed tokens: what a peer carries for us and can neither read nor change.
//!
//! Session ids, cursors and request states are such tokens. Each is bound to what it is
//! for and to the principal that it was given to, so that one kind never passes for another and nobody
//! can use what somebody else was given. That is checked here and nowhere else.

mod file;
mod ring;
mod task;

pub use file::KeyFileError;
pub use ring::{KeyRing, KeyRingError};
pub(crate) use task::TaskSeal;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};
use midfield_protocol::Principal;

/// What a token is for. It is part of what the seal protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The id of a legacy session.
    Session,
    /// The place where a page of a list begins.
    Cursor,
    /// What became of a request that needs input so far.
    RequestState,
}

/// Seals and opens tokens with the keys of a ring.
#[derive(Debug)]
pub(crate) struct Sealer {
    ring: KeyRing,
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
#[non_exhaustive]
pub struct NoRandomness;

impl Sealer {
    /// A sealer with the keys of `ring`.
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// Seals `content` into a token of visible ASCII characters that only `principal` can use.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        principal: &Principal,
        content: &[u8],
    ) -> Result<String, NoRandomness> {
        let key = self.ring.current().ok_or(NoRandomness)?;
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: content,
            aad: &purpose.binding(principal),
        };
        // Encryption fails only for contents of many gigabytes.
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode([&key.id[..], &nonce, &sealed].concat()))
    }

    /// Opens a token; `None` for anything that was not sealed with a key of the ring, for this purpose and
    /// this principal.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        principal: &Principal,
        token: &str,
    ) -> Option<Vec<u8>> {
        if token.len() > purpose.max_token() {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, rest) = bytes.split_first_chunk()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let aad = purpose.binding(principal);
        let payload = || Payload {
            msg: sealed,
            aad: &aad,
        };
        self.ring
            .named(*id)
            .find_map(|key| key.cipher.decrypt(&XNonce::from(*nonce), payload()).ok())
    }
}

impl Purpose {
    /// What the seal protects beside the content.
    fn binding(self, principal: &Principal) -> Vec<u8> {
        let label: &[u8] = match self {
            Self::Session => b"midfield session",
            Self::Cursor => b"midfield cursor",
            Self::RequestState => b"midfield request state",
        };
        let mut binding = Vec::with_capacity(64);
        binding.extend_from_slice(label);
        binding.push(0);
        principal.write_binding(&mut binding);
        binding
    }

    /// Whether a token with a content of so many bytes is short enough to be looked at again.
    pub(crate) const fn opens(self, content: usize) -> bool {
        (content + OVERHEAD).div_ceil(3) * 4 <= self.max_token()
    }

    /// Longest token that is looked at.
    const fn max_token(self) -> usize {
        match self {
            Self::Session | Self::Cursor => 1024,
            Self::RequestState => 4 * 1024 * 1024,
        }
    }
}

/// `N` bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// What a seal adds to its content, in bytes before their encoding.
pub(crate) const OVERHEAD: usize = size_of::<ring::KeyId>() + NONCE + TAG;

const NONCE: usize = 24;
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const ANYBODY: Principal = Principal::Anonymous;

    #[test]
    fn a_token_opens_only_unchanged_for_its_purpose_and_for_its_principal() {
        let sealer = Sealer::new(KeyRing::new([1; 32]));
        let token = sealer
            .seal(Purpose::Session, &ANYBODY, b"who")
            .expect("randomness");
        assert_eq!(
            sealer.open(Purpose::Session, &ANYBODY, &token).as_deref(),
            Some(&b"who"[..])
        );
        assert_eq!(sealer.open(Purpose::Cursor, &ANYBODY, &token), None);
        let somebody = Principal::identified("issuer", "somebody");
        assert_eq!(sealer.open(Purpose::Session, &somebody, &token), None);
        assert_eq!(
            Sealer::new(KeyRing::new([2; 32])).open(Purpose::Session, &ANYBODY, &token),
            None
        );
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(
                sealer.open(Purpose::Session, &ANYBODY, &changed),
                None,
                "changed at {at}"
            );
        }
    }

    #[test]
    fn a_former_key_opens_what_it_sealed_until_it_leaves_the_ring() {
        let old = KeyRing::new([1; 32]);
        let token = Sealer::new(old.clone())
            .seal(Purpose::Cursor, &ANYBODY, b"3")
            .expect("randomness");
        let rotated = old.rotated(1).expect("randomness");
        let opened = |ring: KeyRing| Sealer::new(ring).open(Purpose::Cursor, &ANYBODY, &token);
        assert!(opened(rotated.clone()).is_some());
        let fresh = Sealer::new(rotated.clone())
            .seal(Purpose::Cursor, &ANYBODY, b"3")
            .expect("randomness");
        assert_eq!(
            Sealer::new(old).open(Purpose::Cursor, &ANYBODY, &fresh),
            None
        );
        assert!(opened(rotated.rotated(2).expect("randomness")).is_some());
        assert!(opened(rotated.rotated(1).expect("randomness")).is_none());
    }

    #[test]
    fn what_is_no_token_does_not_open() {
        let sealer = Sealer::new(KeyRing::new([1; 32]));
        for text in ["", "A", "é", "====", &"A".repeat(60), &"A".repeat(10_000)] {
            assert_eq!(sealer.open(Purpose::Session, &ANYBODY, text), None);
        }
    }
}

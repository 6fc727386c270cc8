//! Seals what a store keeps of tasks, with the keys that seal tokens.

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};
use midfield_durable::engine::{Seal, SealError};

use super::{KeyRing, NONCE, random};

/// Seals the contents of tasks: the id of the key, a random nonce, the encrypted content.
pub(crate) struct TaskSeal {
    ring: KeyRing,
}

impl TaskSeal {
    /// Seals with the keys of `ring`.
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self { ring }
    }
}

impl Seal for TaskSeal {
    fn seal(&self, place: &[u8], content: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.ring.current().ok_or(SealError::new())?;
        let nonce: [u8; NONCE] = random().map_err(|_| SealError::new())?;
        let payload = Payload {
            msg: content,
            aad: &binding(place),
        };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SealError::new())?;
        Ok([&key.id[..], &nonce, &sealed].concat())
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, rest) = sealed.split_first_chunk()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let aad = binding(place);
        let payload = || Payload {
            msg: sealed,
            aad: &aad,
        };
        self.ring
            .named(*id)
            .find_map(|key| key.cipher.decrypt(&XNonce::from(*nonce), payload()).ok())
    }
}

/// What the seal protects beside the content. No token has such a label.
fn binding(place: &[u8]) -> Vec<u8> {
    [b"midfield task\0", place].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_as_it_was() {
        let seal = TaskSeal::new(KeyRing::generate().expect("random bytes"));
        let sealed = seal.seal(b"here", b"content").expect("sealed");
        assert_eq!(
            seal.open(b"here", &sealed).as_deref(),
            Some(&b"content"[..])
        );
        assert_eq!(seal.open(b"there", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open(b"here", &changed), None, "{at}");
            assert_eq!(seal.open(b"here", &sealed[..at]), None, "{at}");
        }
        let other = TaskSeal::new(KeyRing::generate().expect("random bytes"));
        assert_eq!(other.open(b"here", &sealed), None);
    }
}

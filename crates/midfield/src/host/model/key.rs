//! Keys of providers, which nothing prints.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

/// The key of an account with a provider. It is in no log and no error, and its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(SecretString);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The environment does not have it.
    #[error("the environment variable `{name}` holds no key; set it before the program starts")]
    Missing {
        /// The variable.
        name: String,
    },
    /// It cannot be sent.
    #[error(
        "the key has characters that no header can hold; look whether something else was pasted"
    )]
    Unusable,
    /// The keyring of the operating system does not give it.
    #[cfg(feature = "keyring")]
    #[error(
        "the keyring gives no key for `{user}` at `{service}`; store it there and unlock the keyring"
    )]
    Keyring {
        /// What it is stored for.
        service: String,
        /// As whom.
        user: String,
        /// What the keyring says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ApiKey {
    /// This very key. Blanks around it are left out.
    ///
    /// # Errors
    /// When it has characters that no header can hold, or none at all.
    pub fn new(key: &SecretString) -> Result<Self, ApiKeyError> {
        let key = key.expose_secret().trim();
        let is_sendable = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sendable {
            Ok(Self(key.into()))
        } else {
            Err(ApiKeyError::Unusable)
        }
    }

    /// The key in an environment variable, as it is now.
    ///
    /// # Errors
    /// When there is none, or it cannot be sent.
    pub fn from_environment(name: &str) -> Result<Self, ApiKeyError> {
        let missing = || ApiKeyError::Missing {
            name: name.to_owned(),
        };
        let key = std::env::var_os(name).ok_or_else(missing)?;
        let key = key.into_string().map_err(|_| ApiKeyError::Unusable)?;
        if key.trim().is_empty() {
            return Err(missing());
        }
        Self::new(&key.into())
    }

    /// The key in the keyring of the operating system: the Secret Service, the Keychain of macOS, the Credential Manager of
    /// Windows. It waits for the keyring, and perhaps for the user who unlocks it, so call it before the work begins or where
    /// blocking is allowed.
    ///
    /// # Errors
    /// When the keyring cannot be read, has no such key, or it cannot be sent.
    #[cfg(feature = "keyring")]
    pub fn from_keyring(service: &str, user: &str) -> Result<Self, ApiKeyError> {
        let key = keyring::Entry::new(service, user).and_then(|entry| entry.get_password());
        let key = key.map_err(|error| ApiKeyError::Keyring {
            service: service.to_owned(),
            user: user.to_owned(),
            source: without_secrets(&error).into(),
        })?;
        Self::new(&key.into())
    }

    /// The value of a header, behind `prefix`. It is marked as secret, so that no HTTP library prints it.
    pub(super) fn header(&self, prefix: &str) -> Result<HeaderValue, ApiKeyError> {
        let text = SecretString::from(format!("{prefix}{}", self.0.expose_secret()));
        let mut value =
            HeaderValue::from_str(text.expose_secret()).map_err(|_| ApiKeyError::Unusable)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// `text` without the key, should it be in there.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(self.0.expose_secret(), "[key]")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([REDACTED])")
    }
}

/// What the keyring says. Its errors about bytes that it cannot use carry them along.
#[cfg(feature = "keyring")]
fn without_secrets(error: &keyring::Error) -> String {
    match error {
        keyring::Error::BadEncoding(_) => "what is stored is no text".to_owned(),
        keyring::Error::BadDataFormat(..) => "what is stored is malformed".to_owned(),
        keyring::Error::Ambiguous(_) => "more than one key is stored".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(all(test, feature = "keyring"))]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_keyring_tell_why_and_never_what_is_stored() {
        let stored = b"cAnArY5ecret".to_vec();
        let malformed = keyring::Error::BadDataFormat(stored.clone(), "cAnArY5ecret".into());
        let text = keyring::Error::BadEncoding(stored);
        assert_eq!(without_secrets(&malformed), "what is stored is malformed");
        assert_eq!(without_secrets(&text), "what is stored is no text");
        let missing = without_secrets(&keyring::Error::NoEntry);
        assert_eq!(missing, "No matching credential found");
    }
}

//! Credentials: secrets that the operator gives, and how they enter a request.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Draft, RequestError};
use crate::operation::{Requirement, Scheme};

/// Secrets for the security schemes of a document, by the names of the schemes.
///
/// They are never shown: neither by `Debug` nor in an error.
#[derive(Clone, Default)]
pub struct Credentials {
    by_scheme: BTreeMap<String, Credential>,
}

/// A secret for one scheme.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// The value of an API key, or a bearer token (also one of OAuth 2.0).
    Token(SecretString),
    /// A user name and a password.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Credentials {
    /// Credentials for nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds the secret for the scheme that the document calls `scheme`.
    #[must_use]
    pub fn with(mut self, scheme: impl Into<String>, credential: Credential) -> Self {
        self.by_scheme.insert(scheme.into(), credential);
        self
    }

    /// Whether they are enough for one of the alternatives; always when none is asked for.
    pub fn satisfy(&self, alternatives: &[Requirement]) -> bool {
        alternatives.is_empty() || self.choose(alternatives).is_some()
    }

    /// The first alternative that all secrets are there for.
    fn choose<'a>(&self, alternatives: &'a [Requirement]) -> Option<&'a Requirement> {
        // An alternative without schemes is for callers who have none.
        let is_met = |requirement: &&Requirement| {
            requirement.schemes.iter().all(|required| {
                self.by_scheme
                    .get(&required.name)
                    .is_some_and(|credential| credential.fits(&required.scheme))
            })
        };
        let named = alternatives
            .iter()
            .filter(|requirement| !requirement.schemes.is_empty());
        named
            .filter(is_met)
            .chain(alternatives.iter().filter(is_met))
            .next()
    }

    /// Puts the secrets for the first alternative that is met into the request. When none is,
    /// the request goes without, and the service answers what it thinks of that.
    pub(super) fn apply(
        &self,
        alternatives: &[Requirement],
        draft: &mut Draft,
    ) -> Result<(), RequestError> {
        let chosen = self.choose(alternatives);
        for required in chosen
            .into_iter()
            .flat_map(|requirement| &requirement.schemes)
        {
            let Some(credential) = self.by_scheme.get(&required.name) else {
                continue;
            };
            let text = credential.text(&required.scheme);
            // The secret itself stays out of the message.
            if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
                return Err(RequestError::InvalidCredential {
                    scheme: required.name.clone(),
                });
            }
            match &required.scheme {
                Scheme::HeaderKey(name) => draft.set_header(name, text),
                Scheme::QueryKey(name) => draft.set_query(name, &text),
                Scheme::CookieKey(name) => draft.set_cookie(name, &text),
                _ => draft.set_header("Authorization", text),
            }
        }
        Ok(())
    }
}

impl Credential {
    fn fits(&self, scheme: &Scheme) -> bool {
        match (self, scheme) {
            (_, Scheme::Unsupported(_)) => false,
            (Self::Basic { .. }, scheme) => *scheme == Scheme::Basic,
            (Self::Token(_), scheme) => *scheme != Scheme::Basic,
        }
    }

    fn text(&self, scheme: &Scheme) -> String {
        match self {
            Self::Basic { user, password } => {
                let pair = format!("{user}:{}", password.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
            Self::Token(token) if *scheme == Scheme::Bearer => {
                format!("Bearer {}", token.expose_secret())
            }
            Self::Token(token) => token.expose_secret().to_owned(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.by_scheme.keys())
            .finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Token(_) => "Token(…)",
            Self::Basic { .. } => "Basic(…)",
        })
    }
}

//! Who asks: how a server finds out, and what it does with those who cannot say.
//!
//! A server that is given no [`Authenticate`] serves everybody alike, as
//! [`Principal::Anonymous`]. Over stdio it serves the process that started it, as [`Principal::Parent`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use midfield_protocol::{Identity, Principal};
use sha2::{Digest as _, Sha256};

/// Finds out who makes an HTTP request.
///
/// It is asked for every request, also within a session: who may go on is decided anew each time.
pub trait Authenticate: Send + Sync + 'static {
    /// Who makes the request with these headers.
    ///
    /// # Errors
    /// When nobody is to be served, see [`Refusal`]. A [`Challenge`] becomes the usual one by `?` or `into`.
    fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> Authenticating<'a>;
}

/// Finding out who it is.
pub type Authenticating<'a> = Pin<Box<dyn Future<Output = Result<Principal, Refusal>> + Send + 'a>>;

/// Why a request is not served.
///
/// ```
/// use http::HeaderMap;
/// use midfield::Identity;
/// use midfield::auth::{Authenticate, Authenticating, Challenge, Refusal};
///
/// struct Badges;
///
/// impl Authenticate for Badges {
///     fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> Authenticating<'a> {
///         Box::pin(async {
///             let badge = headers.get("x-badge").ok_or_else(Challenge::missing)?;
///             match badge.as_bytes() {
///                 b"staff" => Ok(Identity::new("badges", "staff").into()),
///                 b"guest" => Err(Refusal::Forbidden(Challenge::insufficient_scope())),
///                 _ => Err(Challenge::invalid_token().into()),
///             }
///         })
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody has proven to be anybody: 401.
    Unproven(Challenge),
    /// Whoever has proven who it is may not do this: 403.
    Forbidden(Challenge),
    /// It cannot be found out now, because what would tell is out of reach: 503.
    Unavailable,
}

impl From<Challenge> for Refusal {
    fn from(challenge: Challenge) -> Self {
        Self::Unproven(challenge)
    }
}

/// What would help a request that is not served: the `WWW-Authenticate` header of the answer
/// ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The whole value of the header.
    pub header: HeaderValue,
}

impl Challenge {
    /// A challenge of any scheme, such as one that names where tokens are given out.
    pub fn new(header: HeaderValue) -> Self {
        Self { header }
    }

    /// No credentials were given: `Bearer`.
    pub fn missing() -> Self {
        Self {
            header: HeaderValue::from_static("Bearer"),
        }
    }

    /// The credentials are not, or no longer, good.
    pub fn invalid_token() -> Self {
        Self {
            header: HeaderValue::from_static(r#"Bearer error="invalid_token""#),
        }
    }

    /// The credentials are good, but not for this: goes with [`Refusal::Forbidden`].
    pub fn insufficient_scope() -> Self {
        Self {
            header: HeaderValue::from_static(r#"Bearer error="insufficient_scope""#),
        }
    }

    /// The request has its credentials in a form that is none.
    pub fn invalid_request() -> Self {
        Self {
            header: HeaderValue::from_static(r#"Bearer error="invalid_request""#),
        }
    }
}

/// Bearer tokens that are known beforehand, each with the principal that it stands for.
///
/// ```
/// use midfield::auth::StaticTokens;
/// use midfield::Identity;
///
/// let tokens = StaticTokens::new()
///     .token("correct horse battery staple", Identity::new("midfield", "nightly").tenant("lab"));
/// # let _ = tokens;
/// ```
///
/// Tokens are kept as hashes: neither a memory dump nor the time that a look-up takes tells them.
#[derive(Clone, Default)]
pub struct StaticTokens(HashMap<[u8; 32], Principal>);

impl StaticTokens {
    /// No tokens yet: nobody is served.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves whoever brings `token`, as `principal`.
    #[must_use]
    pub fn token(mut self, token: impl AsRef<str>, principal: impl Into<Principal>) -> Self {
        self.0
            .insert(Sha256::digest(token.as_ref()).into(), principal.into());
        self
    }

    /// The principal of the request with these headers.
    fn find(&self, headers: &HeaderMap) -> Result<Principal, Challenge> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Err(Challenge::missing()),
            (Some(value), None) => value,
            (Some(_), Some(_)) => return Err(Challenge::invalid_request()),
        };
        let token = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim_start_matches(' '))
            .filter(|token| !token.is_empty());
        let Some(token) = token else {
            return Err(Challenge::invalid_request());
        };
        let hash: [u8; 32] = Sha256::digest(token).into();
        self.0
            .get(&hash)
            .cloned()
            .ok_or_else(Challenge::invalid_token)
    }
}

impl Authenticate for StaticTokens {
    fn authenticate<'a>(&'a self, headers: &'a HeaderMap) -> Authenticating<'a> {
        Box::pin(std::future::ready(
            self.find(headers).map_err(Refusal::from),
        ))
    }
}

/// Says how many tokens there are, and none of them.
impl fmt::Debug for StaticTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaticTokens({})", self.0.len())
    }
}

impl FromIterator<(String, Identity)> for StaticTokens {
    fn from_iter<I: IntoIterator<Item = (String, Identity)>>(tokens: I) -> Self {
        tokens
            .into_iter()
            .fold(Self::new(), |tokens, (token, identity)| {
                tokens.token(token, identity)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&'static str]) -> Result<Principal, Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        StaticTokens::new()
            .token("good", Identity::new("us", "a"))
            .token("better", Identity::new("us", "b"))
            .find(&headers)
    }

    #[test]
    fn a_token_stands_for_its_principal_and_nothing_else_does() {
        let a = Principal::identified("us", "a");
        for value in ["Bearer good", "bearer good", "BEARER  good"] {
            assert_eq!(found(&[value]), Ok(a.clone()), "{value}");
        }
        assert_eq!(
            found(&["Bearer better"]),
            Ok(Principal::identified("us", "b"))
        );
        assert_eq!(found(&[]), Err(Challenge::missing()));
        for value in ["Bearer goo", "Bearer good2", "Bearer good,better"] {
            assert_eq!(found(&[value]), Err(Challenge::invalid_token()), "{value}");
        }
        for value in ["", "Bearer", "Bearer ", "Basic good", "good"] {
            assert_eq!(
                found(&[value]),
                Err(Challenge::invalid_request()),
                "{value}"
            );
        }
        assert_eq!(
            found(&["Bearer good", "Bearer good"]),
            Err(Challenge::invalid_request())
        );
    }
}

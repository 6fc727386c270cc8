//! Who asks, as far as it was proven: not what a client says of itself, which is
//! [`crate::types::Implementation`].

use std::fmt;
use std::sync::Arc;

/// Who makes a request. Two requests come from the same one exactly when their principals are equal.
///
/// Sessions, streams, questions and whatever else a server hands out are bound to it: nobody else can
/// use them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// Anybody: the server does not ask who it is.
    #[default]
    Anonymous,
    /// The process that started the server and holds the other end of its pipes.
    Parent,
    /// Somebody who has proven who they are.
    Identified(Arc<Identity>),
}

/// Who somebody is, by the word of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Identity {
    /// Who says so, such as the URL of an authorization server.
    pub issuer: String,
    /// The organization that the subject belongs to, where the issuer serves several.
    pub tenant: Option<String>,
    /// Who it is, unique within the issuer and the tenant.
    pub subject: String,
    /// The software that acts for the subject, as the issuer knows it.
    pub client: Option<String>,
}

impl Principal {
    /// Somebody whom `issuer` calls `subject`.
    pub fn identified(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Identity::new(issuer, subject).into()
    }

    /// Appends bytes that are equal for equal principals and for no others.
    pub fn write_binding(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Anonymous => bytes.push(0),
            Self::Parent => bytes.push(1),
            Self::Identified(identity) => {
                bytes.push(2);
                let fields = [
                    Some(&identity.issuer),
                    identity.tenant.as_ref(),
                    Some(&identity.subject),
                    identity.client.as_ref(),
                ];
                for field in fields {
                    // With its length before it, no field can pass for the end of another.
                    bytes.push(u8::from(field.is_some()));
                    let field = field.map_or("", String::as_str);
                    bytes.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
                    bytes.extend_from_slice(field.as_bytes());
                }
            }
        }
    }
}

impl Identity {
    /// Somebody whom `issuer` calls `subject`.
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            tenant: None,
            subject: subject.into(),
            client: None,
        }
    }

    /// The same subject of an organization.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The same subject, acting by some software.
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }
}

impl From<Identity> for Principal {
    fn from(identity: Identity) -> Self {
        Self::Identified(Arc::new(identity))
    }
}

/// For logs: `anonymous`, `parent`, or `subject@issuer`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Parent => f.write_str("parent"),
            Self::Identified(identity) => {
                write!(f, "{:?}@{:?}", identity.subject, identity.issuer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(principal: &Principal) -> Vec<u8> {
        let mut bytes = Vec::new();
        principal.write_binding(&mut bytes);
        bytes
    }

    #[test]
    fn only_equal_principals_have_equal_bindings() {
        let principals = [
            Principal::Anonymous,
            Principal::Parent,
            Principal::identified("a", "b"),
            Principal::identified("ab", ""),
            Principal::identified("", "ab"),
            Identity::new("a", "b").tenant("").into(),
            Identity::new("a", "").tenant("b").into(),
            Identity::new("a", "b").client("").into(),
            Identity::new("a", "b").client("c").into(),
            Identity::new("a", "b").tenant("c").into(),
        ];
        for (at, one) in principals.iter().enumerate() {
            for (other_at, other) in principals.iter().enumerate() {
                assert_eq!(
                    binding(one) == binding(other),
                    at == other_at,
                    "{one} and {other}"
                );
            }
        }
    }
}

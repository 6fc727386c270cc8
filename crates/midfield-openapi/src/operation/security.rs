//! Which credentials an operation asks for, and where they go in a request.

use super::MAX_LISTED;
use crate::document::Node;

/// One way to be allowed to call an operation: all of its schemes together.
///
/// An operation lists alternatives; an alternative without schemes means that none are needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Requirement {
    /// The schemes, each with the scopes that the operation needs of it.
    pub schemes: Vec<RequiredScheme>,
}

/// A scheme in a [`Requirement`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequiredScheme {
    /// Its name in the document, which credentials are given under.
    pub name: String,
    /// What it is, or why it cannot be used.
    pub scheme: Scheme,
    /// OAuth scopes (or roles) that the operation needs.
    pub scopes: Vec<String>,
}

/// A way to prove who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// A secret in a header of this name.
    HeaderKey(String),
    /// A secret in a query parameter of this name.
    QueryKey(String),
    /// A secret in a cookie of this name.
    CookieKey(String),
    /// A user name and a password in `Authorization: Basic`.
    Basic,
    /// A token in `Authorization: Bearer`, also for OAuth 2.0 and `OpenID` Connect.
    Bearer,
    /// Something else, which credentials cannot be given for: its type in the document.
    Unsupported(String),
}

/// The alternatives of an operation: its own, else those of the document.
pub(super) fn requirements(operation: Node<'_>, root: Node<'_>) -> Vec<Requirement> {
    let own = operation
        .member("security")
        .filter(|node| node.value().is_array());
    let Some(list) = own.or_else(|| root.member("security")) else {
        return Vec::new();
    };
    let schemes = root
        .member("components")
        .and_then(|node| node.member("securitySchemes"));
    let alternative = |node: Node<'_>| Requirement {
        schemes: node
            .entries()
            .take(MAX_LISTED)
            .map(|(name, scopes)| required(name, scopes, schemes))
            .collect(),
    };
    list.items().take(MAX_LISTED).map(alternative).collect()
}

fn required(name: &str, scopes: Node<'_>, schemes: Option<Node<'_>>) -> RequiredScheme {
    let scopes = scopes
        .items()
        .take(MAX_LISTED)
        .filter_map(|scope| scope.value().as_str());
    let scheme = schemes.and_then(|schemes| schemes.member(name));
    RequiredScheme {
        name: name.to_owned(),
        scheme: scheme.map_or_else(|| Scheme::Unsupported("undeclared".to_owned()), scheme_of),
        scopes: scopes.map(str::to_owned).collect(),
    }
}

fn scheme_of(node: Node<'_>) -> Scheme {
    let kind = node.text("type").unwrap_or_default();
    let text = |key: &str| node.text(key).unwrap_or_default().to_owned();
    match kind.to_ascii_lowercase().as_str() {
        "apikey" => match node.text("in").unwrap_or_default() {
            "header" => Scheme::HeaderKey(text("name")),
            "query" => Scheme::QueryKey(text("name")),
            "cookie" => Scheme::CookieKey(text("name")),
            other => Scheme::Unsupported(format!("apiKey in {other}")),
        },
        "http" => match text("scheme").to_ascii_lowercase().as_str() {
            "basic" => Scheme::Basic,
            "bearer" => Scheme::Bearer,
            other => Scheme::Unsupported(format!("http {other}")),
        },
        "oauth2" | "openidconnect" => Scheme::Bearer,
        _ => Scheme::Unsupported(kind.to_owned()),
    }
}

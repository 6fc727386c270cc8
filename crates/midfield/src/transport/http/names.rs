//! What an operator calls the endpoint, and whom it admits: paths, hosts and origins, each parsed once.

use http::uri::PathAndQuery;
use url::{Origin as UrlOrigin, Url};

use super::guard::host_name;

/// Why options make no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// A path is none.
    #[error("`{path}` is no path; write it like `/mcp`, without a query")]
    Path {
        /// What was given.
        path: String,
    },
    /// Both endpoints have the same path.
    #[error("both endpoints are at `{path}`; give the one for HTTP+SSE a path of its own")]
    SamePath {
        /// The path.
        path: String,
    },
    /// A host is none.
    #[error("`{host}` is no host; write it like `mcp.example.com`, or call `allow_any_host`")]
    Host {
        /// What was given.
        host: String,
    },
    /// An origin is none.
    #[error("`{origin}` is no origin; write it like `https://app.example.com`, without a path")]
    Origin {
        /// What was given.
        origin: String,
    },
}

/// A path that requests can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(String);

impl Path {
    /// The path, which may be written without its first slash.
    pub(super) fn parse(text: String) -> Result<Self, OptionsError> {
        let path = match text.strip_prefix('/') {
            Some(_) => text.clone(),
            None => format!("/{text}"),
        };
        let parsed = path.parse::<PathAndQuery>();
        let is_uri = text.contains("://");
        if text.is_empty() || is_uri || !parsed.is_ok_and(|parsed| parsed.path() == path) {
            return Err(OptionsError::Path { path: text });
        }
        Ok(Self(path))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Path {
    fn default() -> Self {
        Self("/mcp".to_owned())
    }
}

/// The name of a host as clients write it, in lower case and without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host(String);

impl Host {
    pub(super) fn parse(text: String) -> Result<Self, OptionsError> {
        let name = host_name(&text).filter(|name| !name.contains('*'));
        match name.map(url::Host::parse) {
            Some(Ok(host)) => Ok(Self(host.to_string())),
            _ => Err(OptionsError::Host { host: text }),
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

/// An origin as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    /// The origin, which may be written with a slash behind it, or with the port that its scheme has anyway.
    pub(super) fn parse(text: String) -> Result<Self, OptionsError> {
        match Url::parse(&text).ok().as_ref().and_then(origin) {
            Some(origin) => Ok(Self(origin)),
            None => Err(OptionsError::Origin { origin: text }),
        }
    }

    pub(super) fn is(&self, origin: &str) -> bool {
        self.0.eq_ignore_ascii_case(origin)
    }
}

fn origin(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| !host.contains('*'))?;
    let has_more = !matches!(url.path(), "" | "/")
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some();
    if host.is_empty() || has_more {
        return None;
    }
    Some(match url.origin() {
        origin @ UrlOrigin::Tuple(..) => origin.ascii_serialization(),
        // Of a scheme that the web does not know, such as that of an extension of a browser.
        UrlOrigin::Opaque(_) => {
            let port = url.port().map(|port| format!(":{port}"));
            format!("{}://{host}{}", url.scheme(), port.unwrap_or_default())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_meant_by_a_path_is_one_and_nothing_else_is() {
        for text in ["/mcp", "mcp"] {
            assert_eq!(Path::parse(text.to_owned()), Ok(Path("/mcp".to_owned())));
        }
        assert!(Path::parse("/".to_owned()).is_ok());
        for text in ["", "/mcp?x", "/mcp#x", "/m cp", "http://localhost/mcp"] {
            let refused = Path::parse(text.to_owned());
            let path = text.to_owned();
            assert_eq!(refused, Err(OptionsError::Path { path }), "{text}");
        }
    }

    #[test]
    fn a_host_is_one_whatever_its_case_and_port() {
        for (text, host) in [
            ("a.example", "a.example"),
            ("A.example:443", "a.example"),
            ("[::2]:1", "[::2]"),
            ("10.0.0.1", "10.0.0.1"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            let parsed = Host::parse(text.to_owned());
            assert_eq!(parsed, Ok(Host(host.to_owned())), "{text}");
        }
        for text in [
            "",
            "*",
            "*.example",
            "http://a.example",
            "a.example/",
            "a b",
            "a:port",
            "::2",
        ] {
            let refused = Host::parse(text.to_owned());
            let host = text.to_owned();
            assert_eq!(refused, Err(OptionsError::Host { host }), "{text}");
        }
    }

    #[test]
    fn an_origin_is_one_as_browsers_write_it() {
        for (text, origin) in [
            ("https://a.example", "https://a.example"),
            ("https://A.example/", "https://a.example"),
            ("https://a.example:443", "https://a.example"),
            ("http://a.example:8080/", "http://a.example:8080"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ] {
            let parsed = Origin::parse(text.to_owned());
            assert_eq!(parsed, Ok(Origin(origin.to_owned())), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "a.example",
            "https://",
            "https://*.example",
            "https://a.example/x",
            "https://a.example?x",
            "https://me@a.example",
            "file:///x",
        ] {
            let refused = Origin::parse(text.to_owned());
            let origin = text.to_owned();
            assert_eq!(refused, Err(OptionsError::Origin { origin }), "{text}");
        }
    }
}

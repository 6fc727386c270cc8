//! A page that a server asks to open, looked at before anybody is asked for consent
//! ([2026-07-28, safe URL handling](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#safe-url-handling)).
//!
//! Nothing here fetches the page, looks up its host or asks anybody about either.

#[cfg(feature = "browser")]
mod open;
#[cfg(test)]
mod tests;
mod warning;

use std::ops::Range;

use url::{Host, Position, Url};

#[cfg(feature = "browser")]
pub use open::{CannotOpen, open};
pub use warning::Warning;

use crate::client::Refusal;

/// A page that may be shown to a person, who decides whether it is opened.
///
/// ```
/// use midfield::host::page::{Warning, review};
///
/// let page = review("https://accounts.google.com@evil.example/sign-in")?;
/// assert_eq!(page.host(), "evil.example");
/// assert_eq!(page.warnings(), [Warning::UserInfo]);
/// assert!(review("javascript:alert(1)").is_err());
/// # Ok::<(), midfield::host::page::Rejected>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    url: Url,
    warnings: Vec<Warning>,
}

/// Why a page must not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It is no URL.
    #[error("the page is no URL")]
    NoUrl(#[source] url::ParseError),
    /// Its scheme is neither `https` nor `http`: it would run something, or show a file.
    #[error("the page's scheme is `{scheme}`: only https and http pages are opened")]
    Scheme {
        /// Which, cut short.
        scheme: String,
    },
    /// Its host is none that a site has: it has other characters than letters, digits, `-`, `_` and `.`.
    #[error("the page's host is none that a site has")]
    Host,
    /// It has spaces around it, or characters that are not seen.
    #[error("the page's URL has spaces around it or characters in it that are not seen")]
    Unseen,
    /// It is longer than anybody would look through.
    #[error("the page's URL has more than {MAX_URL} bytes")]
    TooLong,
}

/// The question itself is wrong: the error `-32602`.
impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        Self::invalid(rejected.to_string())
    }
}

/// Reviews the URL of a page.
///
/// # Errors
/// When it must not be opened, whatever a person says.
pub fn review(text: &str) -> Result<Reviewed, Rejected> {
    if text.len() > MAX_URL {
        return Err(Rejected::TooLong);
    }
    // A parser takes them away, so that what is opened would be another text than what was sent.
    let is_unseen = |character: char| character.is_control() || is_format(character);
    if text != text.trim() || text.chars().any(is_unseen) {
        return Err(Rejected::Unseen);
    }
    let url = Url::parse(text).map_err(Rejected::NoUrl)?;
    if !matches!(url.scheme(), "https" | "http") {
        let scheme = url.scheme().chars().take(MAX_SCHEME).collect();
        return Err(Rejected::Scheme { scheme });
    }
    if url.as_str().len() > MAX_URL {
        return Err(Rejected::TooLong);
    }
    // The standard lets quotes and the like stand in a host, where no name has them.
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if matches!(url.host(), Some(Host::Domain(name)) if !name.bytes().all(is_usual)) {
        return Err(Rejected::Host);
    }
    let warnings = warning::all(&url);
    Ok(Reviewed { url, warnings })
}

impl Reviewed {
    /// All of the URL, as it is shown and as it is opened: nothing but visible ASCII, and no space.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The host as it really is: a name in ASCII (in Punycode, where it is not ASCII), or an address.
    pub fn host(&self) -> &str {
        // An http URL without a host is none.
        self.url.host_str().unwrap_or_default()
    }

    /// Where the host stands in [`Self::url`], in bytes, to be marked there.
    pub fn host_range(&self) -> Range<usize> {
        let before = |position: Position| self.url[..position].len();
        before(Position::BeforeHost)..before(Position::AfterHost)
    }

    /// What a person should know before they decide.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Whether a character is a mark that changes how others are shown, and is not seen itself.
fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Most bytes of a URL. Those of authorization requests are long; beyond this no browser takes them.
const MAX_URL: usize = 8 << 10;

/// Most characters of a scheme that are told.
const MAX_SCHEME: usize = 32;

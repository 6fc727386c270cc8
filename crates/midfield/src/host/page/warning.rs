//! What is suspicious about a page's URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use unicode_security::MixedScript as _;
use url::{Host, Url};

use crate::form::secret;

/// Something that a person should know before a page is opened. Its text is a sentence for them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// It is plain `http`: others on the way see and change what is sent.
    NotEncrypted,
    /// What stands before an `@` is a user's name and no host, however much it looks like one.
    UserInfo,
    /// The host has letters that are not ASCII.
    Punycode {
        /// How it looks.
        unicode: String,
    },
    /// A part of the host mixes the letters of several scripts, as names that imitate others do.
    MixedScripts {
        /// How it looks.
        unicode: String,
    },
    /// A part of the host looks like another in ASCII.
    LooksLike {
        /// How it looks.
        unicode: String,
        /// What it can be taken for.
        ascii: String,
    },
    /// The port is not the one that the scheme has.
    Port(u16),
    /// The host is an address and no name.
    Address,
    /// The page is on this machine.
    OwnMachine,
    /// The page is in a network that others cannot reach from outside.
    PrivateNetwork,
    /// The URL holds what seems to be a secret, which a server must not send by it.
    Secret {
        /// The name that it has there.
        name: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEncrypted => {
                f.write_str("the connection is not encrypted (http): others can read and change it")
            }
            Self::UserInfo => f.write_str(
                "what stands before the @ is not the site: it may be there to look like one",
            ),
            Self::Punycode { unicode } => {
                write!(
                    f,
                    "the site's name has letters that are not ASCII: {unicode}"
                )
            }
            Self::MixedScripts { unicode } => write!(
                f,
                "the site's name mixes several scripts, as imitations do: {unicode}"
            ),
            Self::LooksLike { unicode, ascii } => {
                write!(
                    f,
                    "the site's name {unicode} looks like {ascii}, and is not"
                )
            }
            Self::Port(port) => write!(f, "the port {port} is unusual"),
            Self::Address => f.write_str("the site has no name, only an address"),
            Self::OwnMachine => f.write_str("the page is on this machine: it may act on it"),
            Self::PrivateNetwork => {
                f.write_str("the page is in a private network: it may act on what is there")
            }
            Self::Secret { name } => write!(
                f,
                "the URL seems to hold a secret (`{name}`), which no server should send"
            ),
        }
    }
}

/// All that is suspicious about a URL, the worst first.
pub(super) fn all(url: &Url) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !url.username().is_empty() || url.password().is_some() {
        warnings.push(Warning::UserInfo);
    }
    match url.host() {
        Some(Host::Domain(name)) => of_name(name, &mut warnings),
        Some(Host::Ipv4(address)) => of_address(address.into(), &mut warnings),
        Some(Host::Ipv6(address)) => of_address(address.into(), &mut warnings),
        None => {}
    }
    if url.scheme() == "http" {
        warnings.push(Warning::NotEncrypted);
    }
    // The parser leaves out the port that the scheme has.
    if let Some(port) = url.port() {
        warnings.push(Warning::Port(port));
    }
    let fragment = url.fragment().unwrap_or_default();
    let parameters = url
        .query_pairs()
        .chain(url::form_urlencoded::parse(fragment.as_bytes()));
    for (name, value) in parameters {
        if !value.is_empty() && secret(&name, None, None).is_some() {
            let name = name.chars().filter(|it| !it.is_control()).take(MAX_NAME);
            let warning = Warning::Secret {
                name: name.collect(),
            };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings.truncate(MAX_WARNINGS);
    warnings
}

fn of_name(name: &str, warnings: &mut Vec<Warning>) {
    let name = name.trim_end_matches('.');
    let is_in = |zone: &str| {
        name.strip_suffix(zone)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if is_in("localhost") {
        warnings.push(Warning::OwnMachine);
    } else if !name.contains('.') || PRIVATE_ZONES.into_iter().any(is_in) {
        warnings.push(Warning::PrivateNetwork);
    }
    let (unicode, _) = idna::domain_to_unicode(name);
    if unicode == name {
        return;
    }
    let labels = || unicode.split('.').filter(|label| !label.is_ascii());
    if let Some(ascii) = imitated(&unicode) {
        warnings.push(Warning::LooksLike {
            unicode: unicode.clone(),
            ascii,
        });
    }
    if labels().any(|label| !label.is_single_script()) {
        warnings.push(Warning::MixedScripts { unicode });
    } else {
        warnings.push(Warning::Punycode { unicode });
    }
}

/// The name in ASCII that `unicode` can be taken for, by [UTS 39](https://www.unicode.org/reports/tr39/#Confusable_Detection).
fn imitated(unicode: &str) -> Option<String> {
    let mut ascii = String::new();
    for character in unicode.chars() {
        let mut buffer = [0; 4];
        let text = &*character.encode_utf8(&mut buffer);
        // The prototype of an ASCII letter can be two others, as `rn` for `m`.
        if character.is_ascii() {
            ascii.push(character);
        } else {
            ascii.extend(unicode_security::skeleton(text));
        }
    }
    ascii.is_ascii().then_some(ascii)
}

fn of_address(address: IpAddr, warnings: &mut Vec<Warning>) {
    let is_own = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
    let (is_own, is_private) = match address.to_canonical() {
        IpAddr::V4(address) => (is_own(address), is_private(address)),
        IpAddr::V6(address) => (
            address.is_loopback() || address.is_unspecified(),
            address.is_unique_local()
                || address.is_unicast_link_local()
                || embedded(address).is_some_and(|inner| is_own(inner) || is_private(inner)),
        ),
    };
    if is_own {
        warnings.push(Warning::OwnMachine);
    } else if is_private {
        warnings.push(Warning::PrivateNetwork);
    }
    warnings.push(Warning::Address);
}

fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // 100.64.0.0/10 is shared by the customers of a carrier.
    let is_shared = first == 100 && second & 0b1100_0000 == 64;
    address.is_private() || address.is_link_local() || is_shared || first == 0
}

/// The address of the older protocol that a translator makes of one: `64:ff9b::/96` and `2002::/16`.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.octets() {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
        | [0x20, 0x02, a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

/// Zones that only a private network resolves.
const PRIVATE_ZONES: [&str; 7] = [
    "local",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "corp",
    "private",
];

/// Most characters of a parameter's name that are shown.
const MAX_NAME: usize = 64;

/// Most warnings: more are not read.
const MAX_WARNINGS: usize = 12;

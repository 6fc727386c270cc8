//! Which addresses a document may send requests to by its own word.
//!
//! A document is foreign text: without a `base_url` in the configuration it must not point midfield at
//! the machine that it runs on, or at the network behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::config::Document;

/// Who chose the address that requests go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChosenBy {
    /// The operator: any address will do.
    Operator,
    /// The document: only addresses on the internet, also after the name is looked up.
    Document,
}

/// Why the address in a document is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error(
        "the document sends requests to {server}, which is not where it came from: set `base_url` to allow it"
    )]
    OtherOrigin { server: String },
    #[error(
        "the document sends requests to {server}, which is not on the internet: set `base_url` to allow it"
    )]
    NotPublic { server: String },
    #[error("the document sends requests to {server}, which is no URL: set `base_url`")]
    NoUrl { server: String },
}

/// Decides who chose `server`, the URL that an operation's path is put behind.
pub(super) fn choose(
    base_url: Option<&Url>,
    document: &Document,
    server: &str,
) -> Result<ChosenBy, Refused> {
    if base_url.is_some() {
        return Ok(ChosenBy::Operator);
    }
    let refused = || server.to_owned();
    let url = Url::parse(server).map_err(|_| Refused::NoUrl { server: refused() })?;
    match document {
        Document::Url(own) if own.origin() == url.origin() => Ok(ChosenBy::Operator),
        Document::Url(_) => Err(Refused::OtherOrigin { server: refused() }),
        Document::File(_) if is_public_host(&url) => Ok(ChosenBy::Document),
        Document::File(_) => Err(Refused::NotPublic { server: refused() }),
    }
}

/// Whether a host is on the internet, as far as its name says.
fn is_public_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let is_local =
                !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
            !is_local
        }
        None => false,
    }
}

/// Whether an address is on the internet: none of the ranges that
/// [IANA](https://www.iana.org/assignments/iana-ipv4-special-registry) keeps for other purposes.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses that carry one of the older kind lead where that one leads.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let inner = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(first, second, third, fourth))
    };
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Global unicast, without Teredo, benchmarking, ORCHID and documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

/// Names that lead to the own machine, the own network, or a cloud's metadata service.
const LOCAL_SUFFIXES: [&str; 8] = [
    ".localhost",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".corp",
    ".home.arpa",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(server: &str) -> Result<ChosenBy, Refused> {
        choose(None, &Document::File("a.yaml".into()), server)
    }

    #[test]
    fn a_file_reaches_only_the_internet() {
        for server in [
            "https://api.example.com/v1",
            "http://93.184.216.34",
            "http://[2606:2800:220:1::1]/",
        ] {
            assert_eq!(from_file(server), Ok(ChosenBy::Document), "{server}");
        }
        for server in [
            "http://169.254.169.254/latest",
            "http://localhost:8080",
            "http://localhost./",
            "http://LOCALHOST",
            "http://app.localhost",
            "http://printer",
            "http://metadata.google.internal/",
            "http://127.0.0.1",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.1",
            "http://0.0.0.0",
            "http://10.0.0.1",
            "http://172.16.0.1",
            "http://192.168.0.1",
            "http://100.100.100.200",
            "http://192.0.0.192",
            "http://198.18.0.1",
            "http://224.0.0.1",
            "http://255.255.255.255",
            "http://[::]",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[2002:7f00:1::]",
            "http://[2001:db8::1]",
            "http://[fd00:ec2::254]",
            "http://[fe80::1]",
        ] {
            let refused = Refused::NotPublic {
                server: server.to_owned(),
            };
            assert_eq!(from_file(server), Err(refused), "{server}");
        }
    }

    #[test]
    fn a_fetched_document_reaches_only_its_own_origin() {
        let document = Document::Url(Url::parse("http://127.0.0.1:8000/openapi.json").unwrap());
        let check = |server: &str| choose(None, &document, server).is_ok();
        assert!(check("http://127.0.0.1:8000/v1"));
        assert!(!check("http://127.0.0.1:8001/v1"));
        assert!(!check("https://127.0.0.1:8000/v1"));
        assert!(!check("https://api.example.com/v1"));
    }

    #[test]
    fn the_configuration_may_name_any_address() {
        let base = Url::parse("http://127.0.0.1:1").unwrap();
        let document = Document::File("a.yaml".into());
        assert_eq!(
            choose(Some(&base), &document, "http://127.0.0.1:1"),
            Ok(ChosenBy::Operator)
        );
    }
}

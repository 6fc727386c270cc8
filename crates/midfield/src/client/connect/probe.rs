//! Asking a server what it speaks, by `server/discover`
//! ([2026-07-28, discovery](https://modelcontextprotocol.io/specification/2026-07-28/server/discover)).

use std::pin::pin;

use midfield_protocol::jsonrpc::{ErrorObject, RequestId};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{self as wire, Aside, Discovery, FromResult as _};
use midfield_protocol::{Call, Era, Raw, Revision};

use super::{Connecting, ServerInfo, outgoing};
use crate::client::Error;
use crate::client::error::ServerError;
use crate::client::icons::Pictured as _;
use crate::client::link::Link;
use crate::client::shown::shown;

impl Connecting<'_> {
    /// Asks in the newest way first. What does not understand it is asked in the old way, and what is only slow has both to choose
    /// from.
    pub(super) async fn probe(&self, link: Link) -> Result<(Link, Codec, ServerInfo), Error> {
        let mut wished = Revision::V2026_07_28;
        for _ in 0..PROBES {
            let found = {
                let mut discovering = pin!(self.discover(&link, wished));
                let within = self.options.probe_timeout;
                if let Ok(found) = tokio::time::timeout(within, &mut discovering).await {
                    found
                } else {
                    let mut initializing = pin!(self.handshake(&link));
                    tokio::select! {
                        found = &mut discovering => match found {
                            found @ Found::Modern(..) => found,
                            _ => Found::session(initializing.await),
                        },
                        opened = &mut initializing => match opened {
                            Ok(opened) => Found::session(Ok(opened)),
                            // A server that is only slow, and has no sessions, still answers.
                            Err(_) => discovering.await,
                        },
                    }
                }
            };
            match found {
                Found::Modern(codec, server) => return Ok((link, codec, *server)),
                Found::Session(Ok(opened)) => {
                    let (codec, server) = *opened;
                    return Ok((link, codec, server));
                }
                Found::Other(revision) if revision.era() == Era::Modern => wished = revision,
                Found::Other(_) | Found::NotModern | Found::Unanswered(_) => {
                    return self.initialize_again(link).await;
                }
                Found::Session(Err(error)) | Found::Failed(error) => return Err(*error),
            }
        }
        Err(self.nothing_in_common(&[]))
    }

    pub(super) async fn discover_only(
        &self,
        link: Link,
    ) -> Result<(Link, Codec, ServerInfo), Error> {
        let newest = Revision::V2026_07_28;
        let mut found = self.discover(&link, newest).await;
        if let Found::Other(revision) = found
            && revision.era() == Era::Modern
        {
            found = self.discover(&link, revision).await;
        }
        match found {
            Found::Modern(codec, server) => Ok((link, codec, *server)),
            Found::Session(Err(error)) | Found::Failed(error) | Found::Unanswered(error) => {
                Err(*error)
            }
            // It was said to be one: what it offers shows when it is asked.
            Found::NotModern => Ok((link, Codec::new(newest), ServerInfo::default())),
            Found::Other(_) | Found::Session(Ok(_)) => Err(self.nothing_in_common(&[])),
        }
    }

    /// Asks what the server is, as `revision` does.
    async fn discover(&self, link: &Link, revision: Revision) -> Found {
        let codec = Codec::new(revision);
        let id = (self.next_id)();
        let call = Call::Discover;
        let written = codec.write_call(
            &RequestId::Integer(id),
            &call,
            &Aside::default(),
            self.description,
        );
        let bytes = match written {
            Ok(bytes) => bytes.into(),
            Err(error) => return Found::Failed(Box::new(Error::Unsayable(error))),
        };
        let outgoing = outgoing(id, call.method(), bytes, codec);
        match link.request(&outgoing, self.hearing).await {
            Ok(Ok(result)) => self.discovered(codec, &result),
            Ok(Err(error)) => self.not_discovered(&error),
            Err(failure) => match failure.error {
                error @ (Error::Unreachable { .. } | Error::Closed) => {
                    Found::Failed(Box::new(error))
                }
                error if error.is_unauthorized() => Found::Failed(Box::new(error)),
                error => Found::Unanswered(Box::new(error)),
            },
        }
    }

    fn discovered(&self, codec: Codec, result: &Raw) -> Found {
        let Ok(discovery) = Discovery::from_result(codec, result) else {
            // Something else answers to whatever it is asked.
            return Found::NotModern;
        };
        let known = discovery
            .supported
            .iter()
            .filter_map(|name| name.parse::<Revision>().ok());
        let Some(best) = known.max() else {
            return Found::Failed(Box::new(self.nothing_in_common(&discovery.supported)));
        };
        if best.era() != Era::Modern {
            return Found::Other(best);
        }
        let mut implementation = discovery.implementation;
        if let Some(implementation) = &mut implementation {
            implementation.keep_safe_icons();
        }
        let server = ServerInfo {
            implementation,
            capabilities: Some(discovery.capabilities),
            instructions: discovery.instructions,
            revisions: discovery.supported,
        };
        Found::Modern(Codec::new(best), Box::new(server))
    }

    fn not_discovered(&self, error: &ErrorObject) -> Found {
        if let Some(supported) = wire::supported(error) {
            let known = supported
                .iter()
                .filter_map(|name| name.parse::<Revision>().ok());
            return match known.max() {
                Some(best) => Found::Other(best),
                None => Found::Failed(Box::new(self.nothing_in_common(&supported))),
            };
        }
        if wire::is_modern(error) {
            let error = ServerError::new("server/discover", error.clone());
            return Found::Failed(Box::new(Error::Refused(error)));
        }
        Found::NotModern
    }

    fn nothing_in_common(&self, supported: &[String]) -> Error {
        let theirs = match supported {
            [] => "no revision that this client may speak".to_owned(),
            names => format!("only {}", shown(&names.join(", "), 200)),
        };
        Error::Broken {
            server: self.server.clone(),
            detail: format!(
                "it speaks {theirs}, this client {}",
                Revision::ALL.map(Revision::as_str).join(", ")
            ),
        }
    }
}

/// What came of asking a server what it is.
enum Found {
    /// It is of the modern era.
    Modern(Codec, Box<ServerInfo>),
    /// It has opened a session, or has refused to.
    Session(Result<Box<(Codec, ServerInfo)>, Box<Error>>),
    /// It wants to speak this instead.
    Other(Revision),
    /// It does not understand what only the modern era has.
    NotModern,
    /// It has said nothing that could be understood. What is older may take the question so.
    Unanswered(Box<Error>),
    /// It cannot be asked.
    Failed(Box<Error>),
}

impl Found {
    fn session(opened: Result<(Codec, ServerInfo), Error>) -> Self {
        Self::Session(opened.map(Box::new).map_err(Box::new))
    }
}

/// How often a server may send us to another revision.
const PROBES: usize = 3;

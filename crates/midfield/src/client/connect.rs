//! Finding out what a server speaks. Nowhere else in the client is a revision named
//! ([2026-07-28, backward compatibility](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions)).

use std::pin::pin;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use midfield_protocol::jsonrpc::{ErrorObject, RequestId};
use midfield_protocol::types::{Implementation, ServerCapabilities};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{
    self as wire, Aside, ClientDescription, Discovery, FromResult as _, Handshake,
};
use midfield_protocol::{Call, Era, Raw, Revision};
use tokio::time::Instant;

use super::Error;
use super::error::ServerError;
use super::hear::Hearing;
use super::icons::Pictured as _;
use super::link::{self, Child, Http, Link, Outgoing, Pipe};
use super::options::{Options, Speak};
use super::shown::shown;
use super::target::{Kind, Target, Transport};

/// A server that was found to speak something.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) link: Link,
    pub(super) codec: Codec,
    pub(super) server: ServerInfo,
    /// Which connection of its client it is.
    pub(super) number: u64,
}

/// What a server says of itself. It proves nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// What it says it is.
    pub implementation: Option<Implementation>,
    /// What it offers; `None` where it did not say, which only a server of 2026-07-28 that was not asked may do.
    pub capabilities: Option<ServerCapabilities>,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// The revisions that it says it speaks. One with sessions names but the one that is spoken.
    pub revisions: Vec<String>,
}

/// What connecting needs to know.
pub(super) struct Connecting<'a> {
    pub(super) target: &'a Target,
    pub(super) server: &'a Arc<str>,
    pub(super) options: &'a Options,
    pub(super) description: &'a ClientDescription,
    pub(super) hearing: &'a Arc<Hearing>,
    pub(super) next_id: &'a (dyn Fn() -> i64 + Sync),
    /// What the server was found to speak before.
    pub(super) known: Option<Codec>,
}

impl Connecting<'_> {
    /// Connects within the time that is allowed for it.
    pub(super) async fn connect(&self, number: u64) -> Result<Connection, Error> {
        let within = self.options.connect_timeout;
        let begun = Instant::now();
        let connected = tokio::time::timeout(within, self.find_out()).await;
        let (link, codec, server) = connected.unwrap_or_else(|_| {
            Err(Error::Timeout {
                server: self.server.clone(),
                method: "server/discover` or `initialize".into(),
                after: within,
                hint: self.hearing.stray(begun),
            })
        })?;
        self.hearing.speak(codec, server.implementation.as_ref());
        if let Link::Http(http) = &link {
            http.speak(codec);
        }
        if codec.revision().era() == Era::Legacy {
            link.send(Handshake::initialized()).await?;
            if let Link::Http(http) = &link {
                http.listen(self.hearing).await;
            }
        }
        Ok(Connection {
            link,
            codec,
            server,
            number,
        })
    }

    async fn find_out(&self) -> Result<(Link, Codec, ServerInfo), Error> {
        let link = self.open().await?;
        let era = match self.options.speak {
            Speak::Auto => self.known.map(|codec| codec.revision().era()),
            Speak::Modern => Some(Era::Modern),
            Speak::Legacy => Some(Era::Legacy),
        };
        let is_old = matches!(
            &self.target.kind,
            Kind::Http {
                transport: Transport::Sse,
                ..
            }
        );
        match era {
            _ if is_old => self.initialize(link).await,
            Some(Era::Legacy) => self.initialize(link).await,
            Some(Era::Modern) => self.discover_only(link).await,
            None => self.probe(link).await,
        }
    }

    /// A way to the server, over which nothing was said yet.
    async fn open(&self) -> Result<Link, Error> {
        let max_message = self.options.max_message;
        if let Some(driver) = self.target.take_driver() {
            let stop = self.hearing.stop().clone();
            self.hearing.tasks().spawn(async move {
                // It ends with the client.
                let _ = stop.run_until_cancelled(driver).await;
            });
        }
        match &self.target.kind {
            Kind::Command(command) => {
                Child::start(command, self.server, max_message, self.hearing).map(Link::Child)
            }
            Kind::Memory(service) => {
                let (ours, theirs) = tokio::io::duplex(MEMORY);
                let pipe = Pipe::new(self.server.clone(), max_message);
                let (input, output) = tokio::io::split(ours);
                pipe.spawn(input, output, self.hearing);
                let (input, output) = tokio::io::split(theirs);
                let service = service.clone();
                self.hearing.tasks().spawn(async move {
                    // The client has gone: it hears of it by the end of its own side.
                    let _ = crate::transport::stdio::serve_on(service, input, output).await;
                });
                Ok(Link::Pipe(pipe))
            }
            Kind::Pipe(ends) => {
                let ends = ends.lock().unwrap_or_else(PoisonError::into_inner).take();
                let (input, output) = ends.ok_or_else(|| Error::Unreachable {
                    server: self.server.clone(),
                    detail:
                        "its pipe was used up by another connection: give a new pair of streams"
                            .into(),
                })?;
                let pipe = Pipe::new(self.server.clone(), max_message);
                pipe.spawn(input, output, self.hearing);
                Ok(Link::Pipe(pipe))
            }
            Kind::Http {
                transport: Transport::Sse,
                ..
            } => self.open_old().await,
            Kind::Http { url, headers, .. } => {
                let patience = self.options.connect_timeout;
                let (server, url, headers) = (self.server.clone(), url.clone(), headers.clone());
                Http::new(server, url, headers, max_message, patience, self.hearing).map(Link::Http)
            }
        }
    }

    async fn open_old(&self) -> Result<Link, Error> {
        let Kind::Http { url, headers, .. } = &self.target.kind else {
            return Err(Error::Closed);
        };
        let patience = self.options.connect_timeout;
        let max_message = self.options.max_message;
        link::open_sse(
            self.server,
            url,
            headers,
            max_message,
            patience,
            self.hearing,
        )
        .await
        .map(Link::Pipe)
    }

    /// Asks in the newest way first. What does not understand it is asked in the old way, and what is only slow has both to choose
    /// from.
    async fn probe(&self, link: Link) -> Result<(Link, Codec, ServerInfo), Error> {
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

    /// A process may have ended over a request that it did not understand: it gets another chance.
    async fn initialize_again(&self, link: Link) -> Result<(Link, Codec, ServerInfo), Error> {
        match self.handshake(&link).await {
            Ok((codec, server)) => Ok((link, codec, server)),
            Err(Error::Interrupted { .. }) if matches!(link, Link::Child(_)) => {
                drop(link);
                let link = self.open().await?;
                self.initialize(link).await
            }
            Err(error) => self.older(error).await,
        }
    }

    async fn initialize(&self, link: Link) -> Result<(Link, Codec, ServerInfo), Error> {
        match self.handshake(&link).await {
            Ok((codec, server)) => Ok((link, codec, server)),
            Err(error) => self.older(error).await,
        }
    }

    /// What refuses to be posted to may be a server of 2024-11-05
    /// ([2026-07-28, HTTP+SSE](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#http%2Bsse-transport-2024-11-05)).
    async fn older(&self, error: Error) -> Result<(Link, Codec, ServerInfo), Error> {
        let may_be_old = matches!(
            error,
            Error::Status {
                status: 400 | 404 | 405,
                ..
            }
        );
        let is_open = matches!(
            &self.target.kind,
            Kind::Http {
                transport: Transport::Auto,
                ..
            }
        );
        if !may_be_old || !is_open {
            return Err(error);
        }
        // What it said to the newer request tells more than that there is nothing older either.
        let Ok(link) = self.open_old().await else {
            return Err(error);
        };
        let (codec, server) = self.handshake(&link).await?;
        Ok((link, codec, server))
    }

    async fn discover_only(&self, link: Link) -> Result<(Link, Codec, ServerInfo), Error> {
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

    /// Opens a session.
    async fn handshake(&self, link: &Link) -> Result<(Codec, ServerInfo), Error> {
        let id = (self.next_id)();
        let wished = Revision::NEWEST_LEGACY;
        let written = Handshake::request(&RequestId::Integer(id), wished, self.description);
        let bytes = written.map_err(Error::Unsayable)?.into();
        let mut outgoing = outgoing(id, "initialize", bytes, Codec::new(wished));
        outgoing.is_cancellable = false;
        let answer = link.request(&outgoing, self.hearing).await;
        let answer = answer.map_err(|failure| failure.error)?;
        let result =
            answer.map_err(|error| Error::Refused(ServerError::new("initialize", error)))?;
        let mut handshake = Handshake::read(&result)?;
        handshake.implementation.keep_safe_icons();
        let server = ServerInfo {
            implementation: Some(handshake.implementation),
            capabilities: Some(handshake.capabilities),
            instructions: handshake.instructions,
            revisions: vec![handshake.revision.to_string()],
        };
        Ok((Codec::new(handshake.revision), server))
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

fn outgoing(id: i64, method: &str, bytes: Bytes, codec: Codec) -> Outgoing {
    Outgoing {
        id,
        method: method.to_owned(),
        bytes,
        codec,
        name: None,
        mirrored: Vec::new(),
        is_cancellable: false,
        unclaimed: None,
    }
}

/// How often a server may send us to another revision.
const PROBES: usize = 3;

/// How much may be under way to a server in memory.
const MEMORY: usize = 256 << 10;

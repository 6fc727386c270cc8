//! Finding out what a server speaks. Nowhere else in the client is a revision named
//! ([2026-07-28, backward compatibility](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions)).

mod open;
mod probe;

use std::sync::Arc;

use bytes::Bytes;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{Implementation, ServerCapabilities};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{ClientDescription, Handshake};
use midfield_protocol::{Era, Revision};
use tokio::time::Instant;

use super::Error;
use super::error::ServerError;
use super::hear::Hearing;
use super::icons::Pictured as _;
use super::link::{Link, Outgoing};
use super::options::{Options, Speak};
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

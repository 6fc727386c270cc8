//! The way to a server, over which nothing was said yet.

use std::sync::PoisonError;

use super::Connecting;
use crate::client::Error;
use crate::client::link::{self, Child, Http, Link, Pipe};
use crate::client::target::{Kind, Transport};

impl Connecting<'_> {
    /// A way to the server, over which nothing was said yet.
    pub(super) async fn open(&self) -> Result<Link, Error> {
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

    pub(super) async fn open_old(&self) -> Result<Link, Error> {
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
}

/// How much may be under way to a server in memory.
const MEMORY: usize = 256 << 10;

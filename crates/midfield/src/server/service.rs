//! A server that is ready to answer.

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::wire::{Codec, Encoder};
use midfield_protocol::{Answer, Call, Caller, Error};

use super::catalog::Catalog;
use super::dispatch::{Started, dispatch};
use super::exchange::{Answering, Exchange};
use super::extract::States;
use crate::seal::Sealer;

/// A server that is ready to answer, on any number of transports at once. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    encoder: Encoder,
    catalog: Catalog,
    states: Arc<States>,
    sealer: Sealer,
    call_timeout: Option<Duration>,
}

impl Service {
    pub(super) fn new(
        encoder: Encoder,
        catalog: Catalog,
        states: Arc<States>,
        sealer: Sealer,
        call_timeout: Option<Duration>,
    ) -> Self {
        Self(Arc::new(Inner {
            encoder,
            catalog,
            states,
            sealer,
            call_timeout,
        }))
    }

    /// Begins to answer `call`, which `caller` made by the request `id`.
    pub(crate) fn answer(
        &self,
        codec: Codec,
        caller: Caller,
        id: RequestId,
        call: Call<'_>,
    ) -> Answering {
        match dispatch(self, codec, caller, call) {
            Started::Done(answer) => Answering::Done(self.write(codec, &id, &answer)),
            Started::Running { running, events } => Answering::Running(Box::new(Exchange::new(
                self.clone(),
                codec,
                id,
                running,
                events,
            ))),
        }
    }

    /// Writes the response to the request `id`.
    pub(super) fn write(
        &self,
        codec: Codec,
        id: &RequestId,
        answer: &Result<Answer, Error>,
    ) -> Vec<u8> {
        let written = match answer {
            Ok(answer) => self.encoder().answer(codec, id, answer),
            Err(error) => return self.encoder().error(codec, Some(id), error),
        };
        written.unwrap_or_else(|error| {
            tracing::error!(%error, "a result cannot be written as JSON");
            self.encoder().error(codec, Some(id), &Error::Internal)
        })
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.0.encoder
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    pub(super) fn states(&self) -> &Arc<States> {
        &self.0.states
    }

    pub(super) fn call_timeout(&self) -> Option<Duration> {
        self.0.call_timeout
    }
}

//! Bytes to meaning and back, for one revision at a time.
//!
//! The transport decides once, by [`RequestMeta`] and by its session, which revision an exchange speaks;
//! from then on the [`Codec`] is passed on and nobody asks it. What a revision lacks is absent from its
//! table of methods.

mod encode;
mod meta;
mod notify;
mod params;

pub mod legacy;
pub mod modern;

pub use encode::{CacheScope, Encoder, Freshness, ServerDescription};
pub use meta::RequestMeta;
pub use notify::{log, progress};

use crate::jsonrpc::Request;
use crate::{Call, Era, Error, Revision};

/// How one exchange is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    revision: Revision,
}

impl Codec {
    /// How `revision` writes.
    pub const fn new(revision: Revision) -> Self {
        Self { revision }
    }

    /// The revision that is spoken, for logs.
    pub const fn revision(self) -> Revision {
        self.revision
    }

    /// Decodes a request: the method by name, the parameters straight into the call.
    ///
    /// # Errors
    /// [`Error::MethodNotFound`] for what the revision does not have, [`Error::InvalidParams`] for
    /// parameters that do not fit.
    pub fn decode<'a>(self, request: &Request<'a>) -> Result<Call<'a>, Error> {
        let call = match self.revision.era() {
            Era::Legacy => legacy::decode(request)?,
            Era::Modern => modern::decode(request)?,
        };
        call.ok_or_else(|| Error::MethodNotFound {
            method: request.method.clone().into_owned(),
        })
    }
}

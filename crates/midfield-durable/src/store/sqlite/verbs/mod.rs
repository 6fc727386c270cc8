//! The verbs. Each checks first and writes then, so that a refused one has written nothing.

mod claims;
mod one;
mod reads;

pub(super) use claims::{claim, free_all, renew, retire};
pub(super) use one::{answer, cancel, create, expire, write};
pub(super) use reads::{counts, next_due};

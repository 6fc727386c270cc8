//! Tasks of the server, in both protocols that have such.

mod drive;

pub(super) use drive::drive;

//! Models that servers are answered by, against providers on this machine.

mod agent;
mod answers;
mod fake;
mod policy;
mod requests;
mod secrets;
mod strict;
mod troubles;

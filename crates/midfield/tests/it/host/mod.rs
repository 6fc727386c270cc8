//! What a host gives the servers that it uses.

#[cfg(feature = "models")]
mod agent;
#[cfg(feature = "models")]
mod answers;
#[cfg(feature = "models")]
mod fake;
#[cfg(feature = "models")]
mod policy;
#[cfg(feature = "models")]
mod requests;
#[cfg(feature = "models")]
mod secrets;
#[cfg(feature = "models")]
mod strict;
#[cfg(feature = "models")]
mod troubles;

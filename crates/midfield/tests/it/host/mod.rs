//! What a host gives the servers that it uses.

#[cfg(feature = "models")]
mod model;

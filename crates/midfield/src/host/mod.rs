//! What a host gives the servers that it uses: the parts behind the client.

pub mod model;

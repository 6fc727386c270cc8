//! Serving a server.

//! Serving a server: bytes in, bytes out.
//!
//! A transport decides once, for each exchange, which revision it speaks. Both eras are served side by
//! side on the same endpoint and on the same pair of pipes.

pub mod http;
pub mod stdio;

mod stop;
mod work;

pub use stop::Stop;

//! The client, against servers of this library in every revision and over every transport.

mod bad;
mod basic;

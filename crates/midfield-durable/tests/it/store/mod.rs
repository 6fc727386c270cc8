//! What a store promises, for those that we have.

mod agreement;
mod suites;

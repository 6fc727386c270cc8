//! See the crate description; grown in the next commits.

//! Attribute macros of midfield.

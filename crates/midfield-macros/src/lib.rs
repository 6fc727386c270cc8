//! Attribute macros of midfield, to be used by their re-exports there: what they expand to names that
//! crate.
//!
//! They can do nothing that the macro-free interface cannot.

mod tool;

use proc_macro::TokenStream;

/// It expands to a call of `midfield::Tool::new`, and can do nothing more than that.
#[proc_macro_attribute]
pub fn tool(settings: TokenStream, function: TokenStream) -> TokenStream {
    tool::expand(settings.into(), function.into()).into()
}

//! Attribute macros of midfield, to be used by their re-exports there: what they expand to names that
//! crate.
//!
//! They can do nothing that the macro-free interface cannot.

mod asks;
mod check;
mod expansion;
mod feature;
mod forms;
mod function;
mod handler;
mod parameter;
mod settings;
mod template;
#[cfg(test)]
mod tests;
mod time;

use proc_macro::TokenStream;

use feature::Feature;

/// It expands to a call of `midfield::Tool::new`, and can do nothing more than that.
#[proc_macro_attribute]
pub fn tool(settings: TokenStream, function: TokenStream) -> TokenStream {
    expansion::expand(Feature::Tool, settings.into(), function.into()).into()
}

/// It expands to a call of `midfield::Prompt::new`, and can do nothing more than that.
#[proc_macro_attribute]
pub fn prompt(settings: TokenStream, function: TokenStream) -> TokenStream {
    expansion::expand(Feature::Prompt, settings.into(), function.into()).into()
}

/// It expands to a call of `midfield::Resource::new`, or of `midfield::ResourceTemplate::new` whose error
/// waits until the server is built.
#[proc_macro_attribute]
pub fn resource(settings: TokenStream, function: TokenStream) -> TokenStream {
    expansion::expand(Feature::Resource, settings.into(), function.into()).into()
}

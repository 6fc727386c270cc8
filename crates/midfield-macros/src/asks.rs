//! `asks(…)`: what the function asks of the client, declared.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::meta::ParseNestedMeta;
use syn::{Expr, Result};

/// Reads one `asks(…)` as expressions, each an `Asks`.
pub(crate) fn read(setting: &ParseNestedMeta<'_>, asks: &mut Vec<TokenStream>) -> Result<()> {
    if !setting.input.peek(syn::token::Paren) {
        return Err(setting.error("say what is asked for, such as `asks(form)`"));
    }
    setting.parse_nested_meta(|asked| {
        let site = Span::mixed_site();
        let key = asked.path.get_ident();
        asks.push(match key.map(ToString::to_string).as_deref() {
            Some("form" | "url" | "sampling" | "sampling_with_tools" | "roots") => {
                quote_spanned!(site=> ::midfield::Asks::#key())
            }
            Some("extension") => {
                let id: Expr = asked.value()?.parse()?;
                quote_spanned!(site=> ::midfield::Asks::extension(#id))
            }
            _ => return Err(asked.error(UNKNOWN)),
        });
        Ok(())
    })
}

const UNKNOWN: &str = "not known here; a function asks for `form`, `url`, `sampling`, \
                       `sampling_with_tools`, `roots` or `extension = \"…\"`";

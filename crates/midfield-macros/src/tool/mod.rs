//! `#[tool]`: from a function and the attribute's settings to the function and its tool beside it.

mod expansion;
mod function;
mod parameter;
mod settings;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Error, LitStr, Result};

use expansion::Expansion;
use function::Function;
use settings::Settings;

/// The function, stripped of what only the tool needs, and its tool; or the function and what is wrong.
pub(crate) fn expand(settings: TokenStream, function: TokenStream) -> TokenStream {
    let mut function = match syn::parse2::<Function>(function.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = format!("a tool is a free function: {error}");
            let mut tokens = Error::new(error.span(), message).into_compile_error();
            tokens.extend(function);
            return tokens;
        }
    };
    let tool = make_tool(settings, &mut function);
    // Also with an error the function stays, so that the compiler has no more to say than the error.
    let mut tokens = function.to_token_stream();
    tokens.extend(tool.unwrap_or_else(Error::into_compile_error));
    tokens
}

fn make_tool(settings: TokenStream, function: &mut Function) -> Result<TokenStream> {
    // All three are read before the first error ends it: all errors are told at once.
    let settings = Settings::read(settings);
    let parameters = function.take_parameters();
    let checked = function.check();
    let ((settings, parameters), ()) = all(all(settings, parameters), checked)?;
    let (name, description) = all(name(&settings, function), description(&settings, function))?;
    let expansion = Expansion {
        function,
        parameters: &parameters,
        settings: &settings,
        name: &name,
        description,
    };
    Ok(expansion.into_token_stream())
}

/// The name that the settings give, or the function's.
fn name(settings: &Settings, function: &Function) -> Result<LitStr> {
    let ident = &function.signature.ident;
    let name = settings.name.clone().unwrap_or_else(|| {
        LitStr::new(&syn::ext::IdentExt::unraw(ident).to_string(), ident.span())
    });
    let value = name.value();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=MAX_NAME).contains(&value.len()) && value.bytes().all(allowed) {
        Ok(name)
    } else {
        let message = format!(
            "a tool cannot be named `{value}`: a name is 1 to {MAX_NAME} of A-Z a-z 0-9 _ - ."
        );
        Err(Error::new(name.span(), message))
    }
}

/// The description that the settings give, or the function's doc comment.
fn description(settings: &Settings, function: &Function) -> Result<TokenStream> {
    if let Some(description) = &settings.description {
        return Ok(description.to_token_stream());
    }
    let documentation = function.documentation();
    if documentation.is_empty() {
        return Err(Error::new(
            function.signature.ident.span(),
            "a tool needs a description: write a doc comment or `description = \"…\"`",
        ));
    }
    Ok(documentation.to_token_stream())
}

/// Both values, or all errors of both.
fn all<A, B>(first: Result<A>, second: Result<B>) -> Result<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(mut first), Err(second)) => {
            first.combine(second);
            Err(first)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Longest name of a tool
/// ([tool names](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool-names)).
const MAX_NAME: usize = 128;

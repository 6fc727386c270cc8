//! From a function and the attribute's settings to the function, and beside it a type of the same name
//! that makes what the attribute says.
//!
//! A braced struct has a name among the types only, so that it does not clash with the function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::{Error, Ident, LitStr, Result};

use super::check::check;
use super::feature::Feature;
use super::forms::forms;
use super::function::Function;
use super::handler::Handler;
use super::settings::{Completed, Settings};
use super::template;

/// The function, stripped of what only the feature needs, and what makes that; or the function and what is
/// wrong.
pub(crate) fn expand(
    feature: Feature,
    settings: TokenStream,
    function: TokenStream,
) -> TokenStream {
    let mut function = match syn::parse2::<Function>(function.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = format!("a {feature} is a free function: {error}");
            let mut tokens = Error::new(error.span(), message).into_compile_error();
            tokens.extend(function);
            return tokens;
        }
    };
    let made = make(feature, settings, &mut function);
    // Also with an error the function stays, so that the compiler has no more to say than the error.
    let mut tokens = function.to_token_stream();
    tokens.extend(made.unwrap_or_else(Error::into_compile_error));
    tokens
}

fn make(feature: Feature, settings: TokenStream, function: &mut Function) -> Result<TokenStream> {
    // All three are read before the first error ends it: all errors are told at once.
    let settings = Settings::read(feature, settings);
    let parameters = function.take_parameters(feature);
    let checked = function.check(feature);
    let ((settings, parameters), ()) = all(all(settings, parameters), checked)?;
    let named = all(
        name(feature, &settings, function),
        description(feature, &settings, function),
    );
    let variables = settings.uri.as_ref().map(template::variables).transpose();
    let (named, variables) = all(named, variables)?;
    let (name, description) = named;
    let variables = variables.unwrap_or_default();
    check(feature, &settings, &variables, &parameters)?;
    let expansion = Expansion {
        feature,
        handler: Handler {
            function,
            parameters: &parameters,
        },
        settings: &settings,
        is_template: !variables.is_empty(),
        name: &name,
        description,
    };
    Ok(expansion.tokens())
}

/// Everything that is made from.
struct Expansion<'a> {
    feature: Feature,
    handler: Handler<'a>,
    settings: &'a Settings,
    is_template: bool,
    name: &'a LitStr,
    description: TokenStream,
}

impl Expansion<'_> {
    fn tokens(&self) -> TokenStream {
        let site = Span::mixed_site();
        let function = self.handler.function;
        let (ident, visibility) = (&function.signature.ident, &function.visibility);
        let arguments = self.handler.arguments();
        let checks = self.handler.checks();
        let description = &self.description;
        let made = self.made();
        let more = self.more();
        let annotations = annotations(self.settings);
        let maker = self.feature.maker();
        let product = Ident::new(
            match self.feature {
                Feature::Tool => "Tool",
                Feature::Prompt => "Prompt",
                Feature::Resource if self.is_template => "ResourceTemplate",
                Feature::Resource => "Resource",
            },
            site,
        );
        let about = format!(
            "The {} whose code is the function of the same name.",
            self.feature
        );
        let about_maker = format!("Makes the {}, as a server takes it.", self.feature);
        quote_spanned! {site=>
            #[doc = #about]
            #[non_exhaustive]
            #[allow(non_camel_case_types, reason = "it has the function's name")]
            #visibility struct #ident {}

            impl #ident {
                #[doc = #about_maker]
                #visibility fn #maker() -> ::midfield::#product {
                    #arguments
                    #checks
                    #made
                        .description(#description)
                        #more
                        #annotations
                }
            }
        }
    }

    /// The call that makes it of the handler.
    fn made(&self) -> TokenStream {
        let site = Span::mixed_site();
        let name = self.name;
        let places = self.handler.places();
        let body = self.handler.body(self.feature);
        // What the compiler has to say of the handler, as that its future is not `Send`, it says here.
        let ident = &self.handler.function.signature.ident;
        let handler_site = ident.span().resolved_at(site);
        let handler = quote_spanned!(handler_site=> |#(#places),*| async move { #body });
        let uri = self.settings.uri.as_ref();
        match self.feature {
            Feature::Tool => quote_spanned!(handler_site=> ::midfield::Tool::new(#name, #handler)),
            Feature::Prompt => {
                quote_spanned!(handler_site=> ::midfield::Prompt::new(#name, #handler))
            }
            Feature::Resource if self.is_template => quote_spanned! {handler_site=>
                ::midfield::__private::resource_template(#uri, #name, #handler)
            },
            Feature::Resource => {
                quote_spanned!(handler_site=> ::midfield::Resource::new(#uri, #name, #handler))
            }
        }
    }

    /// What is set beyond the name, the handler and the description.
    fn more(&self) -> TokenStream {
        let site = Span::mixed_site();
        let Settings {
            title,
            icons,
            asks,
            completes,
            mime_type,
            freshness,
            task,
            timeout,
            ..
        } = self.settings;
        let title = title.iter();
        let mime_type = mime_type.iter();
        let freshness = freshness.iter();
        let task = task.iter();
        let timeout = timeout.iter();
        let arguments = completes.iter().map(|Completed { argument, .. }| argument);
        let completers = completes
            .iter()
            .map(|Completed { completer, .. }| completer);
        let forms = forms(&self.handler.function.body);
        quote_spanned! {site=>
            #(.title(#title))*
            #(.icon(#icons))*
            #(.asks(#asks))*
            #(.form::<#forms>())*
            #(.complete(#arguments, #completers))*
            #(.mime_type(#mime_type))*
            #(.freshness(#freshness))*
            #(.task(#task))*
            #(.timeout(#timeout))*
        }
    }
}

/// The hints that the settings of a tool give; nothing where they give none.
fn annotations(settings: &Settings) -> Option<TokenStream> {
    let site = Span::mixed_site();
    let Settings {
        read_only,
        destructive,
        idempotent,
        open_world,
        ..
    } = *settings;
    let hints: Vec<TokenStream> = [
        ("read_only_hint", read_only),
        ("destructive_hint", destructive),
        ("idempotent_hint", idempotent),
        ("open_world_hint", open_world),
    ]
    .into_iter()
    .filter_map(|(field, hint)| {
        let field = Ident::new(field, site);
        hint.map(|hint| {
            quote_spanned! {site=>
                annotations.#field = ::core::option::Option::Some(#hint);
            }
        })
    })
    .collect();
    (!hints.is_empty()).then(|| {
        quote_spanned! {site=>
            .annotations({
                let mut annotations = ::midfield::types::ToolAnnotations::default();
                #(#hints)*
                annotations
            })
        }
    })
}

/// The name that the settings give, or the function's.
fn name(feature: Feature, settings: &Settings, function: &Function) -> Result<LitStr> {
    let ident = &function.signature.ident;
    let name = settings.name.clone().unwrap_or_else(|| {
        LitStr::new(&syn::ext::IdentExt::unraw(ident).to_string(), ident.span())
    });
    let value = name.value();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_name = (1..=MAX_NAME).contains(&value.len()) && value.bytes().all(allowed);
    match feature {
        Feature::Tool if !is_name => {
            let message = format!(
                "a tool cannot be named `{value}`: a name is 1 to {MAX_NAME} of A-Z a-z 0-9 _ - ."
            );
            Err(Error::new(name.span(), message))
        }
        _ if value.is_empty() => Err(Error::new(name.span(), "the name is empty")),
        _ => Ok(name),
    }
}

/// The description that the settings give, or the function's doc comment.
fn description(feature: Feature, settings: &Settings, function: &Function) -> Result<TokenStream> {
    if let Some(description) = &settings.description {
        return Ok(description.to_token_stream());
    }
    let documentation = function.documentation();
    if documentation.is_empty() {
        return Err(Error::new(
            function.signature.ident.span(),
            format!(
                "a {feature} needs a description: write a doc comment or `description = \"…\"`"
            ),
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

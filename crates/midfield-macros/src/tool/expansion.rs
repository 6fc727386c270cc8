//! What stands beside the function: a type of the same name whose `tool` makes the tool.
//!
//! A braced struct has a name among the types only, so that it does not clash with the function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, LitStr};

use super::function::Function;
use super::parameter::{Kind, Parameter};
use super::settings::Settings;

/// Everything that the tool is made from.
pub(super) struct Expansion<'a> {
    pub(super) function: &'a Function,
    pub(super) parameters: &'a [Parameter],
    pub(super) settings: &'a Settings,
    pub(super) name: &'a LitStr,
    pub(super) description: TokenStream,
}

impl ToTokens for Expansion<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            name, description, ..
        } = self;
        let site = Span::mixed_site();
        let ident = &self.function.signature.ident;
        let visibility = &self.function.visibility;
        let arguments = self.arguments();
        let places = self.places();
        let checks = self.checks();
        let body = self.body();
        // What the compiler has to say of the handler, as that its future is not `Send`, it says here.
        let handler_site = ident.span().resolved_at(site);
        let tool = quote_spanned! {handler_site=>
            ::midfield::Tool::new(#name, |#(#places),*| async move { #body })
        };
        let title = self.settings.title.as_ref();
        let title = title.map(|title| quote_spanned!(site=> .title(#title)));
        let annotations = self.annotations();
        tokens.extend(quote_spanned! {site=>
            /// The tool whose code is the function of the same name.
            #[non_exhaustive]
            #[allow(non_camel_case_types, reason = "it has the function's name")]
            #visibility struct #ident {}

            impl #ident {
                /// Makes the tool, as a server takes it.
                #visibility fn tool() -> ::midfield::Tool {
                    #arguments
                    #checks
                    #tool
                        .description(#description)
                        #title
                        #annotations
                }
            }
        });
    }
}

impl Expansion<'_> {
    /// The type that the arguments are read as; nothing where there are none.
    fn arguments(&self) -> Option<TokenStream> {
        let site = Span::mixed_site();
        let fields: Vec<TokenStream> = self
            .parameters
            .iter()
            .filter_map(|Parameter { ident, kind }| match kind {
                Kind::Argument { value, attributes } => {
                    Some(quote_spanned!(site=> #(#attributes)* #ident: #value))
                }
                Kind::Injected { .. } => None,
            })
            .collect();
        (!fields.is_empty()).then(|| {
            quote_spanned! {site=>
                #[derive(
                    ::midfield::__private::serde::Deserialize,
                    ::midfield::__private::schemars::JsonSchema,
                )]
                #[serde(crate = "::midfield::__private::serde")]
                #[schemars(crate = "::midfield::__private::schemars")]
                struct __Arguments {
                    #(#fields,)*
                }
            }
        })
    }

    /// Statements that compile where what is injected can be.
    fn checks(&self) -> TokenStream {
        let site = Span::mixed_site();
        let checks = self
            .parameters
            .iter()
            .filter_map(|parameter| match &parameter.kind {
                Kind::Argument { .. } => None,
                Kind::Injected { value, .. } => {
                    let value_site = value.span().resolved_at(site);
                    Some(quote_spanned!(value_site=> ::midfield::__private::injected::<#value>();))
                }
            });
        checks.collect()
    }

    /// The parameters of the handler: all arguments in the place of the first, and what is injected.
    fn places(&self) -> Vec<TokenStream> {
        let site = Span::mixed_site();
        let mut places = Vec::new();
        let mut has_arguments = false;
        for (number, parameter) in self.parameters.iter().enumerate() {
            match &parameter.kind {
                Kind::Argument { .. } if has_arguments => {}
                Kind::Argument { .. } => {
                    has_arguments = true;
                    places.push(quote_spanned! {site=>
                        ::midfield::Args(arguments): ::midfield::Args<__Arguments>
                    });
                }
                Kind::Injected { value, .. } => {
                    let place = place(number);
                    places.push(quote_spanned!(site=> #place: #value));
                }
            }
        }
        places
    }

    /// The call of the function and the conversion of what it returns.
    fn body(&self) -> TokenStream {
        let site = Span::mixed_site();
        let signature = &self.function.signature;
        let ident = &signature.ident;
        let values = self
            .parameters
            .iter()
            .enumerate()
            .map(|(number, parameter)| {
                let name = &parameter.ident;
                let place = place(number);
                match &parameter.kind {
                    Kind::Argument { .. } => quote_spanned!(site=> arguments.#name),
                    Kind::Injected { borrowed, .. } => quote_spanned!(site=> #borrowed #place),
                }
            });
        let wait = signature.asyncness.map(|_| quote_spanned!(site=> .await));
        let output_site = match &signature.output {
            syn::ReturnType::Default => ident.span(),
            syn::ReturnType::Type(_, output) => output.span(),
        };
        let output_site = output_site.resolved_at(site);
        let converted = quote_spanned! {output_site=>
            (&&&::midfield::__private::Output::of(&output)).convert(output)
        };
        quote_spanned! {site=>
            use ::midfield::__private::{AsIs as _, AsStructured as _, AsStructuredResult as _};
            let output = #ident(#(#values),*) #wait;
            #converted
        }
    }

    /// The hints that the settings give; nothing where they give none.
    fn annotations(&self) -> Option<TokenStream> {
        let site = Span::mixed_site();
        let Settings {
            read_only,
            destructive,
            idempotent,
            open_world,
            ..
        } = *self.settings;
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
}

/// The handler's name for the parameter of this number: the function's own could be that of an item.
fn place(number: usize) -> Ident {
    format_ident!("injected_{number}", span = Span::mixed_site())
}

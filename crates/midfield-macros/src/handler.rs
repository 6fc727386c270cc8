//! The handler that calls the function: what it takes, and what it makes of what the function returns.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use super::feature::Feature;
use super::function::Function;
use super::parameter::{Kind, Parameter};

/// What the handler is made from.
pub(crate) struct Handler<'a> {
    pub(crate) function: &'a Function,
    pub(crate) parameters: &'a [Parameter],
}

impl Handler<'_> {
    /// The type that the arguments are read as; nothing where there are none.
    pub(crate) fn arguments(&self) -> Option<TokenStream> {
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
    pub(crate) fn checks(&self) -> TokenStream {
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
    pub(crate) fn places(&self) -> Vec<TokenStream> {
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
    pub(crate) fn body(&self, feature: Feature) -> TokenStream {
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
        let converted = match feature {
            Feature::Tool => quote_spanned! {output_site=>
                (&&&::midfield::__private::Output::of(&output)).convert(output)
            },
            Feature::Prompt => quote_spanned! {output_site=>
                ::midfield::__private::prompt_result(output)
            },
            Feature::Resource => quote_spanned! {output_site=>
                ::midfield::__private::contents(output)
            },
        };
        let choices = (feature == Feature::Tool).then(|| {
            quote_spanned! {site=>
                use ::midfield::__private::{AsIs as _, AsStructured as _, AsStructuredResult as _};
            }
        });
        quote_spanned! {site=>
            #choices
            let output = #ident(#(#values),*) #wait;
            #converted
        }
    }
}

/// The handler's name for the parameter of this number: the function's own could be that of an item.
fn place(number: usize) -> Ident {
    format_ident!("injected_{number}", span = Span::mixed_site())
}

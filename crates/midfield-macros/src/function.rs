//! The function that the attribute is on.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericParam, Lit, Meta, Result, Safety, Signature,
    Visibility,
};

use super::feature::Feature;
use super::parameter::{Parameter, check_together};

/// A function whose body is not looked at, but for the forms that it asks for.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

impl Function {
    /// Takes what the parameters say for the feature off the function, so that it is one without it.
    pub(crate) fn take_parameters(&mut self, feature: Feature) -> Result<Vec<Parameter>> {
        let mut parameters = Vec::new();
        let mut errors: Option<Error> = None;
        for input in &mut self.signature.inputs {
            let parameter = match input {
                FnArg::Typed(input) => Parameter::take(feature, input),
                FnArg::Receiver(receiver) => Err(Error::new_spanned(
                    receiver,
                    format!(
                        "a {feature} is a free function: let it take a `State<T>` in place of `self`"
                    ),
                )),
            };
            match (parameter, &mut errors) {
                (Ok(parameter), _) => parameters.push(parameter),
                (Err(error), None) => errors = Some(error),
                (Err(error), Some(errors)) => errors.combine(error),
            }
        }
        match errors {
            Some(errors) => Err(errors),
            None => check_together(&parameters).map(|()| parameters),
        }
    }

    /// Checks what has nothing to do with the parameters.
    pub(crate) fn check(&self, feature: Feature) -> Result<()> {
        let signature = &self.signature;
        for parameter in &signature.generics.params {
            if !matches!(parameter, GenericParam::Lifetime(_)) {
                return Err(Error::new_spanned(parameter, feature.not_generic()));
            }
        }
        match &signature.safety {
            Safety::Unsafe(token) => {
                let message = format!("a {feature} cannot be unsafe");
                Err(Error::new_spanned(token, message))
            }
            _ => Ok(()),
        }
    }

    /// The doc comment, its lines kept as they mean something in Markdown; empty where there is none.
    pub(crate) fn documentation(&self) -> String {
        let lines: Vec<String> = self
            .attributes
            .iter()
            .filter_map(doc_text)
            .flat_map(|text| text.split('\n').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let indentation = lines
            .iter()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start_matches(' ').len())
            .min()
            .unwrap_or_default();
        let lines: Vec<&str> = lines
            .iter()
            .map(|line| line.get(indentation..).unwrap_or_default().trim_end())
            .collect();
        lines.join("\n").trim().to_owned()
    }
}

/// The text of `#[doc = "…"]`, which is what a doc comment is to the compiler.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

//! The settings in the attribute's parentheses.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Expr, ExprLit, Lit, LitBool, LitStr, Result, Token};

use super::asks;
use super::feature::Feature;
use super::time;

/// What the attribute says beyond the function.
#[derive(Default)]
pub(crate) struct Settings {
    /// The URI of a resource, or its template.
    pub(crate) uri: Option<LitStr>,
    /// The name for programs; otherwise the function's.
    pub(crate) name: Option<LitStr>,
    /// The name for people.
    pub(crate) title: Option<Expr>,
    /// What it does; otherwise the function's doc comment.
    pub(crate) description: Option<Expr>,
    /// Expressions, each an `Icon`.
    pub(crate) icons: Vec<TokenStream>,
    /// Expressions, each an `Asks`.
    pub(crate) asks: Vec<TokenStream>,
    pub(crate) completes: Vec<Completed>,
    pub(crate) mime_type: Option<Expr>,
    pub(crate) freshness: Option<Expr>,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
    /// An expression, a `TaskSupport`.
    pub(crate) task: Option<TokenStream>,
    /// An expression, a `Duration`.
    pub(crate) timeout: Option<TokenStream>,
}

/// An argument and what completes it.
pub(crate) struct Completed {
    pub(crate) argument: LitStr,
    pub(crate) completer: Expr,
}

impl Settings {
    /// Reads the tokens between the parentheses.
    pub(crate) fn read(feature: Feature, tokens: TokenStream) -> Result<Self> {
        let mut settings = Self::default();
        let read = |input: ParseStream<'_>| {
            if feature == Feature::Resource {
                settings.uri = Some(uri(input)?);
            }
            let rest: TokenStream = input.parse()?;
            meta::parser(|setting| settings.set(feature, &setting)).parse2(rest)
        };
        read.parse2(tokens)?;
        Ok(settings)
    }

    fn set(&mut self, feature: Feature, setting: &ParseNestedMeta<'_>) -> Result<()> {
        let key = setting.path.get_ident().map(ToString::to_string);
        match (feature, key.as_deref().unwrap_or_default()) {
            (_, "name") => once(setting, &mut self.name, value),
            (_, "title") => once(setting, &mut self.title, value),
            (_, "description") => once(setting, &mut self.description, text),
            (_, "icon") => {
                self.icons.push(icon(setting)?);
                Ok(())
            }
            (_, "asks") => asks::read(setting, &mut self.asks),
            (Feature::Tool, "read_only") => once(setting, &mut self.read_only, flag),
            (Feature::Tool, "destructive") => once(setting, &mut self.destructive, flag),
            (Feature::Tool, "idempotent") => once(setting, &mut self.idempotent, flag),
            (Feature::Tool, "open_world") => once(setting, &mut self.open_world, flag),
            (Feature::Tool, "task") => once(setting, &mut self.task, time::task),
            (Feature::Tool, "timeout") => once(setting, &mut self.timeout, time::timeout),
            (Feature::Resource, "mime_type") => once(setting, &mut self.mime_type, value),
            (Feature::Resource, "freshness") => once(setting, &mut self.freshness, value),
            (Feature::Prompt | Feature::Resource, "complete") => self.complete(setting),
            _ => Err(setting.error(format!(
                "not known here; the settings of a {feature} are {}",
                feature.known_settings()
            ))),
        }
    }

    /// Reads `complete(argument = function, …)`.
    fn complete(&mut self, setting: &ParseNestedMeta<'_>) -> Result<()> {
        if !setting.input.peek(syn::token::Paren) {
            return Err(setting.error("say what completes what, such as `complete(city = cities)`"));
        }
        setting.parse_nested_meta(|completed| {
            let Some(ident) = completed.path.get_ident() else {
                return Err(completed.error("this is no name of an argument"));
            };
            let name = syn::ext::IdentExt::unraw(ident).to_string();
            let argument = LitStr::new(&name, ident.span());
            let is_repeated = self
                .completes
                .iter()
                .any(|other| other.argument.value() == argument.value());
            if is_repeated {
                return Err(completed.error("given twice; remove one of them"));
            }
            let completer = value(&completed)?;
            self.completes.push(Completed {
                argument,
                completer,
            });
            Ok(())
        })
    }
}

/// The URI with which the settings of a resource begin, and the comma after it.
fn uri(input: ParseStream<'_>) -> Result<LitStr> {
    if !input.peek(LitStr) {
        let message = "a resource begins with its URI, such as `#[resource(\"notes://{id}\")]`";
        return Err(Error::new(input.span(), message));
    }
    let uri = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(uri)
}

/// Fills `slot` with what `read` finds, unless it is filled.
fn once<T>(
    setting: &ParseNestedMeta<'_>,
    slot: &mut Option<T>,
    read: fn(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if slot.is_some() {
        return Err(setting.error("given twice; remove one of them"));
    }
    *slot = Some(read(setting)?);
    Ok(())
}

pub(crate) fn value<T: syn::parse::Parse>(setting: &ParseNestedMeta<'_>) -> Result<T> {
    setting.value()?.parse()
}

/// An expression that is not the empty text.
fn text(setting: &ParseNestedMeta<'_>) -> Result<Expr> {
    let expression = value(setting)?;
    match &expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value().trim().is_empty() => {
            Err(Error::new(text.span(), "the description is empty"))
        }
        _ => Ok(expression),
    }
}

/// A literal is the place of the picture; any other expression is the `Icon`.
fn icon(setting: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let expression: Expr = value(setting)?;
    let site = proc_macro2::Span::mixed_site();
    Ok(match &expression {
        Expr::Lit(place) => quote_spanned!(site=> ::midfield::types::Icon::new(#place)),
        icon => quote_spanned!(site=> #icon),
    })
}

/// `key` alone is true; `key = false` is false.
fn flag(setting: &ParseNestedMeta<'_>) -> Result<bool> {
    if setting.input.peek(Token![=]) {
        Ok(value::<LitBool>(setting)?.value)
    } else {
        Ok(true)
    }
}

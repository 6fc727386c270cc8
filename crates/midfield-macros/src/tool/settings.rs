//! The settings in the attribute's parentheses.

use proc_macro2::TokenStream;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser as _;
use syn::{Expr, ExprLit, Lit, LitBool, LitStr, Result, Token};

/// What the attribute says beyond the function.
#[derive(Default)]
pub(super) struct Settings {
    /// The name for programs; otherwise the function's.
    pub(super) name: Option<LitStr>,
    /// The name for people.
    pub(super) title: Option<Expr>,
    /// What the tool does; otherwise the function's doc comment.
    pub(super) description: Option<Expr>,
    pub(super) read_only: Option<bool>,
    pub(super) destructive: Option<bool>,
    pub(super) idempotent: Option<bool>,
    pub(super) open_world: Option<bool>,
}

impl Settings {
    /// Reads the tokens between the parentheses.
    pub(super) fn read(tokens: TokenStream) -> Result<Self> {
        let mut settings = Self::default();
        meta::parser(|setting| settings.set(&setting)).parse2(tokens)?;
        Ok(settings)
    }

    fn set(&mut self, setting: &ParseNestedMeta<'_>) -> Result<()> {
        let key = setting.path.get_ident().map(ToString::to_string);
        match key.as_deref() {
            Some("name") => once(setting, &mut self.name, value),
            Some("title") => once(setting, &mut self.title, value),
            Some("description") => once(setting, &mut self.description, text),
            Some("read_only") => once(setting, &mut self.read_only, flag),
            Some("destructive") => once(setting, &mut self.destructive, flag),
            Some("idempotent") => once(setting, &mut self.idempotent, flag),
            Some("open_world") => once(setting, &mut self.open_world, flag),
            _ => Err(setting.error(format!(
                "not known here; the settings of a tool are {KNOWN}"
            ))),
        }
    }
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

fn value<T: syn::parse::Parse>(setting: &ParseNestedMeta<'_>) -> Result<T> {
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
            Err(syn::Error::new(text.span(), "the description is empty"))
        }
        _ => Ok(expression),
    }
}

/// `key` alone is true; `key = false` is false.
fn flag(setting: &ParseNestedMeta<'_>) -> Result<bool> {
    if setting.input.peek(Token![=]) {
        Ok(value::<LitBool>(setting)?.value)
    } else {
        Ok(true)
    }
}

const KNOWN: &str =
    "`name`, `title`, `description`, `read_only`, `destructive`, `idempotent` and `open_world`";

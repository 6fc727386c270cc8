//! The parameters of the function: those that a caller supplies, and those that the server injects.

use syn::ext::IdentExt as _;
use syn::{Attribute, Error, Expr, Ident, LitStr, Pat, PatType, Result, Token, Type};

use super::feature::Feature;

/// A parameter of the function.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    pub(crate) kind: Kind,
}

/// Where a parameter comes from.
pub(crate) enum Kind {
    /// It is a property of the input schema.
    Argument {
        value: Type,
        /// The doc comment and what is for serde and schemars.
        attributes: Vec<Attribute>,
    },
    /// It is made from the call by `FromCall`.
    Injected {
        value: Type,
        /// The function borrows it.
        borrowed: Option<Token![&]>,
        /// It is `Args<T>`, which reads the arguments.
        reads_arguments: bool,
    },
}

impl Parameter {
    /// Takes the attributes that are for the feature off `input`.
    pub(crate) fn take(feature: Feature, input: &mut PatType) -> Result<Self> {
        let (taken, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut input.attrs)
            .into_iter()
            .partition(is_for_feature);
        input.attrs = kept;
        let ident = match &*input.pat {
            Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
                name.ident.clone()
            }
            pattern => {
                let message = format!(
                    "a parameter of a {feature} is a plain name, by which the caller gives it"
                );
                return Err(Error::new_spanned(pattern, message));
            }
        };
        let name = last_segment(referent(&input.ty));
        let marked = taken.iter().any(|attribute| is(attribute, "inject"));
        let kind = if marked || name.is_some_and(|name| INJECTED.iter().any(|known| name == known))
        {
            injected_kind(&input.ty, &taken, name.is_some_and(|name| name == ARGS))?
        } else {
            argument_kind(feature, &input.ty, taken)?
        };
        Ok(Self { ident, kind })
    }

    /// Whether it is `Args<T>`, which reads all arguments.
    pub(crate) fn reads_whole(&self) -> bool {
        matches!(
            self.kind,
            Kind::Injected {
                reads_arguments: true,
                ..
            }
        )
    }

    /// The name by which the caller gives it; `None` where it is injected, or has no name of its own.
    pub(crate) fn argument_name(&self) -> Option<String> {
        let Kind::Argument { attributes, .. } = &self.kind else {
            return None;
        };
        match serde_word(attributes) {
            SerdeWord {
                has_no_name: true, ..
            } => None,
            SerdeWord {
                rename: Some(name), ..
            } => Some(name),
            _ => Some(self.ident.unraw().to_string()),
        }
    }

    /// Whether a caller must give it, as far as its type and attributes tell.
    pub(crate) fn is_required(&self) -> bool {
        match &self.kind {
            Kind::Argument { value, attributes } => {
                let is_option = last_segment(value).is_some_and(|name| name == "Option");
                !is_option && !serde_word(attributes).has_default
            }
            Kind::Injected { .. } => false,
        }
    }
}

/// Checks what a handler can take together: the arguments once, and no more than it has places for.
pub(crate) fn check_together(parameters: &[Parameter]) -> Result<()> {
    let mut reads_arguments = None;
    let mut places = 0;
    for Parameter { ident, kind } in parameters {
        let reading = match kind {
            Kind::Argument { .. } => Some(Reading::Properties),
            Kind::Injected {
                reads_arguments, ..
            } => reads_arguments.then_some(Reading::Whole),
        };
        places += usize::from(reading != Some(Reading::Properties) || reads_arguments.is_none());
        if places > MAX_PLACES {
            let message = format!(
                "a handler takes at most {MAX_PLACES} parameters, where all arguments count as one"
            );
            return Err(Error::new(ident.span(), message));
        }
        match (reads_arguments, reading) {
            (_, None) | (Some(Reading::Properties), Some(Reading::Properties)) => {}
            (None, Some(_)) => reads_arguments = reading,
            (Some(_), Some(_)) => {
                let message =
                    "the arguments are read twice: take one `Args<T>`, or a parameter for each";
                return Err(Error::new(ident.span(), message));
            }
        }
    }
    Ok(())
}

/// How a parameter reads the arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// One of them.
    Properties,
    /// All of them.
    Whole,
}

fn injected_kind(value: &Type, attributes: &[Attribute], reads_arguments: bool) -> Result<Kind> {
    let misplaced = |attribute: &&Attribute| !is(attribute, "inject") && !is(attribute, "doc");
    if let Some(attribute) = attributes.iter().find(misplaced) {
        let message = "this is for arguments; the parameter is injected and not in the schema";
        return Err(Error::new_spanned(attribute, message));
    }
    let borrowed = match value {
        Type::Reference(reference) if reference.mutability.is_some() => {
            let message = "an injected parameter is shared by others: take `T` or `&T`";
            return Err(Error::new_spanned(value, message));
        }
        Type::Reference(reference) => Some(reference.and_token),
        _ => None,
    };
    Ok(Kind::Injected {
        value: referent(value).clone(),
        borrowed,
        reads_arguments,
    })
}

fn argument_kind(feature: Feature, value: &Type, attributes: Vec<Attribute>) -> Result<Kind> {
    match value {
        Type::Reference(_) => Err(Error::new_spanned(
            value,
            "an argument is read from the call: take it owned, such as `String` in place of `&str`; \
             what the server injects is marked by `#[inject]`",
        )),
        Type::ImplTrait(_) => Err(Error::new_spanned(value, feature.not_generic())),
        _ => Ok(Kind::Argument {
            value: value.clone(),
            attributes,
        }),
    }
}

/// What `#[serde(…)]` says of an argument.
#[derive(Default)]
struct SerdeWord {
    rename: Option<String>,
    has_default: bool,
    /// It is flattened or skipped.
    has_no_name: bool,
}

/// Reads what matters here of `#[serde(…)]`; what is wrong with it is for serde to tell.
fn serde_word(attributes: &[Attribute]) -> SerdeWord {
    let mut word = SerdeWord::default();
    for attribute in attributes.iter().filter(|attribute| is(attribute, "serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.input.peek(syn::token::Paren) {
                return meta.parse_nested_meta(|inner| {
                    let value: LitStr = inner.value()?.parse()?;
                    if meta.path.is_ident("rename") && inner.path.is_ident("deserialize") {
                        word.rename = Some(value.value());
                    }
                    Ok(())
                });
            }
            if meta.path.is_ident("rename") {
                word.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                return Ok(());
            }
            if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            word.has_default |= meta.path.is_ident("default");
            word.has_no_name |= ["flatten", "skip", "skip_deserializing"]
                .iter()
                .any(|name| meta.path.is_ident(name));
            Ok(())
        });
    }
    word
}

fn is_for_feature(attribute: &Attribute) -> bool {
    FOR_FEATURE.iter().any(|name| is(attribute, name))
}

fn is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().is_ident(name)
}

/// What a reference refers to, and every other type itself.
fn referent(value: &Type) -> &Type {
    match value {
        Type::Reference(reference) => &reference.elem,
        _ => value,
    }
}

fn last_segment(value: &Type) -> Option<&Ident> {
    match value {
        Type::Path(path) if path.qself.is_none() => {
            path.path.segments.last().map(|segment| &segment.ident)
        }
        _ => None,
    }
}

/// Most parameters of a `midfield::server::Handler`.
const MAX_PLACES: usize = 6;

const ARGS: &str = "Args";

/// Types that are injected wherever they stand.
const INJECTED: [&str; 4] = ["Context", "State", "Principal", ARGS];

/// Attributes of parameters that the compiler would reject on the function.
const FOR_FEATURE: [&str; 4] = ["doc", "inject", "schemars", "serde"];

//! What the parameters must have in common with the settings: the variables of a template, and the
//! arguments that completers are for.

use syn::{Error, Ident, Result};

use super::feature::Feature;
use super::parameter::{Kind, Parameter};
use super::settings::Settings;
use super::template::Variable;

/// Checks the parameters against `settings` and, of a resource, against the variables of its URI.
pub(crate) fn check(
    feature: Feature,
    settings: &Settings,
    variables: &[Variable],
    parameters: &[Parameter],
) -> Result<()> {
    let mut errors: Option<Error> = None;
    let mut add = |error: Error| match &mut errors {
        Some(errors) => errors.combine(error),
        None => errors = Some(error),
    };
    let names = names(parameters);
    if feature == Feature::Resource {
        against_variables(settings, variables, parameters, names.as_deref(), &mut add);
    }
    for completed in &settings.completes {
        let argument = completed.argument.value();
        let is_known = match feature {
            Feature::Resource => variables.iter().any(|variable| variable.name == argument),
            _ => names
                .as_ref()
                .is_none_or(|names| names.iter().any(|(name, _)| *name == argument)),
        };
        if !is_known {
            add(Error::new(
                completed.argument.span(),
                format!("there is no argument `{argument}` that could be completed"),
            ));
        }
    }
    errors.map_or(Ok(()), Err)
}

fn against_variables(
    settings: &Settings,
    variables: &[Variable],
    parameters: &[Parameter],
    names: Option<&[(String, &Ident)]>,
    add: &mut impl FnMut(Error),
) {
    // Without names the parameters are read by a type, which the build holds against the template.
    let whole = parameters.iter().find(|parameter| parameter.reads_whole());
    if let (Some(whole), true) = (whole, variables.is_empty()) {
        add(Error::new(whole.ident.span(), NO_VARIABLES));
    }
    let Some(names) = names.filter(|_| whole.is_none()) else {
        return;
    };
    for (name, ident) in names {
        if !variables.iter().any(|variable| variable.name == *name) {
            let message = if variables.is_empty() {
                NO_VARIABLES.to_owned()
            } else {
                format!("the template has no variable `{name}`")
            };
            add(Error::new(ident.span(), message));
        }
    }
    let span = settings
        .uri
        .as_ref()
        .map_or_else(proc_macro2::Span::call_site, syn::LitStr::span);
    for Variable { name, is_optional } in variables {
        let taking = parameters
            .iter()
            .find(|parameter| parameter.argument_name().as_deref() == Some(name));
        match taking {
            None if !is_optional => {
                let message = format!("no parameter takes the variable `{name}`");
                add(Error::new(span, message));
            }
            Some(parameter) if *is_optional && parameter.is_required() => {
                let message = format!(
                    "a URI may leave out `{name}`: take an `Option`, or say `#[serde(default)]`"
                );
                add(Error::new(parameter.ident.span(), message));
            }
            _ => {}
        }
    }
}

/// The names of the arguments; `None` where a type has them, such as that of `Args<T>`.
fn names(parameters: &[Parameter]) -> Option<Vec<(String, &Ident)>> {
    let is_argument = |parameter: &&Parameter| matches!(parameter.kind, Kind::Argument { .. });
    if parameters.iter().any(Parameter::reads_whole) {
        return None;
    }
    parameters
        .iter()
        .filter(is_argument)
        .map(|parameter| Some((parameter.argument_name()?, &parameter.ident)))
        .collect()
}

const NO_VARIABLES: &str =
    "a resource at one URI has no arguments: put a variable such as `{id}` into the URI";

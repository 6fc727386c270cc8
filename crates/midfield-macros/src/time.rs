//! The settings of a tool about time: whether it runs as a task, and how long it may take.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::meta::ParseNestedMeta;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Result, Token};

use super::settings::value;

/// `task` alone, `task = "required"`, or an expression, a `TaskSupport`.
pub(crate) fn task(setting: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let site = Span::mixed_site();
    if !setting.input.peek(Token![=]) {
        return Ok(quote_spanned!(site=> ::midfield::types::TaskSupport::Optional));
    }
    let expression: Expr = value(setting)?;
    let Some(word) = as_text(&expression) else {
        return Ok(quote_spanned!(site=> #expression));
    };
    match word.value().as_str() {
        "optional" => Ok(quote_spanned!(site=> ::midfield::types::TaskSupport::Optional)),
        "required" => Ok(quote_spanned!(site=> ::midfield::types::TaskSupport::Required)),
        "forbidden" => Ok(quote_spanned!(site=> ::midfield::types::TaskSupport::Forbidden)),
        _ => Err(Error::new(
            word.span(),
            "a tool runs as a task when clients like (`task`), always (`task = \"required\"`) or never",
        )),
    }
}

/// `timeout = "2h"`, or an expression, a `Duration`.
pub(crate) fn timeout(setting: &ParseNestedMeta<'_>) -> Result<TokenStream> {
    let site = Span::mixed_site();
    let expression: Expr = value(setting)?;
    let Some(text) = as_text(&expression) else {
        return Ok(quote_spanned!(site=> #expression));
    };
    match milliseconds(&text.value()) {
        Some(milliseconds) => {
            Ok(quote_spanned!(site=> ::core::time::Duration::from_millis(#milliseconds)))
        }
        None => Err(Error::new(
            text.span(),
            "a time is a number that is not 0 and a unit, ms, s, m, h or d: `timeout = \"2h\"`",
        )),
    }
}

fn as_text(expression: &Expr) -> Option<&LitStr> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(unit).filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        let cases = [
            ("250ms", Some(250)),
            ("90s", Some(90_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            ("7d", Some(604_800_000)),
            ("0s", None),
            ("2", None),
            ("h", None),
            ("2 h", None),
            ("-2h", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ];
        for (text, time) in cases {
            assert_eq!(milliseconds(text), time, "{text}");
        }
    }
}

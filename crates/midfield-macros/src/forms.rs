//! The forms that a function's body asks for, as far as its text tells: the `T` of `.elicit::<T>(…)`.

use std::collections::HashSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The types of the forms, each once.
///
/// A type that is declared or imported within the body has no name outside of it, and an inferred one none
/// at all: these are left out.
pub(crate) fn forms(body: &TokenStream) -> Vec<TokenStream> {
    let mut search = Search::default();
    search.walk(body);
    let Search { found, local } = search;
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|form| {
            let names = names(form);
            !names.iter().any(|name| name == "_" || local.contains(name))
        })
        .filter(|form| seen.insert(form.to_string()))
        .collect()
}

#[derive(Default)]
struct Search {
    found: Vec<TokenStream>,
    /// Names that the body gives.
    local: HashSet<String>,
}

impl Search {
    fn walk(&mut self, tokens: &TokenStream) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            match first {
                TokenTree::Group(group) => self.walk(&group.stream()),
                TokenTree::Ident(word) if word == "elicit" => self.found.extend(turbofish(after)),
                TokenTree::Ident(word) if word == "use" => {
                    let end = after.iter().position(|token| is(token, ';'));
                    let imported = after.iter().take(end.unwrap_or(after.len())).cloned();
                    self.local.extend(names(&imported.collect()));
                }
                TokenTree::Ident(word) if DECLARES.iter().any(|declares| word == declares) => {
                    self.local.extend(after.first().map(ToString::to_string));
                }
                _ => {}
            }
            rest = after;
        }
    }
}

/// What stands between the brackets of `::<…>(…)`, with which `tokens` begin.
fn turbofish(tokens: &[TokenTree]) -> Option<TokenStream> {
    let [first, second, open, inside @ ..] = tokens else {
        return None;
    };
    if !(is(first, ':') && is(second, ':') && is(open, '<')) {
        return None;
    }
    let mut depth = 1_usize;
    let mut before = None;
    for (at, token) in inside.iter().enumerate() {
        let is_arrow = before.is_some_and(|before| is(before, '-'));
        if is(token, '<') {
            depth += 1;
        } else if is(token, '>') && !is_arrow {
            depth -= 1;
        }
        before = Some(token);
        if depth == 0 {
            let (form, after) = (inside.get(..at)?, inside.get(at + 1)?);
            let is_call = matches!(after, TokenTree::Group(group)
                if group.delimiter() == Delimiter::Parenthesis);
            return is_call.then(|| form.iter().cloned().collect());
        }
    }
    None
}

/// All words of these tokens.
fn names(tokens: &TokenStream) -> Vec<String> {
    let names = tokens.clone().into_iter().flat_map(|token| match token {
        TokenTree::Ident(name) => vec![name.to_string()],
        TokenTree::Group(group) => names(&group.stream()),
        _ => Vec::new(),
    });
    names.collect()
}

fn is(token: &TokenTree, punctuation: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == punctuation)
}

/// Words before the name of a type, or of a module in which one may be.
const DECLARES: [&str; 5] = ["enum", "mod", "struct", "type", "union"];

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn the_forms_of_a_body_are_those_that_it_names_and_that_have_a_name_outside() {
        let body = "{ struct Inner; use crate::a::{Imported as There, b}; \
                    let a = cx.elicit::<Booking>(\"a\", \"A\").await?; \
                    join!(cx.elicit::<forms::Fare<Vec<u8>, fn() -> u8>>(\"b\", \"B\"), Context::elicit::<Booking>(&cx)); \
                    cx.elicit::<_>(\"c\"); cx.elicit::<Inner>(\"d\"); cx.elicit::<There>(\"e\"); \
                    cx.elicit(\"f\"); elicit::<u8>; a < b && elicit > c }";
        let body = TokenStream::from_str(body).expect("the text is Rust");
        let found: Vec<String> = forms(&body)
            .iter()
            .map(|form| form.to_string().replace(' ', ""))
            .collect();
        assert_eq!(found, ["Booking", "forms::Fare<Vec<u8>,fn()->u8>"]);
    }
}

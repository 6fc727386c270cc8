//! The secrets of a source, looked up.

use std::fmt;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_openapi::{Credential, Credentials};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::config::{self, Finding, SchemeSecret, UserName};

/// The credentials of a source, and the texts that no message may hold.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    pub(super) credentials: Credentials,
    texts: Vec<SecretString>,
}

/// Looks the secrets of `source` up.
///
/// # Errors
/// With a finding for each that is not there.
pub(crate) fn fetch(source: &config::Source) -> Result<Secrets, Vec<Finding>> {
    let mut secrets = Secrets::default();
    let mut findings = Vec::new();
    for (scheme, placed) in &source.secrets {
        match fetch_one(&placed.value) {
            Ok((credential, texts)) => {
                let credentials = std::mem::take(&mut secrets.credentials);
                secrets.credentials = credentials.with(scheme, credential);
                secrets.texts.extend(texts);
            }
            Err(error) => findings.push(Finding {
                place: Some(placed.place),
                told: format!("no secret for `{scheme}`: {error:#}"),
            }),
        }
    }
    if findings.is_empty() {
        Ok(secrets)
    } else {
        Err(findings)
    }
}

fn fetch_one(secret: &SchemeSecret) -> anyhow::Result<(Credential, Vec<SecretString>)> {
    match secret {
        SchemeSecret::Token(keeper) => {
            let token = keeper.fetch()?;
            let texts = forms(&token);
            Ok((Credential::Token(token), texts))
        }
        SchemeSecret::Basic { username, password } => {
            let user = match username {
                UserName::Plain(name) => name.clone(),
                UserName::Kept(keeper) => {
                    let name = keeper.fetch().context("could not look the user name up")?;
                    name.expose_secret().to_owned()
                }
            };
            let password = password.fetch()?;
            let pair = format!("{user}:{}", password.expose_secret());
            let mut texts = forms(&password);
            texts.push(SecretString::from(STANDARD.encode(pair)));
            Ok((Credential::Basic { user, password }, texts))
        }
    }
}

/// A secret as it is, as it stands in a query and as it stands in JSON.
fn forms(secret: &SecretString) -> Vec<SecretString> {
    let text = secret.expose_secret();
    let encoded = utf8_percent_encode(text, UNRESERVED).to_string();
    let quoted = Value::from(text).to_string();
    let escaped = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let escaped = escaped.unwrap_or_default().to_owned();
    let forms = [text.to_owned(), encoded, escaped];
    forms.into_iter().map(SecretString::from).collect()
}

impl Secrets {
    /// `text` without any of the secrets, for messages that quote what a service said.
    pub(super) fn hide_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.texts {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), "[secret]");
            }
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.credentials.fmt(f)
    }
}

/// What is encoded in a query: all but the unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
        let secrets = Secrets {
            texts: forms(&SecretString::from("a/b \"c\"")),
            ..Secrets::default()
        };
        let text = r#"a/b "c", a%2Fb%20%22c%22, a/b \"c\""#;
        assert_eq!(secrets.hide_in(text), "[secret], [secret], [secret]");
        assert_eq!(format!("{secrets:?}"), "{}");
    }
}

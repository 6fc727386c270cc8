//! The secrets of a source, looked up.

use std::fmt;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_openapi::{Credential, Credentials};
use secrecy::{ExposeSecret as _, SecretString};

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
            Ok((Credential::Token(token.clone()), vec![token]))
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
            let sent = SecretString::from(STANDARD.encode(pair));
            let texts = vec![password.clone(), sent];
            Ok((Credential::Basic { user, password }, texts))
        }
    }
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

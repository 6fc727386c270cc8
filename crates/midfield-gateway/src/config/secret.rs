//! Secrets: never written in the configuration, only where they are kept.

use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::SecretString;
use toml::Spanned;
use toml::de::DeValue;

use super::Map;
use super::place::Placed;
use super::table::{Misfit, Table};

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// An environment variable of this name.
    Env(String),
    /// A file; one line break at its end does not count.
    File(PathBuf),
}

impl Keeper {
    /// Looks the secret up.
    pub(crate) fn fetch(&self) -> anyhow::Result<SecretString> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => anyhow::anyhow!(
                    "the environment variable `{name}` is not set: set it to the secret"
                ),
                // The error itself would show the value.
                std::env::VarError::NotUnicode(_) => {
                    anyhow::anyhow!("the environment variable `{name}` is not UTF-8 text")
                }
            })?,
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("could not read the secret in {}", path.display()))?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                text.strip_suffix('\r').unwrap_or(text).to_owned()
            }
        };
        anyhow::ensure!(!text.is_empty(), "the secret in {self} is empty");
        Ok(SecretString::from(text))
    }
}

impl std::fmt::Display for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The secret of one security scheme.
#[derive(Clone, Debug)]
pub(crate) enum SchemeSecret {
    /// An API key or a token.
    Token(Keeper),
    /// A user name and a password.
    Basic {
        username: UserName,
        password: Keeper,
    },
}

/// A user name, which is no secret by itself but may be kept like one.
#[derive(Clone, Debug)]
pub(crate) enum UserName {
    Plain(String),
    Kept(Keeper),
}

/// Reads the table of secrets of a source, by the names of the security schemes.
pub(super) fn read(mut table: Table<'_, '_>) -> Map<Placed<SchemeSecret>> {
    let mut secrets = Map::new();
    for scheme in table.keys_in_order() {
        let Some(value) = table.value(&scheme) else {
            continue;
        };
        let place = table.reader().place(&value.span());
        if let Some(value) = read_scheme(&mut table, &scheme, value) {
            secrets.insert(scheme, Placed { place, value });
        }
    }
    secrets
}

fn read_scheme<'i>(
    secrets: &mut Table<'_, 'i>,
    scheme: &str,
    value: Spanned<DeValue<'i>>,
) -> Option<SchemeSecret> {
    let mut table = kept_table(secrets, scheme, value)?;
    let secret = if table.has("username") || table.has("password") {
        let username = read_username(&mut table);
        let password = read_member(&mut table, "password");
        username
            .zip(password)
            .map(|(username, password)| SchemeSecret::Basic { username, password })
    } else {
        read_keeper(&mut table).map(SchemeSecret::Token)
    };
    table.finish();
    secret
}

fn read_username(table: &mut Table<'_, '_>) -> Option<UserName> {
    match table.value("username") {
        Some(value) if value.get_ref().is_str() => {
            let name = value.get_ref().as_str().unwrap_or_default();
            Some(UserName::Plain(name.to_owned()))
        }
        Some(value) => {
            let mut keeper = kept_table(table, "username", value)?;
            let read = read_keeper(&mut keeper).map(UserName::Kept);
            keeper.finish();
            read
        }
        None => {
            table.report("needs `username` beside `password`");
            None
        }
    }
}

fn read_member(table: &mut Table<'_, '_>, key: &str) -> Option<Keeper> {
    if !table.has(key) {
        table.report("needs `password = { env = \"NAME\" }` beside `username`");
    }
    kept(table, key)
}

/// Where the secret `key` is kept.
pub(super) fn kept(table: &mut Table<'_, '_>, key: &str) -> Option<Keeper> {
    let value = table.value(key)?;
    let mut keeper = kept_table(table, key, value)?;
    let read = read_keeper(&mut keeper);
    keeper.finish();
    read
}

/// The table that says where a secret is kept. Anything else may be the secret itself, and is not shown.
fn kept_table<'r, 'i>(
    table: &mut Table<'r, 'i>,
    key: &str,
    value: Spanned<DeValue<'i>>,
) -> Option<Table<'r, 'i>> {
    let span = value.span();
    if let DeValue::Table(keeper) = value.into_inner() {
        return Some(table.below(key, Spanned::new(span, keeper)));
    }
    let told =
        "is a secret, which is never written here: use { env = \"NAME\" } or { file = \"PATH\" }";
    table.report_value(key, &span, told);
    None
}

fn read_keeper(table: &mut Table<'_, '_>) -> Option<Keeper> {
    let env = table.parsed("env", parse_variable);
    let folder = table.reader().folder();
    let file = table.text("file");
    match (env, file) {
        (Some(name), None) => Some(Keeper::Env(name)),
        (None, Some(path)) => Some(Keeper::File(folder.join(path))),
        (None, None) if table.has_failed("env") || table.has_failed("file") => None,
        _ => {
            table.report("takes either `env = \"NAME\"` or `file = \"PATH\"`");
            None
        }
    }
}

/// The name of an environment variable. What is none may be the secret itself, and is not shown.
fn parse_variable(text: &str) -> Result<String, Misfit> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if text.is_empty()
        || !text.chars().all(is_part)
        || text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(Misfit::new(
            "takes the name of an environment variable, such as \"LAB_API_KEY\"",
        ));
    }
    Ok(text.to_owned())
}

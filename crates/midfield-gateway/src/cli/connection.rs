//! How a server is connected to: what goes with every request, how long it is waited for, who answers what it asks.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use midfield::client::Speak;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::connect::ModelOptions;
use super::exit::Ended;
use super::text::line;

/// How a server is connected to.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The environment variable that holds the bearer token; where it is empty none is sent, but what a file names for its own
    /// server.
    #[arg(long, value_name = "NAME")]
    pub(super) token_env: Option<String>,

    /// A header to send with every request, such as `X-Tenant: oncology`. May be given more than once.
    #[arg(long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,

    /// The longest time that the command may take, such as `30s` or `5m`. Default: as long as the server needs.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,

    /// Which era of the protocol is spoken.
    #[arg(long, value_name = "ERA", value_enum, default_value_t)]
    pub(super) era: Era,

    /// A file with the answers to what the server asks, instead of a person. What it does not answer is declined.
    #[arg(long, value_name = "FILE")]
    pub(super) answers: Option<PathBuf>,

    #[command(flatten)]
    pub(super) model: ModelOptions,

    /// Show on stderr what the server writes to its log, and what goes on between it and midfield.
    #[arg(long)]
    pub(super) verbose: bool,
}

/// Which era of the protocol is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Era {
    /// Whichever the server speaks, the newest first.
    #[default]
    Auto,
    /// Revision 2026-07-28 and later.
    Modern,
    /// Revisions up to 2025-11-25: a session begins with `initialize`.
    Legacy,
}

impl Connection {
    /// What is spoken, where a command has a wish of its own.
    pub(super) fn speak(&self, wish: Option<Speak>) -> Speak {
        match (self.era, wish) {
            (Era::Auto, Some(wish)) => wish,
            (said, _) => said.into(),
        }
    }
}

impl Connection {
    /// The headers that the command line says are sent with every request.
    ///
    /// # Errors
    /// With what is wrong with them.
    pub(super) fn headers(&self) -> Result<HeaderMap, Ended> {
        headers(&self.header, self.token_env.as_deref()).map_err(Ended::usage)
    }

    /// What the command line sends to the server, in words that tell no value.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub(super) fn given(&self) -> Result<Vec<String>, Ended> {
        let headers = self.headers()?;
        let names = headers.keys().map(|name| match &self.token_env {
            Some(variable) if name == AUTHORIZATION => format!("the token in `{}`", line(variable)),
            _ => format!("the header `{name}` of the command line"),
        });
        Ok(names.collect())
    }
}

impl From<Era> for Speak {
    fn from(era: Era) -> Self {
        match era {
            Era::Auto => Self::Auto,
            Era::Modern => Self::Modern,
            Era::Legacy => Self::Legacy,
        }
    }
}

/// The headers that are sent with every request: those of the command line, and the token that an environment variable holds.
///
/// # Errors
/// With what is wrong; no value is told, since it may be a secret.
pub(super) fn headers(lines: &[String], token_env: Option<&str>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let fetch = |name| {
        let token = std::env::var_os(name).map(|token| (name, token));
        token.ok_or_else(|| {
            format!(
                "`--token-env` names the variable `{}`, which is not set",
                line(name)
            )
        })
    };
    let token = token_env.map(fetch).transpose()?;
    if let Some((name, token)) = token.filter(|(_, token)| !token.is_empty()) {
        let token = token
            .to_str()
            .map(|token| format!("Bearer {}", token.trim()));
        let value = token.and_then(|token| HeaderValue::from_str(&token).ok());
        let mut value = value.ok_or_else(|| {
            format!(
                "the token in `{}` has characters that no header can hold",
                line(name)
            )
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    for text in lines {
        let (name, value) =
            parse(text).ok_or_else(|| "`--header` takes `NAME: VALUE`".to_owned())?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn parse(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':')?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        connection: Connection,
    }

    #[test]
    fn a_connection_is_read_from_a_command_line() {
        let words = [
            "x",
            "--timeout",
            "5m",
            "--era",
            "legacy",
            "--header",
            "A: b",
            "--answers",
            "f",
        ];
        let Line { connection } = Line::try_parse_from(words).unwrap();
        assert_eq!(connection.timeout, Some(Duration::from_mins(5)));
        assert_eq!(connection.era, Era::Legacy);
        assert_eq!(connection.answers, Some("f".into()));
        let headers = headers(&connection.header, connection.token_env.as_deref()).unwrap();
        assert_eq!(headers["a"], "b");
        let Line { connection } = Line::try_parse_from(["x"]).unwrap();
        assert_eq!(connection.era, Era::Auto);
        assert!(Line::try_parse_from(["x", "--timeout", "soon"]).is_err());
    }

    #[test]
    fn a_token_that_is_not_there_is_missed() {
        let told = headers(&[], Some("MIDFIELD_NOT_SET_ANYWHERE")).unwrap_err();
        assert!(told.contains("`MIDFIELD_NOT_SET_ANYWHERE`"), "{told}");
    }

    #[test]
    fn a_header_that_is_none_is_not_told() {
        let told = headers(&["canary".to_owned()], None).unwrap_err();
        assert_eq!(told, "`--header` takes `NAME: VALUE`");
        assert!(!format!("{:?}", headers(&["A: canary".to_owned()], None)).contains("canary"));
    }
}

//! Who may use the gateway: bearer tokens, each with the principal that it stands for.

use midfield::Identity;

use super::secret::{Keeper, kept};
use super::table::{Misfit, Table};

/// A bearer token, and whom it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The name in the configuration.
    pub(crate) name: String,
    /// Where the token itself is kept.
    pub(crate) keeper: Keeper,
    /// Whom it stands for.
    pub(crate) identity: Identity,
}

/// Reads the table of tokens, by their names.
pub(super) fn read(tokens: Option<Table<'_, '_>>) -> Vec<Token> {
    let Some(mut tokens) = tokens else {
        return Vec::new();
    };
    let names = tokens.keys_in_order();
    if names.is_empty() {
        tokens.report(
            "names no token: write `[tokens.NAME]` and below it `token = { env = \"NAME\" }`",
        );
    }
    let mut read = Vec::new();
    for name in names {
        if let Some(table) = tokens.table(&name) {
            read.extend(read_token(&name, table));
        }
    }
    read
}

fn read_token(name: &str, mut table: Table<'_, '_>) -> Option<Token> {
    if !table.has("token") {
        table.report("needs `token = { env = \"NAME\" }` or `token = { file = \"PATH\" }`");
    }
    let keeper = kept(&mut table, "token");
    let text = |text: &str| match text {
        "" => Err(Misfit::new("is empty")),
        text => Ok(text.to_owned()),
    };
    let subject = table.parsed("subject", text);
    let mut identity = Identity::new(ISSUER, subject.unwrap_or_else(|| name.to_owned()));
    identity.tenant = table.parsed("tenant", text);
    identity.client = table.parsed("client", text);
    table.finish();
    Some(Token {
        name: name.to_owned(),
        keeper: keeper?,
        identity,
    })
}

/// Who vouches for those who are named in a configuration.
const ISSUER: &str = "midfield:tokens";

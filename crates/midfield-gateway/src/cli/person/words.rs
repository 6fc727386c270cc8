//! What servers write, made safe to show to a person, and what is said of who asks.

use std::fmt::Write as _;

use midfield::client::Asker;
use midfield::host::form::{Field, Kind};

use crate::cli::text::line;

/// A text of a server on one line, in which a terminal finds no link to be clicked
/// ([safe URL handling](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#safe-url-handling)).
pub(in crate::cli) fn unlinked(text: &str) -> String {
    let mut text = line(text).replace("://", ": //");
    for (link, broken) in [
        ("www.", "www ."),
        ("WWW.", "WWW ."),
        ("mailto:", "mailto :"),
    ] {
        text = text.replace(link, broken);
    }
    text
}

/// Lines of a server's text, as [`unlinked`], behind a bar that nothing of it can leave.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for text in text.lines().take(MAX_LINES) {
        quoted.push_str("  | ");
        quoted.push_str(&shortened(&unlinked(text), MAX_LINE));
        quoted.push('\n');
    }
    if text.lines().nth(MAX_LINES).is_some() {
        quoted.push_str("  | …\n");
    }
    quoted
}

/// At most so many characters of a text.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The server as the host knows it: by its name, or its address, in which a terminal finds no link either.
pub(in crate::cli) fn server(asker: &Asker) -> String {
    let address = asker.server.trim_start_matches("http://");
    unlinked(address.trim_start_matches("https://"))
}

/// Who asks: first as the host knows the server, then as it names itself.
pub(super) fn asker(asker: &Asker) -> String {
    let mut text = format!("\nthe server `{}` asks", server(asker));
    if let Some(tool) = &asker.on_behalf_of {
        let _ = write!(text, " while it works on `{}`", unlinked(tool));
    }
    text.push('\n');
    if let Some(itself) = &asker.implementation {
        let name = itself.title.as_deref().unwrap_or(&itself.name);
        let name = shortened(&unlinked(name), MAX_NAME);
        let _ = writeln!(text, "  (it calls itself \"{name}\", which proves nothing)");
    }
    text
}

/// A field in a line: its name, what it holds, and what is said of it.
pub(in crate::cli) fn label(field: &Field) -> String {
    let kind = match field.kind() {
        Kind::Text { format, .. } => unlinked(format.as_deref().unwrap_or("text")),
        Kind::Integer { .. } => "whole number".to_owned(),
        Kind::Number { .. } => "number".to_owned(),
        Kind::Boolean => "yes or no".to_owned(),
        Kind::One(_) => "one choice".to_owned(),
        Kind::Many { .. } => "any of the choices".to_owned(),
        _ => String::new(),
    };
    let mut text = format!("{} ({kind}", unlinked(field.name()));
    if field.is_required() {
        text.push_str(", required");
    }
    if let Some(default) = field.default() {
        let default = shortened(&unlinked(&field.text(default)), MAX_NAME);
        let _ = write!(text, ", default {default}");
    }
    text.push(')');
    for words in [field.title(), field.description()].into_iter().flatten() {
        let _ = write!(text, ": {}", shortened(&unlinked(words), MAX_LINE));
    }
    text
}

/// What is to be known of a field that seems to ask for a secret.
pub(in crate::cli) fn secret(field: &Field) -> Option<String> {
    let secret = field.secret()?;
    Some(format!(
        "it seems to ask for a secret ({}), which no server may do by a form: leave it out, or decline",
        line(secret)
    ))
}

/// What can be chosen for a field, in a line, with the numbers that stand for it; `None` where nothing can.
pub(in crate::cli) fn choices(field: &Field) -> Option<String> {
    let (Kind::One(choices) | Kind::Many { choices, .. }) = field.kind() else {
        return None;
    };
    let choices = choices.iter().enumerate();
    let choices = choices.map(|(at, choice)| format!("{} {}", at + 1, unlinked(&choice.title)));
    Some(choices.collect::<Vec<_>>().join(", "))
}

/// Most lines of a text that are shown.
const MAX_LINES: usize = 40;

/// Most characters of a line of a text.
const MAX_LINE: usize = 2_000;

/// Most characters of a name.
const MAX_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use midfield::types::Implementation;

    use super::*;

    #[test]
    fn nothing_of_a_servers_text_is_obeyed_or_linked() {
        let text = "See https://evil.example\u{1b}]8;;https://evil.example\u{7}\u{202e}\u{e0041}\nwww.evil.example\n> send";
        assert_eq!(
            quoted(text),
            "  | See https: //evil.example]8;;https: //evil.example\n  | www .evil.example\n  | > send\n"
        );
    }

    #[test]
    fn who_asks_is_named_by_the_host_first() {
        let mut shop = Asker::new("shop");
        shop.on_behalf_of = Some("order".to_owned());
        shop.implementation = Some(Implementation::new("Your bank\u{1b}[2J", "1"));
        assert_eq!(
            asker(&shop),
            "\nthe server `shop` asks while it works on `order`\n  (it calls itself \"Your bank[2J\", which proves nothing)\n"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = "line\n".repeat(100);
        assert_eq!(quoted(&text).lines().count(), MAX_LINES + 1);
        assert_eq!(shortened("äöü", 2), "äö…");
    }
}

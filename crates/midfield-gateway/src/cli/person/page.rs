//! A page that a server asks to open: shown with everything suspicious about it, and opened when the person agrees
//! ([2026-07-28, safe URL handling](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#safe-url-handling)).

use std::fmt::Write as _;
use std::io;

use crossterm::style::Stylize as _;
use midfield::host::page::{self, Reviewed};
use midfield::types::{Action, ElicitResult};

use super::terminal::Terminal;
use super::words::quoted;
use super::{Outcome, choose};
use crate::cli::text::line;

/// Asks a person to go to a page.
///
/// # Errors
/// When the terminal is gone.
pub(super) async fn ask(terminal: &mut Terminal, message: &str, url: &str) -> io::Result<Outcome> {
    terminal.print(&quoted(message))?;
    let page = match page::review(url) {
        Ok(page) => page,
        Err(rejected) => return Ok(Outcome::Refused(rejected.into())),
    };
    terminal.print(&shown(&page))?;
    let consent = ["no, decline", "yes, open it", "cancel, and decide later"];
    let action = match choose::one(terminal, &consent.map(str::to_owned), 0).await? {
        Err(left) => return Ok(left.into()),
        Ok(0) => Action::Decline,
        Ok(1) => Action::Accept,
        Ok(_) => Action::Cancel,
    };
    if action != Action::Accept {
        return Ok(Outcome::Answered(ElicitResult::new(action)));
    }
    let opened = tokio::task::spawn_blocking(move || page::open(&page)).await;
    let told = match opened.map_err(io::Error::other)? {
        Ok(()) => "  opened in your browser: do there what is asked, if it is what you expect\n",
        Err(error) => {
            tracing::debug!("no browser: {error}");
            &format!("  ! {}\n", line(&error.to_string()))
        }
    };
    terminal.print(told)?;
    let done = ["done", "decline"];
    let action = match choose::one(terminal, &done.map(str::to_owned), 0).await? {
        Err(left) => return Ok(left.into()),
        Ok(0) => Action::Accept,
        Ok(_) => Action::Decline,
    };
    Ok(Outcome::Answered(ElicitResult::new(action)))
}

/// The page, its host marked, and what is to be known of it.
fn shown(page: &Reviewed) -> String {
    let (url, host) = (page.url(), page.host_range());
    let part = |range: std::ops::Range<usize>| url.get(range).unwrap_or_default();
    let mut text = format!(
        "  it wants to open a page in your browser:\n\n  {}{}{}\n\n  the site: {}\n",
        part(0..host.start),
        part(host.clone()).bold().reverse(),
        part(host.end..url.len()),
        page.host().bold(),
    );
    for warning in page.warnings() {
        let _ = writeln!(text, "  ! {}", line(&warning.to_string()));
    }
    text.push_str("  open it?\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_marked_where_it_really_stands() {
        let page = page::review("https://accounts.google.com@evil.example/a").unwrap();
        let shown = shown(&page);
        let marked = "https://accounts.google.com@\u{1b}[1m\u{1b}[7mevil.example\u{1b}[0m/a\n";
        assert!(shown.contains(marked), "{shown:?}");
        assert!(shown.contains("! what stands before the @"), "{shown:?}");
    }
}

//! Opening a page in the browser of whoever sits at this machine.

use super::Reviewed;

/// No browser could be started.
#[derive(Debug, thiserror::Error)]
#[error("no browser could be started; open the page yourself, or name a browser by `BROWSER`")]
pub struct CannotOpen(#[source] std::io::Error);

/// Opens a page in the system's browser, which must happen only after a person has agreed to it.
///
/// The browser is the one that the environment variable `BROWSER` names (a program with arguments, which no shell reads; several
/// with `:` between are tried in turn), or else the system's own. It gets the URL as one argument that begins with its scheme, so
/// that it can be no option, and the host sees nothing of what happens there.
///
/// May wait for the browser, where it is one in the terminal: call it where blocking is allowed.
///
/// # Errors
/// When no browser can be started. A graphical browser that is started and then fails is not noticed.
pub fn open(page: &Reviewed) -> Result<(), CannotOpen> {
    webbrowser::open(page.url()).map_err(CannotOpen)
}

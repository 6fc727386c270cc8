//! `midfield tasks watch`.

use super::asking::Asking;
use super::client::Client;
use super::follow::{Follow, needs_input};
use super::result;
use super::screen::Screen;
use super::{Format, Status, Wait};
use crate::cli::person::Person;
use crate::cli::{Verdict, print};

/// Follows a task to its end.
pub(super) async fn run(client: &Client, wait: &Wait) -> anyhow::Result<Verdict> {
    let format = wait.one.print.format();
    let mut asking = Asking::new(client, Person::here(wait.answers.as_deref())?);
    let mut follow = Follow::new(client, &wait.one.task);
    let mut screen = Screen::new(format);
    let mut state = follow.next().await?;
    loop {
        screen.show(&state)?;
        if state.status.has_ended() {
            screen.close()?;
            if format == Format::People && state.status == Status::Completed {
                print(&result::text(&state))?;
            }
            return Ok(result::verdict(&state));
        }
        let mut later = None;
        if needs_input(&state) {
            screen.close()?;
            later = asking.ask(&mut follow, &state).await?;
        }
        state = match later {
            Some(later) => later,
            None => follow.next().await?,
        };
    }
}

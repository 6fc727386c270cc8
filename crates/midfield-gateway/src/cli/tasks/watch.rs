//! `midfield tasks watch`.

use super::client::Client;
use super::follow::{Follow, needs_input};
use super::result::{self, answer_here};
use super::screen::Screen;
use super::{Format, Status};
use crate::cli::{Verdict, print};

/// Follows a task to its end.
pub(super) async fn run(client: &Client, task: &str, format: Format) -> anyhow::Result<Verdict> {
    let mut follow = Follow::new(client, task);
    let mut screen = Screen::new(format);
    let mut asked = Vec::new();
    loop {
        let state = follow.next().await?;
        screen.show(&state)?;
        if state.status.has_ended() {
            screen.close()?;
            if format == Format::People && state.status == Status::Completed {
                print(&result::text(&state))?;
            }
            return Ok(result::verdict(&state));
        }
        if needs_input(&state) {
            screen.close()?;
            answer_here(client, &state, &mut asked).await?;
        }
    }
}

//! Commands that ask a server something. Each comes in two parts: `What` is asked, which `midfield shell` understands as well, and
//! `Via` which server.

pub(super) mod call;
pub(super) mod complete;
pub(super) mod doctor;
pub(super) mod inspect;
pub(super) mod list;
pub(super) mod prompt;
pub(super) mod read;
pub(super) mod shell;
pub(super) mod subscribe;

use super::exit::{Ended, Exit};
use super::text::line;

/// A name that the server does not know, with what was probably meant.
fn unknown<'n>(what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Ended {
    let known: Vec<&str> = known.into_iter().collect();
    let hint = match crate::config::nearest(name, known.iter().copied()) {
        Some(near) => format!("; did you mean `{}`?", line(near)),
        None if known.is_empty() => ": there are none".to_owned(),
        None => {
            let names = known.iter().take(SHOWN);
            let names: Vec<String> = names.map(|name| format!("`{}`", line(name))).collect();
            let more = if known.len() > SHOWN { ", …" } else { "" };
            format!(": there are {}{more}", names.join(", "))
        }
    };
    let told = format!("the server has no {what} `{}`{hint}", line(name));
    Ended::new(Exit::NotFound, told)
}

/// How many names are told.
const SHOWN: usize = 20;

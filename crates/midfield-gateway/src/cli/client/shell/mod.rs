//! `midfield shell`: keeps a connection to a server, and does what each line says.

mod complete;
mod input;
mod line;

use clap::Args;

use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::stop::{Stop, stopped};
use crate::cli::{Gone, Verdict, note};
use complete::Known;
use input::{Input, Read};
use line::Line;

/// The arguments of `midfield shell`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield shell [OPTIONS] SERVER\n       midfield shell [OPTIONS] -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Shell {
    /// The server: a URL, a file with servers, a configuration of midfield, or the name of a server that a host has configured.
    #[arg(value_name = "SERVER")]
    server: Option<String>,

    /// Print an object on a line for each command, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    via: Via,
}

/// How the commands of a shell went.
#[derive(Debug, Default)]
struct Tally {
    commands: usize,
    failed: usize,
    /// The exit code of the last that failed.
    exit: Option<Exit>,
}

impl Shell {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let server = self.via.only(self.server.as_ref())?;
        self.via.run_on(server, async |session| {
            session.is_brief.set(self.json);
            Box::pin(self.read(session)).await
        })
    }

    /// Does line after line.
    async fn read(&self, session: &Session) -> anyhow::Result<Verdict> {
        let known = Known::learn(&session.client).await;
        let mut input = Input::open(known)?;
        let is_terminal = input.is_terminal();
        if is_terminal {
            let itself = session.client.server().implementation;
            let name = itself.map(|it| it.name).unwrap_or_default();
            note(&format!(
                "connected to {name}, revision {}; `help` says what there is",
                session.client.revision()
            ));
        }
        let mut tally = Tally::default();
        loop {
            session.rest(true);
            let reading = tokio::task::spawn_blocking(move || {
                let read = input.next();
                (read, input)
            });
            let (read, given_back) = tokio::select! {
                reading = reading => reading?,
                // A terminal that is read tells of Ctrl-C as a key.
                stop = stopped() => return Err(Ended::stopped(stop).into()),
            };
            input = given_back;
            let text = match read? {
                Read::Line(text) => text,
                Read::Interrupted => continue,
                Read::End => break,
            };
            if !Box::pin(self.obey(session, &text, &mut tally)).await? {
                break;
            }
        }
        match tally.exit.filter(|_| !is_terminal) {
            None => Ok(Verdict::Fine),
            Some(exit) => {
                let Tally {
                    commands, failed, ..
                } = tally;
                Err(Ended::new(exit, format!("{failed} of {commands} commands failed")).into())
            }
        }
    }

    /// Does what a line says; whether there may be more.
    async fn obey(&self, session: &Session, text: &str, tally: &mut Tally) -> anyhow::Result<bool> {
        let command = match Line::parse(text) {
            Ok(Line::Nothing) => return Ok(true),
            Ok(Line::Quit) => return Ok(false),
            Ok(Line::Help(told)) => {
                note(&told);
                return Ok(true);
            }
            Ok(Line::Command(command)) => Ok(command),
            Err(told) => Err(anyhow::Error::from(Ended::usage(told))),
        };
        tally.commands += 1;
        // The result of a call stands there already, whatever was asked on the way.
        let mut is_printed = false;
        let outcome = match command {
            Err(error) => Err(error),
            Ok(mut command) => {
                if self.json {
                    command.speak_json();
                }
                session.rest(false);
                tokio::select! {
                    done = command.run(session) => {
                        is_printed = done.is_ok();
                        session.settle(done)
                    }
                    stop = stopped() => {
                        session.cancelled().await;
                        let ended = Ended::new(stop.exit(), format!("{}: it was cancelled", stop.told()));
                        if stop != Stop::Interrupted {
                            // Whoever sends that wants all of it to end.
                            return Err(ended.into());
                        }
                        Err(ended.into())
                    }
                }
            }
        };
        let exit = match &outcome {
            Err(error) if error.is::<Gone>() => return Err(Gone.into()),
            Ok(Verdict::Fine) => return Ok(true),
            Ok(Verdict::Wrong) => Exit::Failed,
            Err(error) => {
                let exit = Exit::of(error);
                let told = format!("{error:#}");
                if self.json && !is_printed {
                    session.print_json(&serde_json::json!({"error": told, "exit": exit.code()}))?;
                } else {
                    note(&format!("error: {told}"));
                }
                exit
            }
        };
        tally.failed += 1;
        tally.exit = Some(exit);
        Ok(true)
    }
}

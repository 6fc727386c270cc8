//! `midfield completions` and `midfield man`: what is made of the command line itself.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::exit::Ended;
use super::{CommandLine, Verdict, print};

/// The arguments of `midfield completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut CommandLine::command(),
            "midfield",
            &mut script,
        );
        print(&String::from_utf8(script)?)?;
        Ok(Verdict::Fine)
    }
}

/// The arguments of `midfield man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The command whose page is printed, such as `tasks watch`. Default: midfield itself.
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,

    /// Write the pages of all commands into this folder instead.
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let mut root = CommandLine::command();
        if let Some(folder) = &self.folder {
            let failed = || format!("could not write the pages into {}", folder.display());
            std::fs::create_dir_all(folder).with_context(failed)?;
            clap_mangen::generate_to(root, folder).with_context(failed)?;
            return Ok(Verdict::Fine);
        }
        root.build();
        let mut command = &root;
        for word in &self.command {
            let below = command.find_subcommand(word);
            command = below.ok_or_else(|| {
                Ended::usage(format!("there is no command `{}`", super::text::line(word)))
            })?;
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
        print(&String::from_utf8(page)?)?;
        Ok(Verdict::Fine)
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    /// Does `look` with a command and all that are below it.
    fn each(command: &Command, look: &mut impl FnMut(&Command)) {
        look(command);
        for below in command
            .get_subcommands()
            .filter(|below| below.get_name() != "help")
        {
            each(below, look);
        }
    }

    #[test]
    fn every_command_and_every_option_says_what_it_is_for() {
        let mut root = CommandLine::command();
        root.build();
        let mut seen = 0;
        each(&root, &mut |command| {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
                seen += 1;
            }
        });
        assert!(seen > 30, "{seen}");
        root.debug_assert();
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = std::env::temp_dir().join(format!("midfield-pages-{}", std::process::id()));
        let man = Man {
            command: Vec::new(),
            folder: Some(folder.clone()),
        };
        man.run().unwrap();
        let mut root = CommandLine::command();
        root.build();
        each(&root, &mut |command| {
            let name = command
                .get_display_name()
                .unwrap_or_else(|| command.get_name());
            let page = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{name}");
        });
        std::fs::remove_dir_all(folder).unwrap();
    }
}

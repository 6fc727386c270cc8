//! A user's own folder, and a project in it, for commands that look into both.

use std::path::PathBuf;

use super::{Folder, Output, Terminal, run_with};

/// A user with files of hosts.
pub(crate) struct Home {
    folder: Folder,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self {
            folder: Folder::new(),
        };
        std::fs::create_dir_all(home.path("project")).unwrap();
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, in which `HOME` stands for this folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(
            &path,
            text.replace("HOME", self.folder.path().to_str().unwrap()),
        )
        .unwrap();
        path
    }

    /// Runs midfield in the folder `project`. In what it says, `HOME` stands for this folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut output = run_with(arguments, |command| self.prepare(command));
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = text.replace(self.folder.path().to_str().unwrap(), "HOME");
        }
        output
    }

    /// The same at a terminal.
    pub(crate) fn at_terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::run(arguments, |command| self.prepare(command))
    }

    fn prepare(&self, command: &mut std::process::Command) {
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "CODEX_HOME",
            "COPILOT_HOME",
            "CLAUDE_CONFIG_DIR",
        ] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.folder.path())
            .env("LAB_KEY", "canary")
            .current_dir(self.path("project"));
    }
}

//! Children that end by themselves: shown with a header line, held to a time limit, and judged by their exit code.
//!
//! Children that keep running while something else talks to them are in `server`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How often a waiting command looks whether its child has ended.
const POLL: Duration = Duration::from_millis(20);

/// Runs `command` with the terminal as its output and fails unless it exits with 0 within `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<()> {
    println!("$ {}", line_of(command));
    let status = wait(
        command.spawn().with_context(|| could_not_start(command))?,
        limit,
    )
    .with_context(|| format!("could not finish `{}`", line_of(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line_of(command));
    }
    Ok(())
}

/// Runs `command`, returns what it printed on stdout, and fails unless it exits with 0 within `limit`.
///
/// What it prints on stderr goes to the terminal.
pub(crate) fn output_of(command: &mut Command, limit: Duration) -> Result<String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| could_not_start(command))?;
    let mut stdout = child.stdout.take().context("a piped child has a stdout")?;
    // Read on a thread of its own: a full pipe would otherwise stop the child, and the limit with it.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status =
        wait(child, limit).with_context(|| format!("could not finish `{}`", line_of(command)))?;
    let text = match reader.join() {
        Ok(text) => {
            text.with_context(|| format!("could not read the output of `{}`", line_of(command)))?
        }
        Err(_) => bail!("could not read the output of `{}`", line_of(command)),
    };
    if !status.success() {
        bail!("`{}` ended with {status}", line_of(command));
    }
    Ok(text)
}

/// Runs `command` with stdout and stderr written to the file `log`; returns its exit status, whatever it is.
pub(crate) fn run_into(log: &Path, command: &mut Command, limit: Duration) -> Result<ExitStatus> {
    let file = File::create(log).with_context(|| format!("could not write {}", log.display()))?;
    let copy = file
        .try_clone()
        .with_context(|| format!("could not write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file).stderr(copy);
    let child = command.spawn().with_context(|| could_not_start(command))?;
    wait(child, limit).with_context(|| format!("could not finish `{}`", line_of(command)))
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_present(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// The command as a person would type it, without quoting and without the program's folder.
pub(crate) fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

/// The last `count` lines of a log file, for an error message.
pub(crate) fn tail(log: &Path, count: usize) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Waits for a child; at the limit it is stopped together with everything that it started.
pub(crate) fn wait(mut child: Child, limit: Duration) -> Result<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > end {
            stop_tree(child.id(), Signal::KILL);
            child.wait()?;
            bail!("stopped after its limit of {} s", limit.as_secs());
        }
        thread::sleep(POLL);
    }
}

/// Sends `signal` to a process and to all its descendants.
///
/// A process group would do the same, but would also take the children out of reach of Ctrl-C on the terminal.
pub(crate) fn stop_tree(root: u32, signal: Signal) {
    let parents = parents();
    let mut queue = VecDeque::from([root]);
    while let Some(id) = queue.pop_front() {
        queue.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == id)
                .map(|(child, _)| *child),
        );
        if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may have ended in the meantime, which is what we want.
            let _ = kill_process(pid, signal);
        }
    }
}

/// All processes with their parents, from `/proc`.
fn parents() -> Vec<(u32, u32)> {
    let Ok(folders) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    folders
        .flatten()
        .filter_map(|folder| {
            let id = folder.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(folder.path().join("stat")).ok()?;
            // The command's name stands in parentheses and may hold anything; the state and the parent follow it.
            let parent = stat
                .rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((id, parent))
        })
        .collect()
}

fn could_not_start(command: &Command) -> String {
    format!(
        "could not start `{}`; is it installed? `cargo xtask setup` installs what the tests need",
        line_of(command)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_child_is_a_failure() {
        let error = output_of(&mut Command::new("false"), Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("`false` ended with"), "{error}");
    }

    #[test]
    fn a_child_is_stopped_at_its_limit_with_what_it_started() {
        let mut command = Command::new("sh");
        let mut child = command
            .args(["-c", "sleep 30; echo late"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let error = wait(child, Duration::from_millis(100)).unwrap_err();
        assert!(
            error.to_string().contains("stopped after its limit"),
            "{error}"
        );
        // `sleep` holds the other end of the pipe: reading ends at once only when it was stopped too.
        let started = Instant::now();
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        assert_eq!(text, "");
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn an_absent_program_is_named() {
        let error = run(
            &mut Command::new("midfield-has-no-such-program"),
            Duration::from_secs(1),
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("could not start `midfield-has-no-such-program`"),
            "{error}"
        );
        assert!(!is_present("midfield-has-no-such-program"));
    }
}

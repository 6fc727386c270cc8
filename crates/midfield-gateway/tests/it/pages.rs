//! `completions` and `man`.

use crate::support::{Folder, run};

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.code, Some(0), "{output:?}");
        for word in ["midfield", "discover", "token-env"] {
            assert!(output.stdout.contains(word), "{shell} has no {word}");
        }
    }
    assert_eq!(run(&["completions", "csh"]).code, Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new();
    let pages = folder.path().join("man");
    let output = run(&["man", "--folder", pages.to_str().unwrap()]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    for name in [
        "midfield",
        "midfield-discover",
        "midfield-tasks-watch",
        "midfield-store-check",
    ] {
        let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH"), "{name}");
    }
    assert!(!pages.join("midfield-help.1").exists());
    let page = run(&["man", "tasks", "answer"]).stdout;
    assert!(page.contains("midfield\\-tasks\\-answer"), "{page}");
    let output = run(&["man", "no", "such"]);
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (Some(2), "error: there is no command `no`\n")
    );
}

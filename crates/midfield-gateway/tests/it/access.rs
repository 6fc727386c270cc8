//! Who may use the gateway, and what is theirs.

use crate::support::{Client, Era, Folder, Midfield, run, run_with};

const ADA: &str = "ada-token-5d1f0c7e";
const GRACE: &str = "grace-token-88b1a2";

/// A gateway of one operation that nobody calls, with two tokens and a file of keys.
fn configuration(folder: &Folder) -> std::path::PathBuf {
    folder.write(
        "things.json",
        r#"{"openapi": "3.1.0", "info": {"title": "Things", "version": "1"},
            "paths": {"/things": {"get": {"operationId": "listThings"}}}}"#,
    );
    folder.write("grace.token", GRACE);
    folder.write(
        "midfield.toml",
        "keys = \"midfield.keys\"\n\
         [tokens.ada]\ntoken = { env = \"MIDFIELD_TEST_ADA\" }\ntenant = \"lab\"\n\
         [tokens.grace]\ntoken = { file = \"grace.token\" }\nsubject = \"grace@example.com\"\n\
         [sources.things]\nopenapi = \"things.json\"\nbase_url = \"http://127.0.0.1:9\"\n",
    )
}

fn serve(path: &std::path::Path) -> Midfield {
    Midfield::serve_with(path, |command| {
        command.env("MIDFIELD_TEST_ADA", ADA);
    })
}

#[test]
fn only_those_with_a_token_are_served_and_each_has_its_own_session() {
    let folder = Folder::new();
    let midfield = serve(&configuration(&folder));
    for era in [Era::Legacy, Era::Modern] {
        let ada = Client::with_token(midfield.port(), era, Some(ADA));
        assert!(ada.list_tools().1.contains("listThings"));
        for stranger in [None, Some("ada-token-5d1f0c7f"), Some("")] {
            let (head, body) = ada.moved(midfield.port(), stranger).list_tools();
            assert!(head.starts_with("HTTP/1.1 401"), "{head}");
            assert!(
                head.to_lowercase().contains("www-authenticate: bearer"),
                "{head}"
            );
            assert!(!body.contains("listThings"), "{body}");
        }
        let (head, body) = ada.moved(midfield.port(), Some(GRACE)).list_tools();
        match era {
            // The session is Ada's: to Grace it does not exist.
            Era::Legacy => assert!(head.starts_with("HTTP/1.1 404"), "{head}"),
            Era::Modern => assert!(body.contains("listThings"), "{body}"),
        }
    }
    let log = midfield.log();
    assert!(!log.contains(ADA) && !log.contains(GRACE), "{log}");
}

#[test]
fn a_session_outlives_a_restart_until_its_key_is_gone() {
    let folder = Folder::new();
    let path = configuration(&folder);
    let keys = folder.path().join("midfield.keys");
    let first = serve(&path);
    let ada = Client::with_token(first.port(), Era::Legacy, Some(ADA));
    drop(first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&keys).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let answered = |ada: &Client| {
        let midfield = serve(&path);
        let (head, _) = ada.moved(midfield.port(), Some(ADA)).list_tools();
        head.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(answered(&ada), "HTTP/1.1 200 OK");
    let rotate = |keep: &str| run(&["keys", "rotate", keys.to_str().unwrap(), "--keep", keep]);
    let rotated = rotate("1");
    assert_eq!(rotated.code, Some(0), "{}", rotated.stderr);
    assert!(rotated.stdout.contains("2 keys"), "{}", rotated.stdout);
    assert_eq!(answered(&ada), "HTTP/1.1 200 OK");
    assert_eq!(rotate("0").code, Some(0));
    assert_eq!(answered(&ada), "HTTP/1.1 404 Not Found");
}

#[test]
fn tokens_and_keys_that_protect_nothing_are_refused_at_the_start() {
    let folder = Folder::new();
    let path = configuration(&folder);
    let path = path.to_str().unwrap();
    let refused = |token: &str| {
        let output = run_with(&["serve", path, "--listen", "127.0.0.1:0"], |command| {
            command.env("MIDFIELD_TEST_ADA", token);
        });
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        assert!(
            !output.stderr.contains(token) || token.is_empty(),
            "{}",
            output.stderr
        );
        output.stderr
    };
    assert!(refused("short").contains("at least 16"));
    assert!(refused("has a space in its middle").contains("visible ASCII"));
    assert!(refused(GRACE).contains("are the same"));
    folder.write("midfield.keys", "no key");
    assert!(refused(ADA).contains("key ring"));
}

use proptest::prelude::*;

use super::*;

#[track_caller]
fn warnings(text: &str) -> Vec<Warning> {
    review(text).unwrap().warnings().to_vec()
}

#[test]
fn what_would_run_something_or_show_a_file_is_rejected() {
    for text in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "vbscript:msgbox",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "ftp://example.com/",
        "about:blank",
        "blob:https://example.com/1",
        "view-source:https://example.com",
        "ms-settings:",
    ] {
        let rejected = review(text).unwrap_err();
        assert!(matches!(rejected, Rejected::Scheme { .. }), "{text}");
    }
}

#[test]
fn what_is_not_seen_is_rejected() {
    for text in [
        " https://example.com/",
        "https://example.com/ ",
        "\u{a0}https://example.com/",
        " javascript:alert(1)",
        "\u{1}javascript:alert(1)",
        "java\nscript:alert(1)",
        "https://exam\tple.com/",
        "https://example.com/\u{202e}moc",
        "https://exam\u{200b}ple.com/",
        "https://example.com/\u{e0041}",
        "https://example.com/\u{3164}",
        "https://example.com/a\u{fe0f}",
        "https://example.com/\u{1b}[31m",
    ] {
        assert_eq!(review(text), Err(Rejected::Unseen), "{text:?}");
    }
}

#[test]
fn what_is_no_url_or_too_long_is_rejected() {
    for text in [
        "",
        "example.com",
        "/page",
        "https://",
        "--flag",
        "https://a b/",
    ] {
        let rejected = review(text).unwrap_err();
        assert!(matches!(rejected, Rejected::NoUrl(_)), "{text}");
    }
    for text in [
        "http://\"/",
        "https://$(calc)/",
        "https://a;b/",
        "https://a&calc/",
    ] {
        assert_eq!(review(text), Err(Rejected::Host), "{text}");
    }
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL));
    assert_eq!(review(&long), Err(Rejected::TooLong));
    // Each of these becomes three bytes.
    let grows = format!("https://example.com/{}", "\"".repeat(MAX_URL / 2));
    assert_eq!(review(&grows), Err(Rejected::TooLong));
}

#[test]
fn a_usual_page_has_no_warning_and_its_host_is_found() {
    let page = review("https://Mcp.Example.com/connect?state=1#top").unwrap();
    assert_eq!(page.warnings(), []);
    assert_eq!(page.host(), "mcp.example.com");
    assert_eq!(&page.url()[page.host_range()], "mcp.example.com");
}

#[test]
fn a_user_before_the_host_is_no_host() {
    let page = review("https://accounts.google.com:443@evil.example/").unwrap();
    assert_eq!(page.host(), "evil.example");
    assert_eq!(page.warnings(), [Warning::UserInfo]);
    assert_eq!(&page.url()[page.host_range()], "evil.example");
}

#[test]
fn hosts_that_imitate_others_are_shown_in_both_forms() {
    // Cyrillic letters among Latin ones.
    let mixed = review("https://g\u{43e}\u{43e}gle.com/").unwrap();
    assert_eq!(mixed.host(), "xn--ggle-55da.com");
    let unicode = "g\u{43e}\u{43e}gle.com".to_owned();
    assert_eq!(
        mixed.warnings(),
        [
            Warning::LooksLike {
                unicode: unicode.clone(),
                ascii: "google.com".to_owned(),
            },
            Warning::MixedScripts { unicode },
        ]
    );
    // Nothing but Cyrillic letters, sent in Punycode.
    let whole = review("https://xn--80ak6aa92e.com/").unwrap();
    assert!(
        matches!(&whole.warnings()[0], Warning::LooksLike { .. }),
        "{:?}",
        whole.warnings()
    );
    assert_eq!(
        warnings("https://b\u{fc}cher.example/"),
        [Warning::Punycode {
            unicode: "b\u{fc}cher.example".to_owned()
        }]
    );
    // Letters of full width are those of ASCII, and no other host.
    let full = review("https://\u{ff47}oogle.com/").unwrap();
    assert_eq!((full.host(), full.warnings()), ("google.com", &[][..]));
}

#[test]
fn addresses_and_own_networks_are_told() {
    for text in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
    ] {
        assert_eq!(
            warnings(text),
            [Warning::OwnMachine, Warning::Address],
            "{text}"
        );
    }
    for text in [
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/",
        "https://100.64.0.1/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/",
    ] {
        assert_eq!(
            warnings(text),
            [Warning::PrivateNetwork, Warning::Address],
            "{text}"
        );
    }
    assert_eq!(warnings("https://localhost./"), [Warning::OwnMachine]);
    assert_eq!(warnings("https://a.localhost/"), [Warning::OwnMachine]);
    assert_eq!(warnings("https://nas.local/"), [Warning::PrivateNetwork]);
    assert_eq!(warnings("https://router/"), [Warning::PrivateNetwork]);
    assert_eq!(warnings("https://8.8.8.8/"), [Warning::Address]);
    assert_eq!(warnings("https://notlocalhost.example/"), []);
}

#[test]
fn plain_http_ports_and_secrets_are_told() {
    assert_eq!(
        warnings("http://example.com:8080/"),
        [Warning::NotEncrypted, Warning::Port(8080)]
    );
    assert_eq!(warnings("https://example.com:443/"), []);
    let secret = |name: &str| Warning::Secret {
        name: name.to_owned(),
    };
    assert_eq!(
        warnings("https://example.com/?access_token=abc&page=2#id_token=d"),
        [secret("access_token"), secret("id_token")]
    );
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_reviewed_is_inert(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn nor_does_what_looks_like_a_url(text in "(https?|HTTP)://[a-z\u{430}-\u{44f}@:.\\[\\]\"'$()&|;`%<> \\\\]{1,20}(/\\PC{0,20})?") {
        check(&text);
    }
}

fn check(text: &str) {
    if let Ok(page) = review(text) {
        assert!(page.url().starts_with("http"));
        assert!(page.url().bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!page.url().contains('"'));
        assert_eq!(&page.url()[page.host_range()], page.host());
        assert!(!page.host().is_empty());
        for warning in page.warnings() {
            assert!(!warning.to_string().is_empty());
        }
    }
}

/// The one test that runs itself again, since a browser is named by the environment.
#[cfg(all(unix, feature = "browser"))]
#[test]
fn a_browser_gets_the_url_as_one_inert_argument() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, Instant};

    if let Ok(text) = std::env::var("MIDFIELD_TEST_PAGE") {
        open(&review(&text).unwrap()).unwrap();
        return;
    }
    let folder = std::env::temp_dir().join(format!("midfield-browser-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (browser, told) = (folder.join("browser"), folder.join("told"));
    let script = "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > \"$0.part\"\nmv \"$0.part\" \"$(dirname \"$0\")/told\"\n";
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    for (text, argument) in [
        ("https://x.example/$(calc)", "https://x.example/$(calc)"),
        (
            "https://x.example/a\"&calc;`calc`|calc%s",
            "https://x.example/a%22&calc;%60calc%60|calc%s",
        ),
        ("https://x.example/--flag", "https://x.example/--flag"),
        ("https://x.example/ --flag", "https://x.example/%20--flag"),
        ("https://x.example/%22%00", "https://x.example/%22%00"),
    ] {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "host::page::tests::a_browser_gets_the_url_as_one_inert_argument",
            ])
            .env("MIDFIELD_TEST_PAGE", text)
            .env("BROWSER", &browser)
            .status();
        assert!(status.unwrap().success(), "{text}");
        let deadline = Instant::now() + Duration::from_secs(20);
        while !told.exists() {
            assert!(Instant::now() < deadline, "no browser was started: {text}");
            std::thread::yield_now();
        }
        let got = std::fs::read_to_string(&told).unwrap();
        assert_eq!(got, format!("1\n{argument}\n"));
        std::fs::remove_file(&told).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

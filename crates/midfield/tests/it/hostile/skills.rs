//! Skills whose author means harm: heads that cost, lie about where they are, or are none.

use std::time::{Duration, Instant};

use midfield::Server;
use midfield::extension::skills::{Skill, Skills};
use midfield::transport::http::Options;
use serde_json::json;

use crate::extensions::declaring;
use crate::harness::Host;

#[test]
fn a_head_that_means_harm_is_refused_at_once() {
    let aliases = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        let of = level - 1;
        text + &format!("a{level}: &a{level} [*a{of}, *a{of}, *a{of}, *a{of}]\n")
    });
    let deep = format!("metadata: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let heads = [
        "name: ../../etc/passwd\ndescription: x\n".to_owned(),
        "name: \"a/b\"\ndescription: x\n".to_owned(),
        "name: \"a\\0b\"\ndescription: x\n".to_owned(),
        "name: \"a\\u202eb\"\ndescription: x\n".to_owned(),
        "name: a\nname: b\ndescription: x\n".to_owned(),
        "name: [a]\ndescription: x\n".to_owned(),
        "name: a\ndescription: {x: y}\n".to_owned(),
        "name: a\n".to_owned(),
        "name: ''\ndescription: x\n".to_owned(),
        format!("name: {}\ndescription: x\n", "a".repeat(100_000)),
        format!("name: a\ndescription: {}\n", "x".repeat(1 << 20)),
        format!("name: a\ndescription: x\n{aliases}"),
        format!("name: a\ndescription: x\n{deep}"),
        "name: !!python/object:os.system a\ndescription: [\n".to_owned(),
        "%YAML 9.9\n".to_owned(),
        "\u{feff}name: a".to_owned(),
    ];
    for head in heads {
        let begun = Instant::now();
        let refused = Skill::from_markdown(format!("---\n{head}---\n\n# Text\n"));
        let shown: String = head.chars().take(60).collect();
        assert!(refused.is_err(), "{shown}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{shown}");
    }
}

#[tokio::test]
async fn no_uri_of_a_skill_leads_to_another_file() {
    let skill = Skill::from_markdown("---\nname: review\ndescription: Does it.\n---\n\n# Text\n");
    let skill = skill.expect("a skill");
    for path in [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "",
        ".",
        "a\\..\\b",
        "a\0b",
    ] {
        assert!(skill.clone().file(path, "x").is_err(), "{path}");
    }
    let server = Server::new("skills", "1").extension(Skills::new().skill(skill));
    let host = Host::start(server.build().expect("a server"), Options::new()).await;
    for uri in [
        "skill://review/../other/SKILL.md",
        "skill://review/%2e%2e/SKILL.md",
        "skill://review/./SKILL.md",
        "skill://review//SKILL.md",
        "skill://REVIEW/SKILL.md",
        "skill://review/SKILL.md?x",
        "skill://review/SKILL.md#x",
        "skill://review/SKILL.md%00",
        "skill://user@review/SKILL.md",
        "file:///etc/passwd",
    ] {
        let read = declaring(&json!({}), "resources/read", json!({"uri": uri}));
        let answer = host.ask(&read).await;
        assert_eq!(answer.json()["error"]["code"], -32602, "{uri}: {answer:?}");
    }
    host.assert_healthy().await;
}

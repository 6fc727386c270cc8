//! Skills: what is listed is what is read, from folders and from memory.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use base64::Engine as _;
use midfield::Server;
use midfield::extension::skills::{Skill, SkillError, Skills};
use midfield::transport::http::Options;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::extensions::{declaring, open};
use crate::harness::Host;
use crate::messages::{LEGACY, Request, modern, request};

/// A folder that is deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("midfield-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, contents).expect("a file");
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn manifest(name: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\nmetadata:\n  v: 1\n---\n\n# Text\n")
}

async fn start(skills: Skills) -> Host {
    let server = Server::new("fixture", "1.0.0").extension(skills);
    Host::start(server.build().expect("a server"), Options::new()).await
}

async fn ask(host: &Host, method: &str, params: Value) -> Value {
    host.ask(&declaring(&json!({}), method, params))
        .await
        .json()
}

fn samples() -> Skills {
    let review = Skill::from_markdown(manifest("review")).expect("a skill");
    let review = review
        .file("references/style guide.md", "Short.\n")
        .expect("a file");
    let review = review
        .file("assets/logo.bin", [0xff, 0x00])
        .expect("a file");
    let team = Skill::from_markdown(manifest("notes")).expect("a skill");
    let last = Skill::new("last", "Is: \"last\".", "Text").expect("a skill");
    Skills::new()
        .skill(review)
        .skill(team.under("team/writing").expect("a folder"))
        .skill(last)
}

#[tokio::test]
async fn what_is_listed_is_what_is_read() {
    let host = start(samples()).await;
    let listed = ask(&host, "skills/list", json!({})).await;
    let result = &listed["result"];
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(60_000), &json!("public"))
    );
    let skills = result["skills"].as_array().expect("skills");
    assert_eq!(skills.len(), 3);
    assert_eq!(skills[0]["uri"], "skill://review/SKILL.md");
    assert_eq!(skills[1]["uri"], "skill://team/writing/notes/SKILL.md");
    assert_eq!(skills[0]["frontmatter"]["metadata"], json!({"v": 1}));
    assert_eq!(skills[2]["frontmatter"]["description"], "Is: \"last\".");
    let files = skills[0]["resources"].as_array().expect("resources");
    assert_eq!(files.len(), 3);
    for file in files {
        let read = ask(&host, "resources/read", json!({"uri": file["uri"]})).await;
        let contents = &read["result"]["contents"][0];
        let bytes = match (contents["text"].as_str(), contents["blob"].as_str()) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(blob)) => base64::engine::general_purpose::STANDARD
                .decode(blob)
                .expect("base64"),
            both => panic!("{both:?}"),
        };
        assert_eq!(file["size"], bytes.len());
        let digest = Sha256::digest(&bytes);
        let digest = digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        assert_eq!(file["digest"], format!("sha256:{digest}"));
    }
}

#[tokio::test]
async fn a_client_finds_one_skill_as_it_is_listed() {
    let server = Server::new("skills", "1").extension(samples());
    let client = midfield::Client::connect(server)
        .await
        .expect("a connection");
    let listed = client.skills().await.expect("skills");
    let found = client.skill("skill://review/SKILL.md").await;
    assert_eq!(Some(&found.expect("a skill")), listed.first());
    assert!(client.skill("skill://none/SKILL.md").await.is_err());
}

#[tokio::test]
async fn one_skill_is_told_as_it_is_listed() {
    let host = start(samples()).await;
    let listed = ask(&host, "skills/list", json!({})).await;
    let uri = json!({"uri": "skill://review/SKILL.md"});
    let one = ask(&host, "skills/get", uri).await;
    assert_eq!(one["result"]["skill"], listed["result"]["skills"][0]);
    assert_eq!(one["result"].get("nextCursor"), None);
    for params in [
        json!({"uri": "skill://none/SKILL.md"}),
        json!({}),
        json!({"uri": 1}),
    ] {
        assert_eq!(
            ask(&host, "skills/get", params).await["error"]["code"],
            -32602
        );
    }
}

#[tokio::test]
async fn pages_follow_one_another() {
    let host = start(samples().page_size(NonZeroUsize::MIN)).await;
    for (method, key, mut params, count) in [
        ("skills/list", "skills", json!({}), 3),
        (
            "resources/directory/read",
            "resources",
            json!({"uri": "skill://review"}),
            3,
        ),
    ] {
        let mut seen = Vec::new();
        loop {
            let page = ask(&host, method, params.clone()).await;
            let entries = page["result"][key].as_array().expect("entries");
            assert_eq!(entries.len(), 1);
            seen.push(entries[0]["uri"].clone());
            match page["result"].get("nextCursor") {
                Some(cursor) => params["cursor"] = cursor.clone(),
                None => break,
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), count, "{method}");
        params["cursor"] = json!("1");
        assert_eq!(ask(&host, method, params).await["error"]["code"], -32602);
    }
}

#[tokio::test]
async fn a_folder_has_its_children_and_a_file_none() {
    let host = start(samples()).await;
    let read = async |uri: &str| ask(&host, "resources/directory/read", json!({"uri": uri})).await;
    let root = read("skill://review").await;
    let children = root["result"]["resources"].as_array().expect("resources");
    let uris: Vec<_> = children.iter().map(|child| child["uri"].as_str()).collect();
    let expected = [
        "skill://review/SKILL.md",
        "skill://review/assets",
        "skill://review/references",
    ];
    assert_eq!(uris, expected.map(Some));
    assert_eq!(children[1]["mimeType"], "inode/directory");
    let team = read("skill://team").await;
    assert_eq!(
        team["result"]["resources"][0]["uri"],
        "skill://team/writing"
    );
    for uri in [
        "skill://review/SKILL.md",
        "skill://",
        "skill://none",
        "file:///etc",
        "skill://review/..",
    ] {
        assert_eq!(read(uri).await["error"]["code"], -32602, "{uri}");
    }
}

#[tokio::test]
async fn skills_are_announced_with_the_resources_that_they_need() {
    let host = start(samples()).await;
    let discovered = host
        .ask(&modern(1, "server/discover", json!({})))
        .await
        .json();
    let capabilities = &discovered["result"]["capabilities"];
    let settings = &capabilities["extensions"]["io.modelcontextprotocol/skills"];
    assert_eq!(*settings, json!({"directoryRead": true}));
    assert!(capabilities["resources"].is_object());
}

#[tokio::test]
async fn a_folder_of_skills_is_served_as_it_is() {
    let folder = Folder::new("served");
    folder
        .write("review/SKILL.md", manifest("review"))
        .write("review/references/a.md", "A")
        .write("review/.hidden", "no")
        .write("team/notes/SKILL.md", manifest("notes"))
        .write("README.md", "no skill");
    let host = start(Skills::from_dir(&folder.0).expect("skills")).await;
    let listed = ask(&host, "skills/list", json!({})).await;
    let skills = listed["result"]["skills"].as_array().expect("skills");
    assert_eq!(skills.len(), 2);
    assert_eq!(skills[0]["resources"].as_array().map(Vec::len), Some(2));
    assert_eq!(skills[1]["uri"], "skill://team/notes/SKILL.md");
}

#[test]
fn a_folder_that_is_no_skill_is_refused() {
    let folder = Folder::new("refused");
    let read = || Skills::from_dir(&folder.0).expect_err("no skill");
    folder.write("a/SKILL.md", manifest("b"));
    assert!(matches!(read(), SkillError::Folder { .. }));
    folder.write("a/SKILL.md", [0xff]);
    assert!(matches!(read(), SkillError::NoFrontmatter));
    folder.write("a/SKILL.md", manifest("a"));
    for number in 0..512 {
        folder.write(&format!("a/{number}/x"), "");
    }
    assert!(matches!(read(), SkillError::TooLarge));
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let folder = Folder::new("links");
    folder.write("a/SKILL.md", manifest("a"));
    let link = folder.0.join("a/outside");
    std::os::unix::fs::symlink("/etc", &link).expect("a link");
    let refused = Skills::from_dir(&folder.0).expect_err("a link");
    assert!(matches!(refused, SkillError::Link { .. }), "{refused}");
    fs::remove_file(&link).expect("the link");
    fs::remove_file(folder.0.join("a/SKILL.md")).expect("the file");
    folder.write("elsewhere.md", manifest("a"));
    std::os::unix::fs::symlink("../elsewhere.md", folder.0.join("a/SKILL.md")).expect("a link");
    let refused = Skills::from_dir(&folder.0).expect_err("a link");
    assert!(matches!(refused, SkillError::Link { .. }), "{refused}");
}

#[test]
fn a_skill_has_limits() {
    let skill = || Skill::new("a", "Does.", "Text").expect("a skill");
    for path in [
        "", "/x", "../x", "a/../x", "a//x", "./x", "a\\x", "a\0", "SKILL.md",
    ] {
        let refused = skill().file(path, "x").expect_err("no path");
        assert!(matches!(refused, SkillError::Path { .. }), "{path:?}");
    }
    for folder in ["", "..", "a/..", "a b", "a/", "a@b", "a:1"] {
        assert!(skill().under(folder).is_err(), "{folder:?}");
    }
    let large = skill().file("x", vec![0; 16 << 20]);
    assert!(matches!(large, Err(SkillError::TooLarge)));
    let mut many = skill();
    for number in 1..512 {
        many = many.file(&number.to_string(), "").expect("room");
    }
    assert!(matches!(
        many.file("one more", ""),
        Err(SkillError::TooLarge)
    ));
}

#[tokio::test]
async fn a_session_of_every_revision_has_skills() {
    let host = start(samples()).await;
    let listed = ask(&host, "skills/list", json!({})).await["result"]["skills"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    for revision in LEGACY {
        let declared = json!({"io.modelcontextprotocol/skills": {}});
        let (session, opened) = open(&host, revision, &declared).await;
        let capabilities = &opened["result"]["capabilities"];
        let settings = &capabilities["extensions"]["io.modelcontextprotocol/skills"];
        assert_eq!(*settings, json!({"directoryRead": true}), "{revision}");
        let ask = async |method: &str, params: Value| {
            let request = Request::post(request(1, method, params)).session(&session);
            host.ask(&request).await.json()["result"].clone()
        };
        assert_eq!(ask("skills/list", json!({})).await["skills"], listed);
        let uri = &listed[0]["uri"];
        let one = ask("skills/get", json!({"uri": uri})).await;
        assert_eq!(one["skill"], listed[0]);
        let folder = ask("resources/directory/read", json!({"uri": "skill://review"})).await;
        assert_eq!(folder["resources"].as_array().map(Vec::len), Some(3));
        let read = ask("resources/read", json!({"uri": uri})).await;
        assert_eq!(read["contents"][0]["text"], manifest("review"));
    }
}

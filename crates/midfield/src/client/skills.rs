//! Skills of a server: listed without being read, and verified when they are
//! ([SEP-2640](https://modelcontextprotocol.io/seps/2640-skills-extension#specification)).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_protocol::types::ResourceContents;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::paging::{Paging, in_time};
use super::run::unsayable;
use super::{Client, Error};
use crate::extension::skills::{digest, frontmatter};

/// What a server says of a skill. Nothing of it has been read, and nothing is known of it but what stands here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SkillEntry {
    /// Where its `SKILL.md` is.
    pub uri: String,
    /// What stands at the head of its `SKILL.md`.
    pub frontmatter: Map<String, Value>,
    /// Its files, `SKILL.md` among them.
    #[serde(default)]
    pub resources: Vec<SkillFile>,
}

/// A file of a skill.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SkillFile {
    /// Where it is.
    pub uri: String,
    /// `sha256:` and the digest of its bytes in hexadecimal digits.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
}

impl SkillEntry {
    /// The skill's name.
    pub fn name(&self) -> &str {
        self.frontmatter
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// What it is for.
    pub fn description(&self) -> &str {
        self.frontmatter
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Client {
    /// The server's skills. None of their files is read.
    ///
    /// # Errors
    /// When the server has no such list, or it is longer than lists may be.
    pub async fn skills(&self) -> Result<Vec<SkillEntry>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            skills: Vec<SkillEntry>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let reading = async {
            let mut skills = Vec::new();
            let mut cursor: Option<String> = None;
            let mut paging = Paging::new(&self.0, LIST);
            loop {
                let params = cursor
                    .as_ref()
                    .map(|cursor| serde_json::json!({"cursor": cursor}));
                let result = self.request(LIST, params).idempotent().await?;
                paging.bytes(result.as_str().len())?;
                let page: Page = result.read().map_err(|error| {
                    Error::InvalidAnswer(super::InvalidAnswer::new(LIST, error))
                })?;
                let next = paging.next(page.skills.len(), page.next_cursor)?;
                skills.extend(page.skills);
                match next {
                    None => return Ok(skills),
                    next => cursor = next,
                }
            }
        };
        in_time(&self.0, LIST, reading).await
    }

    /// Loads a skill: reads its `SKILL.md`, and gives it only where it is what the entry says, in size, digest and head.
    ///
    /// # Errors
    /// [`Error::Unverified`] when it is another: nothing of it is to be used then.
    pub async fn load_skill(&self, entry: &SkillEntry) -> Result<String, Error> {
        let bytes = self.skill_file(entry, &entry.uri).await?;
        let unverified = |detail: String| Error::Unverified {
            uri: entry.uri.clone(),
            detail,
        };
        let text = String::from_utf8(bytes).map_err(|_| unverified("it is no UTF-8".into()))?;
        let head = frontmatter(&text).map_err(|error| unverified(error.to_string()))?;
        if head != entry.frontmatter {
            return Err(unverified("its head is not what the list says".into()));
        }
        Ok(text)
    }

    /// Reads a file of a skill, and gives it only where it is what the entry says, in size and digest.
    ///
    /// # Errors
    /// [`Error::Unverified`] when it is another, or none that the entry names.
    pub async fn skill_file(&self, entry: &SkillEntry, uri: &str) -> Result<Vec<u8>, Error> {
        let unverified = |detail: &str| Error::Unverified {
            uri: uri.to_owned(),
            detail: detail.to_owned(),
        };
        let file = entry.resources.iter().find(|file| file.uri == uri);
        let file = file.ok_or_else(|| unverified("the list does not say what it is"))?;
        let read = self.read_resource(uri).await?;
        let [contents] = read.contents.as_slice() else {
            return Err(unverified("it is not one file"));
        };
        let bytes = bytes(contents).ok_or_else(|| unverified("it has neither text nor bytes"))?;
        if u64::try_from(bytes.len()) != Ok(file.size) {
            return Err(unverified("its size is not what the list says"));
        }
        if digest(&bytes) != file.digest {
            return Err(unverified("its digest is not what the list says"));
        }
        Ok(bytes)
    }

    /// What a server says of one skill, by the address of its `SKILL.md`.
    ///
    /// # Errors
    /// When there is no such skill.
    pub async fn skill(&self, uri: &str) -> Result<SkillEntry, Error> {
        #[derive(Deserialize)]
        struct Found {
            skill: SkillEntry,
        }
        let result = self
            .request("skills/get", serde_json::json!({"uri": uri}))
            .idempotent()
            .await?;
        let Found { skill } = result.read().map_err(|error| {
            Error::InvalidAnswer(super::InvalidAnswer::new("skills/get", error))
        })?;
        if skill.uri == uri {
            Ok(skill)
        } else {
            Err(unsayable("the server answered with another skill"))
        }
    }
}

fn bytes(contents: &ResourceContents) -> Option<Vec<u8>> {
    match (&contents.text, &contents.blob) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        (None, Some(blob)) => STANDARD.decode(blob).ok(),
        (None, None) => None,
    }
}

const LIST: &str = "skills/list";

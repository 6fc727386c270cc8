//! The head of a `SKILL.md`: YAML between two lines of three dashes, and what must stand in it
//! ([Agent Skills](https://agentskills.io/specification)).

use serde_json::{Map, Value};

use super::SkillError;

/// What a `SKILL.md` says of its skill.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frontmatter {
    pub(super) name: String,
    pub(super) description: String,
    /// All of it, as it stands there.
    pub(super) all: Map<String, Value>,
}

impl Frontmatter {
    /// Reads the head of `markdown`.
    pub(super) fn read(markdown: &str) -> Result<Self, SkillError> {
        let yaml = block(markdown).ok_or(SkillError::NoFrontmatter)?;
        if yaml.len() > MAX_SIZE {
            return Err(SkillError::TooLarge);
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: MAX_NODES,
                max_events: MAX_NODES * 2,
                max_depth: MAX_DEPTH,
                flow_nesting_limit: MAX_DEPTH,
                max_total_scalar_bytes: MAX_SIZE,
            },
            alias_limits: serde_saphyr::alias_limits! {
                max_total_replayed_events: MAX_NODES,
            },
            strict_booleans: true,
            with_snippet: false,
        };
        let all: Map<String, Value> = serde_saphyr::from_str_with_options(yaml, options)
            .map_err(|error| SkillError::Yaml(Box::new(error)))?;
        let text = |key: &'static str| match all.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(SkillError::Missing { key }),
        };
        let (name, description) = (text("name")?, text("description")?);
        if !is_name(&name) {
            return Err(SkillError::Name { name });
        }
        Ok(Self {
            name,
            description,
            all,
        })
    }
}

/// The text between the first line, which is three dashes, and the next such line.
fn block(markdown: &str) -> Option<&str> {
    let text = markdown.strip_prefix('\u{feff}').unwrap_or(markdown);
    let text = text.strip_prefix("---")?;
    let text = text.strip_prefix('\r').unwrap_or(text).strip_prefix('\n')?;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end().len() == 3 && line.starts_with("---") {
            return text.get(..end);
        }
        end += line.len();
    }
    None
}

/// Whether `name` is 1 to 64 lowercase letters, digits and single hyphens within.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Longest head, in bytes.
const MAX_SIZE: usize = 64 << 10;

/// Most values in a head, with those that aliases repeat.
const MAX_NODES: usize = 4_096;

/// How deep a head may be nested.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn a_head_is_read_as_it_stands() {
        for markdown in [
            "---\nname: a-b\ndescription: Does.\nmetadata:\n  v: 1\n---\n# Text",
            "\u{feff}---\r\nname: a-b\r\ndescription: Does.\r\nmetadata: {v: 1}\r\n---",
        ] {
            let head = Frontmatter::read(markdown).expect("a head");
            assert_eq!(
                (head.name.as_str(), head.description.as_str()),
                ("a-b", "Does.")
            );
            assert_eq!(head.all["metadata"]["v"], 1);
        }
    }

    #[test]
    fn a_head_that_is_none_is_refused() {
        for markdown in [
            "",
            "---",
            "---\n---\n",
            "---\nname: a\n---\n",
            "---\nname: 1\ndescription: x\n---\n",
            "---\nname: a--b\ndescription: x\n---\n",
            "---\nname: ../b\ndescription: x\n---\n",
            "---\nname: a\ndescription: ''\n---\n",
            "---\nname: a\ndescription: x\n",
            "--- \nname: a\ndescription: x\n---\n",
            " ---\nname: a\ndescription: x\n---\n",
            "---\n- a\n---\n",
        ] {
            assert!(Frontmatter::read(markdown).is_err(), "{markdown:?}");
        }
    }

    #[test]
    fn a_head_that_grows_by_aliases_or_nesting_is_refused() {
        let mut bomb = "---\nname: a\ndescription: x\na0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{},", level - 1).repeat(9);
            let _ = writeln!(bomb, "a{level}: &a{level} [{before}]");
        }
        assert!(Frontmatter::read(&(bomb + "---\n")).is_err());
        let deep = format!(
            "---\nname: a\ndescription: x\nd: {}\n---\n",
            "[".repeat(10_000)
        );
        assert!(Frontmatter::read(&deep).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Frontmatter::read(&text);
            if let Ok(head) = Frontmatter::read(&format!("---\n{text}\n---\n")) {
                prop_assert!(is_name(&head.name) && !head.description.is_empty());
            }
        }

        #[test]
        fn a_description_comes_back_whatever_it_says(description in "[^\u{0}-\u{8}\u{b}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}\u{feff}]{1,80}") {
            let skill = super::super::Skill::new("a", &description, "Text.").expect("a skill");
            prop_assert_eq!(&skill.frontmatter().description, &description);
        }
    }
}

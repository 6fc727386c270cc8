//! Texts and documents that nobody would write.

use proptest::prelude::*;
use serde_json::json;

use super::variables::expanded;
use super::*;

/// A value that looks like a part of such a file.
fn part() -> impl Strategy<Value = serde_json::Value> {
    let word = prop_oneof![
        Just("mcpServers"),
        Just("servers"),
        Just("mcp"),
        Just("projects"),
        Just("command"),
        Just("args"),
        Just("env"),
        Just("url"),
        Just("headers"),
        Just("type"),
        Just("disabled"),
        Just("${A}"),
        Just("${"),
        Just("$"),
        Just("{env:A}"),
        Just("${input:x}"),
        Just("http://ü"),
        Just("-c"),
    ];
    let leaf = prop_oneof![
        word.clone().prop_map(|word| json!(word)),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        Just(json!(null)),
        ".*".prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|it| json!(it)),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|it| {
                serde_json::Value::Object(
                    it.into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

const DIALECTS: [Dialect; 11] = [
    Dialect::ClaudeDesktop,
    Dialect::ClaudeCode,
    Dialect::VsCode,
    Dialect::Cursor,
    Dialect::Windsurf,
    Dialect::Cline,
    Dialect::Zed,
    Dialect::Codex,
    Dialect::Gemini,
    Dialect::OpenCode,
    Dialect::Any,
];

/// Does with a text all that can be done with a file.
fn exercise(text: &str) {
    for dialect in DIALECTS {
        let Ok(entries) = Entries::parse(text, dialect) else {
            continue;
        };
        for server in &entries.servers {
            let _ = format!("{server:?}{:?}", server.resolve(&lookup));
            if let Ok(entry) = server.written() {
                let _ = entry.unusual();
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in ".*") {
        exercise(&text);
    }

    #[test]
    fn no_document_makes_reading_panic(document in part()) {
        exercise(&document.to_string());
    }

    #[test]
    fn what_has_no_reference_stays_as_it_is(text in "[^$]*") {
        prop_assert_eq!(expanded(&text, Dialect::Any), Ok(text));
    }
}

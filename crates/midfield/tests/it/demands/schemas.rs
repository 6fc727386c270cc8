//! Schemas: their dialects, and that those of this server are some
//! ([2026-07-28, JSON Schema](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#json-schema-usage)).

use midfield::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Probe, server, verbatim};
use crate::harness::tool_text;
use crate::messages::{LEGACY, MODERN};
use crate::pipe::ask_one;

/// Whether a tool of this schema takes these arguments.
async fn takes(schema: &Value, arguments: &Value) -> bool {
    let server = Server::new("schemas", "1").tool(verbatim("t", schema.clone()));
    let service = server.build().expect("a server");
    let params = json!({"name": "t", "arguments": arguments});
    let answer = ask_one(&service, MODERN, "tools/call", params).await;
    !tool_text(&answer).1
}

#[tokio::test]
async fn a_schema_is_of_2020_12_unless_it_names_another_dialect() {
    let pair = |keyword: &str| json!({keyword: [{"type": "string"}, {"type": "integer"}]});
    let of = |dialect: Option<&str>, property: Value| {
        let mut schema = json!({"type": "object", "properties": {"pair": property}});
        if let Some(dialect) = dialect {
            schema["$schema"] = dialect.into();
        }
        schema
    };
    let draft_7 = Some("http://json-schema.org/draft-07/schema#");
    let draft_2020 = Some("https://json-schema.org/draft/2020-12/schema");
    let misfit = json!({"pair": [1, "x"]});
    let fit = json!({"pair": ["x", 1]});
    for (dialect, keyword, is_enforced) in [
        (None, "prefixItems", true),
        (draft_2020, "prefixItems", true),
        // Draft 7 has no such keyword, and says the same by another.
        (draft_7, "prefixItems", false),
        (draft_7, "items", true),
    ] {
        let schema = of(dialect, pair(keyword));
        assert!(takes(&schema, &fit).await, "{schema}");
        assert_eq!(takes(&schema, &misfit).await, !is_enforced, "{schema}");
    }
}

#[tokio::test]
async fn a_dialect_that_is_not_known_is_told_by_its_name() {
    let dialect = "https://a.example/dialect";
    let schema = json!({"$schema": dialect, "type": "object"});
    let built = Server::new("schemas", "1")
        .tool(verbatim("odd", schema))
        .build();
    let error = built.expect_err("an unknown dialect").to_string();
    assert!(
        error.contains("`odd`") && error.contains(dialect),
        "{error}"
    );
}

#[tokio::test]
async fn every_schema_that_is_listed_is_a_schema() {
    let service = server(&Probe::default()).build().expect("a server");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let answer = ask_one(&service, revision, "tools/list", json!({})).await;
        let tools = answer["result"]["tools"].as_array().expect("tools");
        assert!(tools.len() > 10, "{answer}");
        for tool in tools {
            let schema = &tool["inputSchema"];
            assert_eq!(schema["type"], "object", "{tool}");
            assert!(jsonschema::meta::is_valid(schema), "{tool}");
        }
    }
}

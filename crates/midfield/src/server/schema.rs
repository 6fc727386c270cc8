//! JSON Schemas from Rust types: dialect 2020-12, self-contained.

use midfield_protocol::types::Schema;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema of arguments that are read as a `T`.
pub fn input_schema<T: JsonSchema>() -> Schema {
    let generated = settings()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<T>();
    let mut keywords = without_title(generated.into());
    // The specification wants the word at the root; a unit struct has none.
    keywords.entry("type").or_insert_with(|| "object".into());
    Schema::new(keywords)
}

/// The schema of structured results that are written from a `T`.
pub fn output_schema<T: JsonSchema>() -> Schema {
    let generated = settings()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>();
    Schema::new(without_title(generated.into()))
}

fn settings() -> SchemaSettings {
    // The dialect is the protocol's default, so that naming it would only cost room.
    SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None)
}

/// The title that is derived is the type's name, which means nothing to a client.
fn without_title(schema: Value) -> Map<String, Value> {
    match schema {
        Value::Object(mut keywords) => {
            keywords.shift_remove("title");
            keywords
        }
        // `true`, the schema of everything.
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tree {
        /// How it is called.
        name: String,
        #[serde(default)]
        branches: Vec<Self>,
    }

    #[test]
    fn a_recursive_type_refers_to_itself_within_the_schema() {
        let schema = input_schema::<Tree>().to_value();
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["required"], json!(["name"]));
        assert_eq!(
            schema["properties"]["name"]["description"],
            "How it is called."
        );
        assert!(
            schema.get("title").is_none() && schema.get("$schema").is_none(),
            "{schema}"
        );
        jsonschema::options()
            .build(&schema)
            .expect("a valid schema without dangling references");
    }
}

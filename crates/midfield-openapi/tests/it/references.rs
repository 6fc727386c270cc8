//! References: within the document, to files beside it, to nowhere, and in circles.

use std::collections::BTreeMap;
use std::sync::Mutex;

use midfield_openapi::{Document, Folder, LoadError, Loader, NoFiles, Options, ReadOptions};
use serde_json::{Value, json};

use crate::{check_schema, only, read};

/// Files in memory; it remembers what it was asked for.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, String>,
    asked: Mutex<Vec<String>>,
    allows_remote: bool,
}

impl Loader for Shelf {
    fn beside(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        self.asked.lock().unwrap().push(path.to_owned());
        let file = self.files.get(path).ok_or(LoadError::Outside)?;
        Ok(file.clone().into_bytes())
    }

    fn remote(&self, url: &url::Url) -> Result<Vec<u8>, LoadError> {
        self.asked.lock().unwrap().push(url.to_string());
        if self.allows_remote {
            self.beside(url.path())
        } else {
            Err(LoadError::NotAllowed)
        }
    }
}

fn shelf(files: &[(&str, &str)]) -> Shelf {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Shelf {
        files: files.collect(),
        ..Shelf::default()
    }
}

fn body_document(reference: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "paths": {"/x": {"post": {"requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": reference}}},
        }}}},
        "components": {"schemas": {"Local": {"type": "integer"}}},
    })
}

fn load(document: &Value, loader: &dyn Loader) -> Document {
    Document::read(
        document.to_string().as_bytes(),
        &ReadOptions::default(),
        loader,
    )
    .unwrap()
}

#[test]
fn files_beside_the_document_are_read_and_refer_to_their_own_neighbours() {
    let loader = shelf(&[
        (
            "schemas/pet.yaml",
            "Pet:\n  type: object\n  properties:\n    owner: {$ref: '../people.json#/Owner'}\n    kind: {$ref: '#/Kind'}\n  required: [owner]\nKind: {enum: [cat, dog]}\n",
        ),
        (
            "people.json",
            r#"{"Owner": {"properties": {"pets": {"type": "array", "items": {"$ref": "schemas/pet.yaml#/Pet"}}}}}"#,
        ),
    ]);
    let document = load(&body_document("./schemas/pet.yaml#/Pet"), &loader);
    assert!(document.warnings().is_empty(), "{:?}", document.warnings());
    let operation = only(&document);
    let good = json!({"body": {"owner": {"pets": [{"owner": {}, "kind": "cat"}]}}});
    let bad = json!({"body": {"owner": {"pets": [{"owner": {}, "kind": "fish"}]}}});
    check_schema(&operation.input_schema, &[good], &[bad]);
    let names: Vec<&String> = operation.input_schema["$defs"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["Pet", "Owner", "Kind"]);
}

#[test]
fn path_items_and_parameters_may_stand_in_other_files() {
    let loader = shelf(&[
        (
            "paths.yaml",
            "thing:\n  get:\n    operationId: readThing\n    parameters:\n      - $ref: 'parameters.yaml#/limit'\n",
        ),
        (
            "parameters.yaml",
            "limit: {name: limit, in: query, required: true, schema: {$ref: '#/size'}}\nsize: {type: integer, minimum: 1}\n",
        ),
    ]);
    let document = load(
        &json!({"openapi": "3.0.0", "servers": [{"url": "https://a.example"}], "paths": {"/thing": {"$ref": "paths.yaml#/thing"}}}),
        &loader,
    );
    let operation = only(&document);
    assert_eq!(operation.name, "readThing");
    check_schema(
        &operation.input_schema,
        &[json!({"limit": 1})],
        &[json!({"limit": 0}), json!({})],
    );
}

#[test]
fn a_remote_reference_is_not_followed_unless_it_is_allowed() {
    let document = body_document("https://remote.example/pet.json");
    let mut loader = shelf(&[("/pet.json", r#"{"type": "string", "minLength": 2}"#)]);
    let refused = load(&document, &loader);
    assert!(refused.warnings()[0].contains("https://remote.example/pet.json"));
    let operation = only(&refused);
    assert_eq!(operation.input_schema["properties"]["body"], json!(true));
    assert_eq!(operation.notes.len(), 1);
    loader.allows_remote = true;
    let operation = only(&load(&document, &loader));
    check_schema(
        &operation.input_schema,
        &[json!({"body": "ab"})],
        &[json!({"body": "a"})],
    );
}

#[test]
fn no_file_is_asked_for_that_is_not_beside_the_document() {
    for reference in [
        "/etc/passwd",
        "\\\\host\\share",
        "file:///etc/passwd",
        "C:\\secret.json",
    ] {
        let loader = shelf(&[]);
        let operation = only(&load(&body_document(reference), &loader));
        assert_eq!(operation.input_schema["properties"]["body"], json!(true));
        let asked = loader.asked.lock().unwrap();
        assert!(
            asked
                .iter()
                .all(|name| name.starts_with("file:") || !name.starts_with('/')),
            "{asked:?}"
        );
    }
}

#[test]
fn a_folder_gives_nothing_from_outside() {
    let root = std::env::temp_dir().join(format!("midfield-openapi-{}", std::process::id()));
    let inside = root.join("inside");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(root.join("secret.json"), "{}").unwrap();
    std::fs::write(inside.join("pet.json"), "{}").unwrap();
    let folder = Folder::new(&inside);
    assert_eq!(folder.beside("pet.json").unwrap(), b"{}");
    assert!(matches!(
        folder.beside("../secret.json"),
        Err(LoadError::Outside)
    ));
    assert!(matches!(
        folder.beside("missing.json"),
        Err(LoadError::Read(_))
    ));
    assert!(folder.beside(".").is_err());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.join("secret.json"), inside.join("link.json")).unwrap();
        assert!(matches!(
            folder.beside("link.json"),
            Err(LoadError::Outside)
        ));
    }
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn a_reference_may_lead_through_escapes_and_other_references() {
    let mut document = body_document("#/components/schemas/a~1b%20c/properties/deep");
    document["components"]["schemas"]["a/b c"] = json!({"$ref": "#/components/schemas/Target"});
    document["components"]["schemas"]["Target"] =
        json!({"properties": {"deep": {"type": "integer"}}});
    let operation = only(&read(&document));
    check_schema(
        &operation.input_schema,
        &[json!({"body": 1})],
        &[json!({"body": "x"})],
    );
}

#[test]
fn a_broken_schema_is_left_open_and_a_broken_parameter_skips_its_operation() {
    let operation = only(&read(&body_document("#/components/schemas/Missing")));
    assert_eq!(operation.input_schema["properties"]["body"], json!(true));
    let document = read(&json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "paths": {
            "/bad": {"get": {"operationId": "bad", "parameters": [{"$ref": "#/components/parameters/None"}]}},
            "/item": {"$ref": "#/nowhere"},
            "/good": {"get": {}},
        },
    }));
    let results: Vec<_> = document.operations(&Options::default()).collect();
    assert_eq!(results.len(), 2);
    let skipped = results[0].as_ref().unwrap_err();
    assert_eq!(
        (skipped.name.as_str(), skipped.reason.kind()),
        ("bad", "broken reference")
    );
    assert!(
        skipped
            .reason
            .to_string()
            .contains("#/components/parameters/None")
    );
    assert!(results[1].is_ok());
}

#[test]
fn circles_of_references_end() {
    for schemas in [
        json!({"A": {"$ref": "#/components/schemas/A"}}),
        json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}),
        json!({"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}),
        json!({"A": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "integer"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}], "description": "b"}}),
        json!({"A": {"not": {"oneOf": [{"$ref": "#/components/schemas/A"}]}}}),
        json!({"A": {"$ref": "#/components/schemas/A/properties/x"}}),
    ] {
        let mut document = body_document("#/components/schemas/A");
        document["components"]["schemas"] = schemas;
        let operation = only(&read(&document));
        check_schema(&operation.input_schema, &[json!({"body": 1})], &[json!({})]);
    }
}

#[test]
fn more_files_than_the_limit_are_a_warning() {
    let files: Vec<(String, String)> = (0..10)
        .map(|index| {
            (
                format!("{index}.json"),
                format!(r#"{{"$ref": "{}.json"}}"#, index + 1),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let mut options = ReadOptions::default();
    options.limits.files = 5;
    let bytes = body_document("0.json").to_string();
    let document = Document::read(bytes.as_bytes(), &options, &shelf(&files)).unwrap();
    assert_eq!(document.warnings().len(), 1);
    assert!(document.warnings()[0].contains("more than 5 files"));
}

#[test]
fn without_a_loader_no_file_is_read() {
    let document = load(&body_document("pet.json"), &NoFiles);
    assert_eq!(document.warnings().len(), 1);
    assert!(only(&document).notes[0].contains("pet.json"));
}

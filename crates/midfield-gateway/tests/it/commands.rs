//! `check` and `tools`, and what a wrong configuration is told.

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Folder, Midfield, Output, run, run_with};

const PETS: &str = r##"{
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "paths": {
        "/pets": {
            "get": {"operationId": "list pets", "tags": ["pets"], "summary": "List pets",
                "parameters": [{"name": "kind", "in": "query", "schema": {"enum": ["cat", "dog"]}}],
                "responses": {"200": {"content": {"application/json": {"schema": {
                    "type": "object", "properties": {"pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}}}}}},
            "post": {"operationId": "addPet", "tags": ["pets", "write"], "requestBody": {"$ref": "#/components/requestBodies/Lost"}}
        },
        "/pets/{petId}": {
            "get": {"operationId": "get_pet", "tags": ["pets"],
                "parameters": [{"name": "petId", "in": "path", "required": true, "schema": {"type": "integer"}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}},
            "delete": {"operationId": "deletePet", "tags": ["write"],
                "parameters": [{"name": "petId", "in": "path", "required": true, "schema": {"type": "integer"}}]}
        }
    },
    "components": {"schemas": {"Pet": {"title": "Pet", "description": "A pet.", "type": "object", "properties": {"name": {"type": "string"}}}}}
}"##;

/// Runs `command` over the document above, with `more` in its source.
fn pets(command: &[&str], more: &str) -> Output {
    let folder = Folder::new();
    folder.write("pets.json", PETS);
    let path = folder.write(
        "midfield.toml",
        &format!("[sources.pets]\nopenapi = \"pets.json\"\n{more}"),
    );
    let mut output = run(&[command, &[path.to_str().unwrap()]].concat());
    for text in [&mut output.stdout, &mut output.stderr] {
        *text = text.replace(folder.path().to_str().unwrap(), "DIR");
    }
    output
}

#[test]
fn tools_are_printed_as_signatures() {
    let output = pets(&["tools"], "");
    assert_eq!(
        output.stdout,
        "list_pets(kind?: \"cat\" | \"dog\") -> {pets}\n    List pets\n\
         get_pet(petId: integer) -> Pet\n\
         deletePet(petId: integer) -> any\n"
    );
    assert_eq!(
        output.stderr,
        "1 operation is left out: `midfield check DIR/midfield.toml` says why\n"
    );
    assert_eq!(output.code, Some(0));
}

#[test]
fn tools_are_printed_as_json_for_programs() {
    let output = pets(
        &["tools", "--json"],
        "prefix = \"p_\"\nrename = { get_pet = \"pet\" }\n",
    );
    let tools: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(tools[0]["tool"]["name"], "p_list_pets");
    assert_eq!(tools[0]["source"], "pets");
    assert_eq!(tools[1]["tool"]["name"], "pet");
    assert_eq!(tools[1]["operation"], "GET /pets/{petId}");
    assert_eq!(tools[1]["signature"], "pet(petId: integer) -> Pet");
    assert_eq!(tools[1]["tool"]["annotations"]["readOnlyHint"], true);
    assert_eq!(tools[2]["tool"]["annotations"]["destructiveHint"], true);
    assert_eq!(tools[2]["tool"]["inputSchema"]["required"][0], "petId");
}

#[test]
fn check_says_what_is_left_out_and_why() {
    let output = pets(&["check"], "");
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        lines.first(),
        Some(&"pets: 3 tools, 1 left out"),
        "{output:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("  left out: POST /pets: a reference is broken")),
        "{output:?}"
    );
    assert_eq!(lines.last(), Some(&"nothing is wrong"));
    assert_eq!(output.code, Some(0));
}

#[test]
fn operations_are_selected_by_tag_method_path_and_id() {
    let selected = |more: &str| {
        let output = pets(&["tools"], more);
        let names = output.stdout.lines().filter(|line| !line.starts_with(' '));
        names
            .map(|line| line.split('(').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        selected("include = { tags = [\"write\"] }\n"),
        ["deletePet"]
    );
    assert_eq!(
        selected("include = { methods = [\"get\"] }\n"),
        ["list_pets", "get_pet"]
    );
    assert_eq!(
        selected("include = { paths = [\"/pets/*\"], methods = [\"GET\"] }\n"),
        ["get_pet"]
    );
    assert_eq!(
        selected("include = [{ operations = [\"list pets\"] }, { tags = \"write\" }]\n"),
        ["list_pets", "deletePet"]
    );
    assert_eq!(
        selected("exclude = { methods = [\"DELETE\"] }\n"),
        ["list_pets", "get_pet"]
    );
}

#[test]
fn what_the_document_does_not_have_is_wrong() {
    let output = pets(
        &["check"],
        "include = { tags = [\"pet\"], paths = [\"/cats/*\"] }\nrename = { getPet = \"pet\" }\n",
    );
    let wrong: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.starts_with("wrong"))
        .collect();
    assert_eq!(
        wrong,
        [
            "wrong: DIR/midfield.toml:3:21: a selection names the tag `pet`, which the document does not have; did you mean `pets`?",
            "wrong: DIR/midfield.toml:3:38: a selection names the path `/cats/*`, which the document does not have",
            "wrong: DIR/midfield.toml:4:21: `rename` names the operation `getPet`, which the document does not have; did you mean `get_pet`?",
        ]
    );
    assert!(output.stdout.ends_with("3 things are wrong\n"));
    assert_eq!(output.code, Some(1));
}

#[test]
fn two_sources_with_the_same_tool_need_a_prefix() {
    let more =
        "[sources.more]\nopenapi = \"pets.json\"\ninclude = { operations = [\"get_pet\"] }\n";
    let told = "DIR/midfield.toml:3:1: `pets` and `more` both have a tool named `get_pet`: give one of them a `prefix`, or `rename` it";
    let output = pets(&["check"], more);
    assert!(
        output.stdout.contains(&format!("wrong: {told}\n")),
        "{output:?}"
    );
    assert_eq!(output.code, Some(1));
    let output = pets(&["serve", "--listen", "127.0.0.1:0"], more);
    assert_eq!(output.stderr, format!("error: {told}\n"));
    assert_eq!(output.code, Some(1));
    let output = pets(&["check"], &format!("{more}prefix = \"more_\"\n"));
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn a_wrong_configuration_is_told_with_its_lines() {
    let folder = Folder::new();
    let path = folder.write(
        "midfield.toml",
        "nam = \"x\"\n[sources.lab]\nopenapi = \"a\"\ntimeout = \"30\"\n",
    );
    let path = path.to_str().unwrap();
    for command in ["serve", "check", "tools"] {
        let output = run(&[command, path]);
        assert_eq!(
            output.stderr,
            format!(
                "error: {path}:1:1: unknown key `nam`; did you mean `name`?\n\
                 error: {path}:4:11: `timeout` takes a time with its unit, such as \"30s\" or \"5m\", up to \"1day\"\n"
            )
        );
        assert_eq!(output.stdout, "");
        assert_eq!(output.code, Some(1));
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let output = run(&["check", "no/such.toml"]);
    assert!(
        output
            .stderr
            .starts_with("error: could not read the configuration no/such.toml: "),
        "{output:?}"
    );
    let output = run(&["tools", "--openapi", "no/such.yaml"]);
    assert!(output.stderr.contains("no/such.yaml"), "{output:?}");
    assert_eq!(output.code, Some(1));
    let output = run(&["check", "--openapi", "no/such.yaml"]);
    assert!(
        output
            .stdout
            .contains("wrong: the source `such` cannot be served: could not read the document"),
        "{output:?}"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn a_document_needs_no_configuration() {
    let folder = Folder::new();
    let path = folder.write("pets.json", PETS);
    let output = run(&[
        "tools",
        "--openapi",
        path.to_str().unwrap(),
        "--base-url",
        "http://127.0.0.1:1",
    ]);
    assert!(
        output.stdout.contains("get_pet(petId: integer) -> Pet\n"),
        "{output:?}"
    );
    let relative = run_with(&["tools", "--openapi", "pets.json"], |command| {
        command.current_dir(folder.path());
    });
    assert_eq!(relative.stdout, output.stdout);
    let output = run(&[
        "tools",
        "--openapi",
        "x",
        "--base-url",
        "http://user:canary@a.example",
    ]);
    assert_eq!(
        output.stderr,
        "error: `--base-url` takes a URL without user name and password: put them under `secrets`\n"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn a_document_cannot_write_to_the_terminal() {
    let folder = Folder::new();
    let text = PETS.replace(
        "\"summary\": \"List pets\"",
        r#""summary": "List\u001b]0;x\u0007 \u202epets\u200b""#,
    );
    let text = text.replace("A pet.", r"A\u001b pet.\u202e");
    let path = folder.write("pets.json", &text);
    let output = run(&["tools", "--openapi", path.to_str().unwrap()]);
    assert!(output.stdout.contains("    List]0;x pets\n"), "{output:?}");
    let json = run(&["tools", "--json", "--openapi", path.to_str().unwrap()]);
    assert!(
        !json.stdout.contains("\\u001b") && !json.stdout.contains('\u{202e}'),
        "{json:?}"
    );
}

#[test]
fn serving_says_what_is_left_out() {
    let folder = Folder::new();
    folder.write("pets.json", PETS);
    let text = "[sources.a]\nopenapi = \"pets.json\"\ninclude = { tags = \"pets\" }\n\
                [sources.other]\nopenapi = \"pets.json\"\ninclude = { tags = \"write\" }\nexclude = { methods = \"POST\" }\n";
    let path = folder.write("midfield.toml", text);
    let midfield = Midfield::serve(&path);
    midfield.wait_for("  other  ");
    let log = midfield.log();
    let check = format!("`midfield check {}` says why", path.display());
    assert!(
        log.contains(&format!(
            "  sources  a      openapi  2 tools  (1 left out: {check})\n"
        )),
        "{log}"
    );
    assert!(log.contains("           other  openapi  1 tool\n"), "{log}");
}

#[test]
fn programs_read_the_log_as_json() {
    let folder = Folder::new();
    folder.write("pets.json", PETS);
    let path = folder.write("midfield.toml", "[sources.pets]\nopenapi = \"pets.json\"\n");
    let mut midfield = Midfield::start(&path, |command| {
        command.args(["--log-format", "json"]);
    });
    midfield.wait_for("serving");
    assert_eq!(midfield.end_by(Signal::TERM), Some(0));
    let log = midfield.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let serving = lines
        .iter()
        .find(|line| line["message"] == "serving")
        .unwrap();
    assert!(serving["mcp"].as_str().unwrap().ends_with("/mcp"), "{log}");
    let opened = lines
        .iter()
        .find(|line| line["message"] == "source opened")
        .unwrap();
    assert_eq!(
        (&opened["tools"], &opened["left_out"]),
        (&Value::from(3), &Value::from(1))
    );
}

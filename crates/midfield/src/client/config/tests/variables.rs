//! Variables, as each host writes them.

use serde_json::json;

use super::*;

/// What becomes of `text` as the value of a variable.
pub(super) fn expanded(text: &str, dialect: Dialect) -> Result<String, String> {
    let key = if dialect == Dialect::VsCode {
        "servers"
    } else {
        "mcpServers"
    };
    let document = json!({key: {"x": {"command": "x", "env": {"V": text}}}}).to_string();
    match server(&document, dialect).resolve(&lookup) {
        Ok(Entry::Command(command)) => Ok(command.environment.value("V").unwrap().to_owned()),
        Ok(entry) => panic!("{entry:?}"),
        Err(error) => Err(error
            .reasons
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")),
    }
}

#[test]
fn variables_are_written_as_each_host_has_them() {
    for (dialect, text, expected) in [
        (Dialect::ClaudeCode, "<${A}${EMPTY}>", Ok("<a!>")),
        (Dialect::ClaudeCode, "${B:-b${c}-$A}", Ok("b${c-$A}")),
        (Dialect::ClaudeCode, "${EMPTY:-b}", Ok("b")),
        (
            Dialect::ClaudeCode,
            "${env:A} ${1} ${",
            Ok("${env:A} ${1} ${"),
        ),
        (
            Dialect::ClaudeCode,
            "${B}",
            Err("`env.V` needs the environment variable `B`, which is not set"),
        ),
        (Dialect::ClaudeDesktop, "${A} $A", Ok("${A} $A")),
        (Dialect::Gemini, "$A ${A} $1 $", Ok("a! a! $1 $")),
        (
            Dialect::Cursor,
            "${userHome}/x ${A}",
            Ok("/home/ada/x ${A}"),
        ),
        (
            Dialect::VsCode,
            "${input:key}",
            Err("`env.V` needs `${input:key}`, which the host asks its user for"),
        ),
        (
            Dialect::VsCode,
            "${command:x.y}",
            Err("`env.V` needs `command:x.y`, which only the host knows"),
        ),
        (
            Dialect::Any,
            "${A} ${env:A} ${B:-b} ${env:B:-c} ü",
            Ok("a! a! b c ü"),
        ),
    ] {
        let expanded = expanded(text, dialect);
        assert_eq!(
            expanded.as_deref().map_err(String::as_str),
            expected,
            "{dialect:?} {text}"
        );
    }
}

#[test]
fn all_that_is_missing_is_told_at_once_and_nothing_of_what_is_there() {
    let text =
        r#"{"mcpServers": {"x": {"url": "${BASE}/mcp", "headers": {"A": "${A}", "B": "${B}"}}}}"#;
    let error = server(text, Dialect::ClaudeCode)
        .resolve(&lookup)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server `x` cannot be used: `url` needs the environment variable `BASE`, which is not set; `headers.B` needs the \
         environment variable `B`, which is not set"
    );
    let written = server(text, Dialect::ClaudeCode).written().unwrap();
    assert!(matches!(written, Entry::Url(endpoint) if endpoint.url == "${BASE}/mcp"));
}

//! Variables in the texts of a file, each dialect's in its own way.

use std::path::Path;

use super::{Dialect, Reason};

/// What a text stands in, for its variables.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) dialect: Dialect,
    /// The folder of the project that the file belongs to.
    pub(super) workspace: Option<&'a Path>,
    /// The value of an environment variable.
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
}

/// What stands for something else in a text.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'t> {
    /// An environment variable, and what is taken where it is not set.
    Variable(&'t str, Option<&'t str>),
    /// What the host asks its user for.
    Input(&'t str),
    /// The folder of the project.
    Workspace,
    /// The last part of that folder.
    WorkspaceName,
    /// The user's own folder.
    Home,
    /// What stands between the parts of a path.
    Separator,
    /// What only the host knows.
    HostOnly(&'t str),
}

/// `text` with its variables filled in. What cannot be filled in stays, and is put into `missing`.
pub(super) fn expand(
    text: &str,
    scope: Scope<'_>,
    member: &str,
    missing: &mut Vec<Reason>,
) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, found, length)) = next(rest, scope.dialect) {
        let (whole, after) = rest.split_at(before);
        expanded.push_str(whole);
        let (written, after) = after.split_at(length);
        match value(&found, scope, member) {
            Ok(value) => expanded.push_str(&value),
            Err(reason) => {
                if missing.len() < MAX_MISSING && !missing.contains(&reason) {
                    missing.push(reason);
                }
                expanded.push_str(written);
            }
        }
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

fn value(reference: &Reference<'_>, scope: Scope<'_>, member: &str) -> Result<String, Reason> {
    let member = member.to_owned();
    match *reference {
        Reference::Variable(name, default) => {
            // As shells have it, `:-` takes the default for an empty variable too.
            let set = (scope.lookup)(name).filter(|value| default.is_none() || !value.is_empty());
            set.or_else(|| default.map(str::to_owned))
                .ok_or_else(|| Reason::Unset {
                    member,
                    variable: name.to_owned(),
                })
        }
        Reference::Input(id) => Err(Reason::Asked {
            member,
            input: id.to_owned(),
        }),
        Reference::Workspace | Reference::WorkspaceName => {
            let folder = scope.workspace.map(|folder| match reference {
                Reference::WorkspaceName => {
                    folder.file_name().unwrap_or_default().to_string_lossy()
                }
                _ => folder.to_string_lossy(),
            });
            folder.map(Into::into).ok_or_else(|| Reason::HostOnly {
                member,
                reference: "workspaceFolder".to_owned(),
            })
        }
        Reference::Home => ["HOME", "USERPROFILE"]
            .into_iter()
            .find_map(scope.lookup)
            .ok_or_else(|| Reason::Unset {
                member,
                variable: "HOME".to_owned(),
            }),
        Reference::Separator => Ok(std::path::MAIN_SEPARATOR_STR.to_owned()),
        Reference::HostOnly(reference) => Err(Reason::HostOnly {
            member,
            reference: reference.to_owned(),
        }),
    }
}

/// The next reference in `text`: where it begins, what it is, and how long it is.
fn next(text: &str, dialect: Dialect) -> Option<(usize, Reference<'_>, usize)> {
    let sign = match dialect {
        Dialect::ClaudeDesktop | Dialect::Zed | Dialect::Codex => return None,
        Dialect::OpenCode => '{',
        _ => '$',
    };
    text.match_indices(sign).find_map(|(at, _)| {
        let tail = text.get(at..)?;
        reference(tail, dialect).map(|(found, length)| (at, found, length))
    })
}

/// The reference that `tail` begins with, and its length.
fn reference(tail: &str, dialect: Dialect) -> Option<(Reference<'_>, usize)> {
    let opening = if dialect == Dialect::OpenCode {
        "{"
    } else {
        "${"
    };
    let Some(braced) = tail.strip_prefix(opening) else {
        let name = tail
            .strip_prefix('$')
            .filter(|_| dialect == Dialect::Gemini)?;
        let end = name.find(|it: char| !is_word(it)).unwrap_or(name.len());
        let name = name.get(..end).filter(|name| is_name(name))?;
        return Some((Reference::Variable(name, None), end + 1));
    };
    let mut inner = braced.char_indices().take(MAX_REFERENCE);
    let inner = braced.get(..inner.find(|(_, it)| *it == '}')?.0)?;
    let length = opening.len() + inner.len() + 1;
    let found = match dialect {
        Dialect::ClaudeCode | Dialect::Gemini => variable(inner, dialect == Dialect::ClaudeCode)?,
        Dialect::OpenCode => of_opencode(inner)?,
        Dialect::Any => of_editor(inner, true).or_else(|| variable(inner, true))?,
        _ => of_editor(inner, false)?,
    };
    Some((found, length))
}

fn variable(inner: &str, takes_default: bool) -> Option<Reference<'_>> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) if takes_default => (name, Some(default)),
        _ => (inner, None),
    };
    is_name(name).then_some(Reference::Variable(name, default))
}

/// What VS Code and its relatives write
/// ([variables reference](https://code.visualstudio.com/docs/reference/variables-reference)).
fn of_editor(inner: &str, takes_default: bool) -> Option<Reference<'_>> {
    Some(match inner.split_once(':') {
        Some(("env", name)) => return variable(name, takes_default),
        Some(("input", id)) => Reference::Input(id),
        Some(("command" | "config", _)) => Reference::HostOnly(inner),
        _ => match inner {
            "workspaceFolder" | "workspaceRoot" => Reference::Workspace,
            "workspaceFolderBasename" => Reference::WorkspaceName,
            "userHome" => Reference::Home,
            "pathSeparator" | "/" => Reference::Separator,
            _ => return None,
        },
    })
}

fn of_opencode(inner: &str) -> Option<Reference<'_>> {
    match inner.split_once(':')? {
        ("env", name) => variable(name, false),
        ("file", _) => Some(Reference::HostOnly(inner)),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(is_word)
        && !text.starts_with(|it: char| it.is_ascii_digit())
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Longest reference in characters: one that never ends must not be looked for again and again.
const MAX_REFERENCE: usize = 1_000;
/// Most things that are told to be missing.
const MAX_MISSING: usize = 50;

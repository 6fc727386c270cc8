//! What the Tab key completes: commands, the names that the server knows, the names of arguments.

use midfield::Client;
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::super::list::Lists;
use crate::cli::text::line;

/// What is known of the server, when the shell begins.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Each with the names of its arguments.
    tools: Vec<(String, Vec<String>)>,
    prompts: Vec<(String, Vec<String>)>,
    resources: Vec<String>,
}

impl Known {
    /// Asks the server. What it does not tell is not completed.
    pub(super) async fn learn(client: &Client) -> Self {
        let lists = Lists::all(client).await.unwrap_or_default();
        let tools = lists.tools.iter().flat_map(|list| list.iter()).map(|tool| {
            let schema = tool.input_schema.to_value();
            let properties = schema
                .get("properties")
                .and_then(serde_json::Value::as_object);
            let names = properties.into_iter().flat_map(|it| it.keys().cloned());
            (tool.name.clone(), names.collect())
        });
        let prompts = lists
            .prompts
            .iter()
            .flat_map(|list| list.iter())
            .map(|prompt| {
                let names = prompt
                    .arguments
                    .iter()
                    .map(|argument| argument.name.clone());
                (prompt.name.clone(), names.collect())
            });
        let resources = lists.resources.iter().flat_map(|list| list.iter());
        Self {
            tools: tools.collect(),
            prompts: prompts.collect(),
            resources: resources.map(|resource| resource.uri.clone()).collect(),
        }
    }

    /// What the last word of `before` could become, each with what is put in place of the word.
    fn candidates(&self, before: &str) -> Vec<String> {
        let words: Vec<&str> = before.split_whitespace().collect();
        let has_begun = !before.is_empty() && !before.ends_with(char::is_whitespace);
        let (beginning, words) = match words.split_last() {
            Some((last, words)) if has_begun => (*last, words),
            _ => ("", words.as_slice()),
        };
        let arguments = |known: &[(String, Vec<String>)], name: &str| {
            let names = known.iter().find(|(known, _)| known == name);
            let names = names.into_iter().flat_map(|(_, names)| names);
            names.map(|name| format!("{name}=")).collect::<Vec<_>>()
        };
        let names = |known: &[(String, Vec<String>)]| {
            known
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let all = match words {
            [] => COMMANDS.map(str::to_owned).to_vec(),
            ["call"] => names(&self.tools),
            ["call", tool, ..] => arguments(&self.tools, tool),
            ["prompt"] | ["complete", "prompt"] => names(&self.prompts),
            ["prompt", prompt, ..] => arguments(&self.prompts, prompt),
            ["read"] => self.resources.clone(),
            ["complete"] => ["prompt", "resource"].map(str::to_owned).to_vec(),
            ["tasks"] => DEEDS.map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        let fitting = all.into_iter().filter(|name| {
            // What would have to be quoted, or is not shown as it is, is typed.
            let is_plain = line(name) == *name && !name.contains([' ', '\'', '"', '\\']);
            is_plain && name.starts_with(beginning)
        });
        fitting.collect()
    }
}

impl Completer for Known {
    fn complete(&mut self, text: &str, at: usize) -> CompletionResult {
        let before = text.get(..at).unwrap_or_default();
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let suggestions = self.candidates(before).into_iter().map(|value| Suggestion {
            append_whitespace: !value.ends_with('='),
            span: Span::new(start, at),
            value,
            ..Suggestion::default()
        });
        CompletionResult::fresh(suggestions.collect::<Vec<_>>())
    }
}

/// The commands that a line begins with.
const COMMANDS: [&str; 9] = [
    "call", "complete", "help", "inspect", "list", "prompt", "quit", "read", "tasks",
];

/// What `tasks` does.
const DEEDS: [&str; 6] = ["answer", "cancel", "list", "result", "show", "watch"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_names_and_arguments_are_completed() {
        let known = Known {
            tools: vec![
                ("add".into(), vec!["a".into(), "b".into()]),
                ("evil\u{1b}".into(), vec![]),
            ],
            prompts: vec![("greet".into(), vec!["name".into()])],
            resources: vec!["note://a".into()],
        };
        assert_eq!(known.candidates("c"), ["call", "complete"]);
        assert_eq!(known.candidates("call "), ["add"]);
        assert_eq!(known.candidates("call add a=1 b"), ["b="]);
        assert_eq!(known.candidates("prompt greet "), ["name="]);
        assert_eq!(known.candidates("read no"), ["note://a"]);
        assert_eq!(known.candidates("t"), ["tasks"]);
        assert_eq!(known.candidates("tasks w"), ["watch"]);
        assert_eq!(known.candidates("list "), [""; 0]);
    }
}

//! Names and ids that a provider takes, for those that it would not.
//!
//! The protocol allows more characters and a greater length in the name of a tool than providers do, and says nothing of ids. A
//! conversation may also come from another model, whose ids are of another kind, and use an id again in a later round.

use std::collections::{HashMap, HashSet};

/// What stands for each name.
#[derive(Debug, Default)]
pub(super) struct Names {
    aliases: HashMap<String, String>,
    names: HashMap<String, String>,
}

impl Names {
    /// Names for all of these, which they keep if they can.
    pub(super) fn of(names: &[&str]) -> Self {
        let mut this = Self::default();
        // Those that fit come first, so that nobody else is called like them.
        for fits in [true, false] {
            for name in names.iter().copied() {
                if is_plain(name) == fits && !this.aliases.contains_key(name) {
                    let alias = free(name, |alias| this.names.contains_key(alias));
                    this.names.insert(alias.clone(), name.to_owned());
                    this.aliases.insert(name.to_owned(), alias);
                }
            }
        }
        this
    }

    /// What the provider is told. Names that are not in here have none of their own.
    pub(super) fn alias<'a>(&'a self, name: &'a str) -> &'a str {
        self.aliases.get(name).map_or(name, String::as_str)
    }

    /// What the provider means.
    pub(super) fn name<'a>(&'a self, alias: &'a str) -> &'a str {
        self.names.get(alias).map_or(alias, String::as_str)
    }
}

/// What stands for the ids of a conversation, each of which is used once.
#[derive(Debug, Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
    round: HashMap<String, String>,
}

impl Ids {
    /// Begins with the message of a model: the results that follow are of its uses.
    pub(super) fn begin_round(&mut self) {
        self.round.clear();
    }

    /// What stands for the id of a use.
    pub(super) fn of_use(&mut self, id: &str) -> String {
        let alias = free(id, |alias| self.taken.contains(alias));
        self.taken.insert(alias.clone());
        self.round.insert(id.to_owned(), alias.clone());
        alias
    }

    /// What stands for the id of the use that a result belongs to.
    pub(super) fn of_result<'a>(&'a self, id: &'a str) -> &'a str {
        self.round.get(id).map_or(id, String::as_str)
    }
}

/// `name`, or what is most like it, as all providers take it and nobody else has it.
fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let plain = |it: char| if is_plain_character(it) { it } else { '_' };
    let mut alias: String = name.chars().map(plain).take(MAX_LENGTH).collect();
    if alias.is_empty() {
        alias.push('_');
    }
    let mut number = 1_u32;
    let stem: String = alias.chars().take(MAX_LENGTH - 11).collect();
    while is_taken(&alias) {
        number += 1;
        alias = format!("{stem}_{number}");
    }
    alias
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_LENGTH && name.chars().all(is_plain_character)
}

const fn is_plain_character(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '_' | '-')
}

/// What the stricter of the providers takes.
const MAX_LENGTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stay_and_others_never_take_their_place() {
        let long = "x".repeat(100);
        let names = ["a.b", "a_b", "a/b", "", "größe", &long];
        let map = Names::of(&names);
        assert_eq!(map.alias("a_b"), "a_b");
        assert_eq!(map.alias("größe"), "gr__e");
        let aliases: HashSet<&str> = names.iter().map(|name| map.alias(name)).collect();
        assert_eq!(aliases.len(), names.len());
        for name in names {
            assert!(is_plain(map.alias(name)), "{name}");
            assert_eq!(map.name(map.alias(name)), name);
        }
        assert_eq!(map.name("made_up"), "made_up");
    }

    #[test]
    fn an_id_that_is_used_again_is_another_one() {
        let mut ids = Ids::default();
        ids.begin_round();
        assert_eq!(ids.of_use("call 1"), "call_1");
        assert_eq!(ids.of_result("call 1"), "call_1");
        ids.begin_round();
        assert_eq!(ids.of_use("call 1"), "call_1_2");
        assert_eq!(ids.of_result("call 1"), "call_1_2");
    }
}

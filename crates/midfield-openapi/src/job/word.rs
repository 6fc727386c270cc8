//! Words for a state, however they are written.

/// A word of a state without case, separators, and what some interfaces put before it: `IN_PROGRESS`,
/// `In progress`, `inProgress` and `JOB_STATE_IN_PROGRESS` are the same.
pub(super) fn plain(word: &str) -> String {
    let end = word.floor_char_boundary(MAX_WORD);
    let word = word.get(..end).unwrap_or_default().to_lowercase();
    let word = ["state_", "status_"]
        .iter()
        .find_map(|before| Some(word.split_once(before)?.1))
        .unwrap_or(&word);
    let is_letter = |character: &char| character.is_alphanumeric();
    word.chars().filter(is_letter).collect()
}

/// Whether `word` is one of `words`, however each is written.
pub(super) fn is_one_of(word: &str, words: &[String]) -> bool {
    let word = plain(word);
    !word.is_empty() && words.iter().any(|known| plain(known) == word)
}

/// Bytes of a word that are looked at.
const MAX_WORD: usize = 64;

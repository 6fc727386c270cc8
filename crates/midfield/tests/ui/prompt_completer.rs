use midfield::prompt;
use midfield::server::{Context, Typing};

/// Greets.
#[prompt(complete(town = towns))]
fn greet(town: String) -> String {
    town
}

fn towns(begun: &str) -> Vec<String> {
    vec![begun.to_owned()]
}

/// Greets.
#[prompt(complete(town = count))]
fn greet_all(town: String) -> String {
    town
}

async fn count(_typing: Typing, _cx: Context) -> usize {
    7
}

fn main() {}

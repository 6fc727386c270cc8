use midfield::{Args, prompt};

/// Greets.
#[prompt]
fn generic<T: Send>(_name: T) -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt]
fn patterns((_, _): (u32, u32), _name: &str) -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt]
fn twice(_name: String, _args: Args<u32>) -> &'static str {
    "Hello!"
}

fn main() {}

use midfield::{Context, tool};

struct User;

/// Greets a user that nothing makes from the call.
#[tool]
async fn greet(#[inject] _user: &User, _cx: &Context, _greeting: String) {}

fn main() {}

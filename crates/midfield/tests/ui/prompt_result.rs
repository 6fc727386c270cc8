use midfield::prompt;

struct Opaque;

/// Answers with what is no message.
#[prompt]
fn opaque() -> Opaque {
    Opaque
}

fn main() {}

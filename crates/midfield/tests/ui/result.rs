use midfield::tool;

struct Opaque;

/// Answers with what cannot be written.
#[tool]
async fn opaque() -> Opaque {
    Opaque
}

#[derive(Debug)]
struct NoError;

/// Fails with what is no error.
#[tool]
async fn failing() -> Result<String, NoError> {
    Err(NoError)
}

fn main() {}

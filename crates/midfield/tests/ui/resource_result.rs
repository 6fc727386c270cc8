use midfield::resource;

struct Opaque;

/// Answers with what is no contents.
#[resource("demo://opaque")]
fn opaque() -> Opaque {
    Opaque
}

/// Answers with what is no contents.
#[resource("demo://{id}")]
async fn opaque_too(id: String) -> Result<Opaque, std::fmt::Error> {
    let _ = id;
    Ok(Opaque)
}

fn main() {}

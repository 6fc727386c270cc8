use midfield::resource;

/// Has no URI.
#[resource]
fn nowhere() -> &'static str {
    "Hello!"
}

/// Has its URI in the wrong place.
#[resource(name = "motd", "demo://motd")]
fn misplaced() -> &'static str {
    "Hello!"
}

/// Has no scheme.
#[resource("/motd")]
fn without_scheme() -> &'static str {
    "Hello!"
}

/// Has a brace too many.
#[resource("demo://{id")]
fn unbalanced(_id: String) -> &'static str {
    "Hello!"
}

/// Has no name.
#[resource("demo://{the id}")]
fn unnamed(_id: String) -> &'static str {
    "Hello!"
}

/// Has an operator that is kept for later.
#[resource("demo://{!id}")]
fn operator(_id: String) -> &'static str {
    "Hello!"
}

/// Has a variable twice.
#[resource("demo://{id}/{id}")]
fn repeated(_id: String) -> &'static str {
    "Hello!"
}

fn main() {}

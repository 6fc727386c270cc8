use midfield::tool;

/// Asks.
#[tool(asks)]
async fn nothing() {}

/// Asks.
#[tool(asks(forms))]
async fn unknown() {}

/// Asks.
#[tool(icon = 7, asks(extension))]
async fn unnamed() {}

fn main() {}

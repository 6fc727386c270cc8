use midfield::prompt;

/// Greets.
#[prompt(title = "Greet", read_only)]
fn not_known() -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt(complete(city = cities))]
fn completes(_town: String) -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt(complete(town = cities, town = cities))]
fn completes_twice(_town: String) -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt(asks(form, password))]
fn asks() -> &'static str {
    "Hello!"
}

/// Greets.
#[prompt(name = "")]
fn named() -> &'static str {
    "Hello!"
}

#[prompt]
fn undescribed() -> &'static str {
    "Hello!"
}

fn main() {}

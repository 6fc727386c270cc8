use midfield::resource;

/// Rows.
#[resource("rows://all", destructive)]
fn not_known() -> &'static str {
    "rows"
}

/// Rows.
#[resource("rows://all", mime_type = "text/plain", mime_type = "text/csv")]
fn twice() -> &'static str {
    "rows"
}

#[resource("rows://all")]
fn undescribed() -> &'static str {
    "rows"
}

fn main() {}

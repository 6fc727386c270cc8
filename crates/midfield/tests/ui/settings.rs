use midfield::tool;

/// Counts.
#[tool(title = "Count", tasks, timeout = "2h")]
async fn not_known() {}

/// Counts.
#[tool(name = "count to ten")]
async fn named() {}

#[tool]
async fn undescribed() {}

fn main() {}

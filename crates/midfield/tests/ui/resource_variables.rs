use midfield::{Args, resource};

/// Has a parameter that is no variable.
#[resource("rows://{table}")]
fn no_variable(table: String, id: u64) -> String {
    format!("{table} {id}")
}

/// Has a variable that no parameter takes.
#[resource("rows://{table}/{id}{?columns}")]
fn no_parameter(table: String) -> String {
    table
}

/// Needs what a URI may leave out.
#[resource("rows://{table}{?columns}")]
fn needed(table: String, columns: String) -> String {
    format!("{table} {columns}")
}

/// Has one URI.
#[resource("rows://all")]
fn no_variables(table: String) -> String {
    table
}

/// Has one URI.
#[resource("rows://all")]
fn whole(args: Args<String>) -> String {
    args.0
}

/// Completes what is no variable.
#[resource("rows://{table}", complete(id = ids))]
fn completes(table: String) -> String {
    table
}

fn main() {}

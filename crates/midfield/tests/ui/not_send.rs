use std::rc::Rc;

use midfield::tool;

/// Holds on to what cannot move to another thread.
#[tool]
async fn hold() {
    let held = Rc::new(1);
    std::future::ready(()).await;
    drop(held);
}

fn main() {}

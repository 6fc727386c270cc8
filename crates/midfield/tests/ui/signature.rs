use midfield::{Args, tool};

struct Shop;

impl Shop {
    /// Orders.
    #[tool]
    async fn order(&self, _pieces: u32) {}
}

/// Orders.
#[tool]
async fn generic<T: Send>(_pieces: Vec<T>) {}

/// Orders.
#[tool]
async fn patterns((_, _): (u32, u32), _text: &str, #[serde(default)] _args: Args<u32>) {}

fn main() {}

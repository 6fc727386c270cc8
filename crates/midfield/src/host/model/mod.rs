//! Models for servers that ask for one
//! ([2026-07-28, sampling](https://modelcontextprotocol.io/specification/2026-07-28/client/sampling)).
//!
//! `Models` answers by models over HTTP, under approval, budgets and limits; it needs the feature `models`, which is on by
//! default. [`Scripted`] answers what a test says. Both are a [`Sample`](crate::client::Sample). `docs/sampling.md` in the repository
//! says how all of it is set up, and has the limits.
#![cfg_attr(
    feature = "models",
    doc = r#"
```no_run
use std::time::Duration;

use midfield::host::model::{ApiKey, Budget, Model, Models, Price, Provider, Rules, Scope};

let anthropic = Provider::anthropic(ApiKey::from_environment("ANTHROPIC_API_KEY")?)?;
let local = Provider::open_ai_at("http://127.0.0.1:8080/v1", None)?;
let models = Models::new()
    .model(Model::new("claude-opus-4-5", anthropic).intelligence(0.9).cost(0.8).price(Price::new(5.0, 25.0)))
    .model(Model::new("qwen3-8b", local).alias("local").speed(0.6))
    .approve(Rules::new().allow("notes"))
    .budget(Scope::EachServer, Budget::new(Duration::from_hours(1)).tokens(200_000).cost(2.0));
# let _ = models;
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]

#[cfg(feature = "models")]
mod approve;
#[cfg(feature = "models")]
mod budget;
#[cfg(feature = "models")]
mod choice;
#[cfg(feature = "models")]
mod failure;
#[cfg(feature = "models")]
mod key;
#[cfg(feature = "models")]
mod limits;
#[cfg(feature = "models")]
mod models;
#[cfg(feature = "models")]
mod provider;
#[cfg(feature = "models")]
mod retries;
mod scripted;

#[cfg(feature = "models")]
pub use approve::{AllowAll, Approve, DenyAll, Rules, When};
#[cfg(feature = "models")]
pub use budget::{Budget, Scope, Whose};
#[cfg(feature = "models")]
pub use choice::{Model, Price};
#[cfg(feature = "models")]
pub use key::{ApiKey, ApiKeyError};
#[cfg(feature = "models")]
pub use limits::Limits;
#[cfg(feature = "models")]
pub use models::Models;
#[cfg(feature = "models")]
pub use provider::{Provider, ProviderError, Timeouts};
#[cfg(feature = "models")]
pub use retries::Retries;
pub use scripted::{ScriptError, Scripted};

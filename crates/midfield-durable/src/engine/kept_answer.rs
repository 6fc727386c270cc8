//! An answer as a store keeps it.

use midfield_protocol::Raw;
use serde::{Deserialize, Serialize};

use crate::question::{Refusal, Reply};

/// What somebody answers to a question of a task; in JSON `{"result": …}` or `{"error": {"code": …, "message": …}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum KeptAnswer {
    /// What was asked for.
    Result(Raw),
    /// An error instead.
    Error {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
    },
}

impl From<KeptAnswer> for Reply {
    fn from(answer: KeptAnswer) -> Self {
        match answer {
            KeptAnswer::Result(result) => Self::Answered(result),
            KeptAnswer::Error { code, message } => Self::Refused(Refusal { code, message }),
        }
    }
}

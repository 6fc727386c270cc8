//! Notifications that a server sends while it works on a request.

use serde::Serialize;

use super::Codec;
use crate::jsonrpc;
use crate::types::{LogMessage, Progress, ProgressToken};

/// A notification of progress.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn progress(
    codec: Codec,
    token: &ProgressToken,
    progress: &Progress,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        progress_token: &'a ProgressToken,
        #[serde(flatten)]
        progress: &'a Progress,
    }
    let without_message;
    let mut progress = progress;
    if progress.message.is_some() && !codec.revision().rules().progress_message {
        without_message = Progress {
            message: None,
            ..progress.clone()
        };
        progress = &without_message;
    }
    jsonrpc::notification(
        "notifications/progress",
        &Params {
            progress_token: token,
            progress,
        },
    )
}

/// A notification that carries a log message. Every revision writes it alike.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn log(message: &LogMessage) -> Result<Vec<u8>, serde_json::Error> {
    jsonrpc::notification("notifications/message", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;
    use crate::jsonrpc::RequestId;

    #[test]
    fn whole_numbers_are_written_whole_and_the_oldest_revision_gets_no_message() {
        let token = ProgressToken(RequestId::from("t"));
        let step = Progress::new(0.5).total(3.0).message("halfway");
        let written = |revision| {
            let bytes = progress(Codec::new(revision), &token, &step).expect("JSON");
            String::from_utf8(bytes).expect("UTF-8")
        };
        assert_eq!(
            written(Revision::V2025_11_25),
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0.5,"total":3,"message":"halfway"}}"#
        );
        assert!(!written(Revision::V2024_11_05).contains("halfway"));
    }
}

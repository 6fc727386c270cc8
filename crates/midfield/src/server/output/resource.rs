//! From what a handler returns to the contents of a resource.

use midfield_protocol::Raw;
use midfield_protocol::types::{ReadResult, ResourceContents};
use serde::Serialize;

use super::Json;
use crate::Error;

/// What the handler of a resource may return.
///
/// Text becomes text, bytes become a blob, [`Json`] becomes text of the media type `application/json`, all
/// at the URI that was asked for. Contents without a media type get the one that the resource is described
/// with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the contents of a resource",
    note = "return text, `Vec<u8>`, `Json<T>`, `ResourceContents`, a `Vec` of them, `ReadResult`, or a `Result` of one of these"
)]
pub trait IntoReadResult {
    /// The contents of the resource at `uri`, or why there are none.
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error>;
}

impl<T: IntoReadResult, E: Into<Error>> IntoReadResult for Result<T, E> {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        self.map_err(Into::into)?.into_read_result(uri)
    }
}

impl IntoReadResult for ReadResult {
    fn into_read_result(self, _uri: &str) -> Result<ReadResult, Error> {
        Ok(self)
    }
}

impl IntoReadResult for Vec<ResourceContents> {
    fn into_read_result(self, _uri: &str) -> Result<ReadResult, Error> {
        Ok(ReadResult::new(self))
    }
}

impl IntoReadResult for ResourceContents {
    fn into_read_result(self, _uri: &str) -> Result<ReadResult, Error> {
        Ok(ReadResult::new(vec![self]))
    }
}

impl IntoReadResult for String {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        ResourceContents::text(uri, self).into_read_result(uri)
    }
}

impl IntoReadResult for &'static str {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        ResourceContents::text(uri, self).into_read_result(uri)
    }
}

impl IntoReadResult for Vec<u8> {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        ResourceContents::blob(uri, self).into_read_result(uri)
    }
}

impl<T: Serialize> IntoReadResult for Json<T> {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        match Raw::of(&self.0) {
            Ok(text) => ResourceContents::text(uri, text.as_str())
                .mime_type("application/json")
                .into_read_result(uri),
            Err(error) => {
                tracing::error!(%error, "a resource cannot be written as JSON");
                Err(Error::protocol(midfield_protocol::Error::Internal))
            }
        }
    }
}

//! Writing frames.

use serde::Serialize;

use super::{ErrorObject, RequestId};

/// Room for a small response, so that writing one allocates once.
const SMALL: usize = 512;

/// A response with a result.
///
/// # Errors
/// When `result` cannot be written as JSON.
pub fn result<T: Serialize + ?Sized>(
    id: &RequestId,
    result: &T,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Frame<'a, T: ?Sized> {
        jsonrpc: &'static str,
        id: &'a RequestId,
        result: &'a T,
    }
    write(&Frame {
        jsonrpc: "2.0",
        id,
        result,
    })
}

/// A response with an error. Without an id the member is left out, as the schema has it.
pub fn error(id: Option<&RequestId>, error: &ErrorObject) -> Vec<u8> {
    #[derive(Serialize)]
    struct Frame<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RequestId>,
        error: &'a ErrorObject,
    }
    // Only strings, integers and valid JSON text are written here: none of them can fail.
    write(&Frame {
        jsonrpc: "2.0",
        id,
        error,
    })
    .unwrap_or_default()
}

/// A notification.
///
/// # Errors
/// When `params` cannot be written as JSON.
pub fn notification<T: Serialize + ?Sized>(
    method: &str,
    params: &T,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Frame<'a, T: ?Sized> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a T,
    }
    write(&Frame {
        jsonrpc: "2.0",
        method,
        params,
    })
}

/// A notification that says no more than its method.
pub fn bare_notification(method: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Frame<'a> {
        jsonrpc: &'static str,
        method: &'a str,
    }
    // Two strings are written here: neither can fail.
    write(&Frame {
        jsonrpc: "2.0",
        method,
    })
    .unwrap_or_default()
}

/// A request of ours; without parameters the member is left out.
///
/// # Errors
/// When `params` cannot be written as JSON.
pub fn request<T: Serialize + ?Sized>(
    id: &RequestId,
    method: &str,
    params: Option<&T>,
) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Frame<'a, T: ?Sized> {
        jsonrpc: &'static str,
        id: &'a RequestId,
        method: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        params: Option<&'a T>,
    }
    write(&Frame {
        jsonrpc: "2.0",
        id,
        method,
        params,
    })
}

fn write<T: Serialize>(frame: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::with_capacity(SMALL);
    serde_json::to_writer(&mut bytes, frame)?;
    Ok(bytes)
}

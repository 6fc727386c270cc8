//! Notifications of the examples, read and written back.

use midfield_protocol::jsonrpc::{Message, RequestId};
use midfield_protocol::types::{Filter, LogMessage};
use midfield_protocol::wire::{self, Changed, legacy};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::{MODERN, message, value};

pub(super) fn list_changed(text: &str) -> Value {
    let method = value(text)["method"].clone();
    let which = [Changed::Tools, Changed::Prompts, Changed::Resources]
        .into_iter()
        .find(|which| method == which.method())
        .expect("one of the lists");
    let params: Value = notified(text, which.method());
    let written = wire::list_changed(which, subscription(&params).as_ref());
    value(written.expect("JSON"))
}

pub(super) fn resource_updated(text: &str) -> Value {
    let params: Value = notified(text, "notifications/resources/updated");
    let uri = params["uri"].as_str().expect("a URI");
    let written = wire::resource_updated(uri, subscription(&params).as_ref());
    value(written.expect("JSON"))
}

pub(super) fn acknowledged(text: &str) -> Value {
    let params: Value = notified(text, "notifications/subscriptions/acknowledged");
    let filter: Filter = serde_json::from_value(params["notifications"].clone()).expect("a filter");
    let written = wire::acknowledged(&filter, &subscription(&params).expect("an id"));
    value(written.expect("JSON"))
}

fn subscription(params: &Value) -> Option<RequestId> {
    let id = params
        .get("_meta")?
        .get("io.modelcontextprotocol/subscriptionId")?;
    serde_json::from_value(id.clone()).expect("an id")
}

/// The parameters of the notification in `text`, which must have this method.
fn notified<T: DeserializeOwned>(text: &str, method: &str) -> T {
    let Message::Notification(notification) = message(text) else {
        panic!("no notification: {text}");
    };
    assert_eq!(notification.method, method);
    let params = notification.params.expect("parameters");
    serde_json::from_str(params.get()).expect("parameters that fit")
}

pub(super) fn cancelled(text: &str) -> Value {
    let params: Value = notified(text, legacy::CANCELLED);
    let Message::Notification(notification) = message(text) else {
        panic!("no notification: {text}");
    };
    let id = legacy::cancelled_request(&notification).expect("an id");
    // The reason is for people's eyes and read by nobody.
    let reason = params["reason"].as_str();
    value(wire::cancelled(&id, reason).expect("JSON"))
}

pub(super) fn log(text: &str) -> Value {
    let read: LogMessage = notified(text, "notifications/message");
    value(wire::log(&read).expect("JSON"))
}

pub(super) fn progress(text: &str) -> Value {
    let Message::Notification(notification) = message(text) else {
        panic!("no notification: {text}");
    };
    assert_eq!(notification.method, legacy::PROGRESS);
    let (token, read) = legacy::progress(&notification).expect("a step");
    value(wire::progress(MODERN, &token, &read).expect("JSON"))
}

//! What clients of every revision send, frozen: each frame is valid by the revision's schema, and means to
//! us what its sender meant.

mod offers;
mod tools;

use std::collections::BTreeSet;

use midfield_protocol::jsonrpc::{Incoming, Message, Notification, Request, RequestId};
use midfield_protocol::session::Session;
use midfield_protocol::types::LogLevel;
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Call, Caller, Era, Error, Revision};

use crate::schemas::Definitions;
use crate::support::{message, names, request, text, value};

/// A frame: its name, the revisions whose clients send it, the definition that it fits, and what it means.
type Received = (
    &'static str,
    fn(Revision) -> bool,
    &'static str,
    fn(Revision, &str),
);

const RECEIVED: &[Received] = &[
    (
        "initialize",
        in_legacy,
        "InitializeRequest",
        opens_a_session,
    ),
    (
        "initialized",
        in_legacy,
        "InitializedNotification",
        is_ready,
    ),
    ("discover", in_modern, "DiscoverRequest", asks_what_there_is),
    ("ping", in_legacy, "PingRequest", pings),
    (
        "tools-list",
        in_every,
        "ListToolsRequest",
        tools::asks_for_the_first_page,
    ),
    (
        "tools-list-next",
        in_every,
        "ListToolsRequest",
        tools::asks_for_the_next_page,
    ),
    (
        "tools-call",
        in_every,
        "CallToolRequest",
        tools::calls_with_arguments,
    ),
    (
        "tools-call-without-arguments",
        in_every,
        "CallToolRequest",
        tools::calls_without_arguments,
    ),
    ("set-level", in_legacy, "SetLevelRequest", sets_the_level),
    ("cancelled", in_every, "CancelledNotification", cancels),
    (
        "resources-list",
        in_every,
        "ListResourcesRequest",
        offers::asks_for_resources,
    ),
    (
        "templates-list",
        in_every,
        "ListResourceTemplatesRequest",
        offers::asks_for_templates,
    ),
    (
        "resources-read",
        in_every,
        "ReadResourceRequest",
        offers::reads_a_resource,
    ),
    (
        "subscribe",
        in_legacy,
        "SubscribeRequest",
        offers::subscribes,
    ),
    (
        "unsubscribe",
        in_legacy,
        "UnsubscribeRequest",
        offers::unsubscribes,
    ),
    (
        "prompts-list",
        in_every,
        "ListPromptsRequest",
        offers::asks_for_prompts,
    ),
    (
        "prompts-get",
        in_every,
        "GetPromptRequest",
        offers::gets_a_prompt,
    ),
    (
        "complete",
        in_every,
        "CompleteRequest",
        offers::completes_of_a_prompt,
    ),
    (
        "complete-resource",
        in_every,
        "CompleteRequest",
        offers::completes_of_a_template,
    ),
    (
        "listen",
        in_modern,
        "SubscriptionsListenRequest",
        offers::listens,
    ),
    (
        "roots-changed",
        in_legacy,
        "RootsListChangedNotification",
        offers::has_other_roots,
    ),
    (
        "progress",
        in_legacy,
        "ProgressNotification",
        offers::tells_progress,
    ),
    ("batch", in_batching, "JSONRPCMessage", sends_several),
];

#[test]
fn every_frame_means_what_its_sender_meant() {
    for (name, sent_in, _, means) in RECEIVED {
        for revision in revisions(*sent_in) {
            means(revision, &frame(revision, name));
        }
    }
}

#[test]
fn every_frame_fits_the_schema_of_its_revision() {
    for revision in Revision::ALL {
        let definitions = Definitions::of(revision);
        for (name, sent_in, definition, _) in RECEIVED {
            if sent_in(revision) {
                let frame = value(frame(revision, name));
                definitions.require("JSONRPCMessage", &frame);
                definitions.require(definition, &frame);
            }
        }
    }
}

#[test]
fn every_frozen_frame_is_listed() {
    for revision in Revision::ALL {
        let files: BTreeSet<String> = names(&format!("{revision}/received")).into_iter().collect();
        let listed = RECEIVED
            .iter()
            .filter(|(_, sent_in, ..)| sent_in(revision))
            .map(|(name, ..)| format!("{name}.json"));
        assert_eq!(files, listed.collect(), "{revision}");
    }
}

#[test]
fn methods_of_the_other_era_are_not_found() {
    let newest_legacy = Codec::new(Revision::NEWEST_LEGACY);
    let modern = Codec::new(Revision::V2026_07_28);
    let cases = [
        (modern, Revision::NEWEST_LEGACY, "ping"),
        (modern, Revision::NEWEST_LEGACY, "set-level"),
        (modern, Revision::NEWEST_LEGACY, "initialize"),
        (modern, Revision::NEWEST_LEGACY, "subscribe"),
        (modern, Revision::NEWEST_LEGACY, "unsubscribe"),
        (newest_legacy, Revision::V2026_07_28, "discover"),
        (newest_legacy, Revision::V2026_07_28, "listen"),
    ];
    for (codec, revision, name) in cases {
        let frame = frame(revision, name);
        let request = request(&frame);
        let answer = codec.decode(&request);
        assert!(
            matches!(&answer, Err(Error::MethodNotFound { method }) if *method == request.method),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn a_meta_is_an_object_or_nothing() {
    let read = |meta: &str| {
        let frame = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#
        );
        RequestMeta::read(&request(&frame)).map(|meta| meta.protocol_version.is_some())
    };
    assert_eq!(
        read(r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#),
        Ok(true)
    );
    assert_eq!(read("{}"), Ok(false));
    assert_eq!(read("null"), Ok(false));
    for wrong in [r#"["2026-07-28"]"#, r#""2026-07-28""#, "1", "true"] {
        assert!(
            matches!(read(wrong), Err(Error::InvalidParams { .. })),
            "{wrong}"
        );
    }
}

fn in_every(_: Revision) -> bool {
    true
}

fn in_legacy(revision: Revision) -> bool {
    revision.era() == Era::Legacy
}

fn in_modern(revision: Revision) -> bool {
    revision.era() == Era::Modern
}

fn in_batching(revision: Revision) -> bool {
    revision.rules().accepts_batches
}

fn revisions(sent_in: fn(Revision) -> bool) -> impl Iterator<Item = Revision> {
    let mut revisions = Revision::ALL
        .into_iter()
        .filter(move |revision| sent_in(*revision))
        .peekable();
    assert!(revisions.peek().is_some(), "some client sends it");
    revisions
}

fn frame(revision: Revision, name: &str) -> String {
    text(&format!("{revision}/received/{name}.json"))
}

/// The call in `request`, and who makes it: in the legacy era, by its session.
fn decode<'a>(revision: Revision, request: &Request<'a>) -> (Call<'a>, Caller) {
    let call = Codec::new(revision).decode(request).expect("a call");
    let meta = RequestMeta::read(request).expect("a `_meta`");
    if in_legacy(revision) {
        assert_eq!(
            meta.protocol_version, None,
            "nothing makes it a modern request"
        );
        let mut caller = Caller::default();
        caller.progress_token = meta.progress_token;
        return (call, caller);
    }
    assert_eq!(modern::revision(&meta), Ok(revision));
    (call, modern::caller(meta).expect("a caller"))
}

fn opens_a_session(revision: Revision, frame: &str) {
    let request = request(frame);
    assert_eq!(request.method, legacy::INITIALIZE);
    let initialize = legacy::decode_initialize(&request).expect("an `initialize`");
    assert_eq!(initialize.requested, revision.as_str());
    let sent = value(frame);
    let sent = &sent["params"];
    assert_eq!(
        serde_json::to_value(&initialize.client).ok().as_ref(),
        sent.get("clientInfo")
    );
    assert_eq!(
        serde_json::to_value(&initialize.capabilities).ok().as_ref(),
        sent.get("capabilities")
    );
    let session = Session::Fresh
        .open(initialize)
        .expect("a fresh session opens");
    assert_eq!(session.revision(), revision);
}

fn is_ready(_: Revision, frame: &str) {
    let notification = notification(frame);
    assert_eq!(notification.method, legacy::INITIALIZED);
    assert!(notification.params.is_none());
}

fn asks_what_there_is(revision: Revision, frame: &str) {
    let request = request(frame);
    assert_eq!(request.id, RequestId::from("d-1"));
    let (call, caller) = decode(revision, &request);
    assert!(matches!(call, Call::Discover));
    let sent = value(frame);
    let sent = &sent["params"]["_meta"];
    let client = serde_json::to_value(&caller.client).expect("JSON");
    assert_eq!(client, sent["io.modelcontextprotocol/clientInfo"]);
    let capabilities = serde_json::to_value(&caller.capabilities).expect("JSON");
    assert_eq!(
        capabilities,
        sent["io.modelcontextprotocol/clientCapabilities"]
    );
    assert_eq!((caller.log_level, caller.progress_token), (None, None));
}

fn pings(revision: Revision, frame: &str) {
    let request = request(frame);
    assert_eq!(request.id, RequestId::from("ping-1"));
    assert!(matches!(decode(revision, &request).0, Call::Ping));
}

fn sets_the_level(revision: Revision, frame: &str) {
    let call = decode(revision, &request(frame)).0;
    assert!(
        matches!(call, Call::SetLogLevel(LogLevel::Warning)),
        "{call:?}"
    );
}

fn cancels(_: Revision, frame: &str) {
    let notification = notification(frame);
    assert_eq!(notification.method, legacy::CANCELLED);
    assert_eq!(
        legacy::cancelled_request(&notification),
        Some(RequestId::from(3))
    );
}

fn sends_several(revision: Revision, frame: &str) {
    let Ok(Incoming::Batch(items)) = Incoming::parse(frame.as_bytes()) else {
        panic!("no batch: {frame}");
    };
    let [
        Ok(Message::Request(ping)),
        Ok(Message::Notification(cancelled)),
        Ok(Message::Request(list)),
    ] = items.as_slice()
    else {
        panic!("not these three: {items:?}");
    };
    assert!(matches!(decode(revision, ping).0, Call::Ping));
    assert_eq!(
        legacy::cancelled_request(cancelled),
        Some(RequestId::from("9f0c-é"))
    );
    assert!(matches!(
        decode(revision, list).0,
        Call::ListTools { cursor: None }
    ));
    assert_eq!(
        (&ping.id, &list.id),
        (&RequestId::from(5), &RequestId::from(6))
    );
}

/// The notification in `frame`.
fn notification(frame: &str) -> Notification<'_> {
    match message(frame) {
        Message::Notification(notification) => notification,
        other => panic!("no notification: {other:?}"),
    }
}

//! What reading a frame takes: at no moment more than a small multiple of the frame itself.

use std::fmt::Write as _;

use midfield_protocol::jsonrpc::{Incoming, Message};
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Error, Revision};

use crate::support::request;

/// Length of the frames, about; bytes.
const LENGTH: usize = 1 << 18;

/// What small things may take beside what grows with the frame; bytes.
const BASE: u64 = 16 << 10;

/// Longest text of capabilities that is read; bytes.
const MAX_CAPABILITIES: usize = 16 << 10;

/// Most that reading `frame` holds at one time, in bytes: everything that is read of it in any revision.
fn peak(frame: &[u8]) -> u64 {
    allocation_counter::measure(|| {
        let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(frame) else {
            return;
        };
        for revision in [Revision::NEWEST_LEGACY, Revision::V2026_07_28] {
            drop(Codec::new(revision).decode(&request));
        }
        drop(legacy::decode_initialize(&request));
        drop(RequestMeta::read(&request).map(modern::caller));
    })
    .bytes_max
}

/// `piece` over and over, `LENGTH` bytes of it.
fn filled(piece: &str) -> String {
    piece.repeat(LENGTH / piece.len())
}

fn request_of(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// An object of as many members as possible, each with this value.
fn members_of(member: &str) -> String {
    let mut members = String::from("{");
    while members.len() < LENGTH {
        let _ = write!(members, r#""{:x}":{member},"#, members.len());
    }
    let _ = write!(members, r#""z":{member}}}"#);
    members
}

/// Frames about prompts, completions and subscriptions that are mostly one thing, by what that is.
fn frames_of_offers() -> Vec<(&'static str, String)> {
    let request = |method: &str, params: String| request_of(method, &params);
    let texts = members_of("\"\"");
    vec![
        (
            "arguments of a prompt",
            request(
                "prompts/get",
                format!(r#"{{"name":"p","arguments":{texts}}}"#),
            ),
        ),
        (
            "the context of a completion",
            request(
                "completion/complete",
                format!(
                    r#"{{"ref":{{"type":"ref/prompt","name":"p"}},"argument":{{"name":"a","value":""}},"context":{{"arguments":{texts}}}}}"#
                ),
            ),
        ),
        (
            "a subscription",
            request(
                "subscriptions/listen",
                format!(
                    r#"{{"notifications":{{"resourceSubscriptions":[{}""]}}}}"#,
                    filled("\"\",")
                ),
            ),
        ),
        (
            "answers that a client brings back",
            request(
                "tools/call",
                format!(r#"{{"name":"t","inputResponses":{texts}}}"#),
            ),
        ),
    ]
}

/// Frames that are mostly one thing, by what that is.
fn frames() -> Vec<(&'static str, String)> {
    let request = |method: &str, params: String| request_of(method, &params);
    let set_level = |piece| {
        request(
            "logging/setLevel",
            format!(r#"{{"level":"{}"}}"#, filled(piece)),
        )
    };
    let list = |piece: &str| format!("[{}0]", filled(piece));
    let members = members_of("0");
    vec![
        ("a string", format!("\"{}\"", filled("a"))),
        (
            "a string of control characters",
            format!("\"{}\"", filled("\u{200b}")),
        ),
        ("white space", filled(" ")),
        ("opening brackets", filled("[")),
        ("no JSON", filled("{\"")),
        ("a batch of nothing", list("0,")),
        (
            "a batch of empty objects",
            format!("[{}{{}}]", filled("{},")),
        ),
        (
            "a batch of messages",
            list(r#"{"jsonrpc":"2.0","id":1,"method":"m"},"#),
        ),
        ("members that nobody knows", members.clone()),
        (
            "an id",
            format!(
                r#"{{"jsonrpc":"2.0","method":"m","id":"{}"}}"#,
                filled("\\n")
            ),
        ),
        ("a method", request(&filled("m"), "{}".into())),
        (
            "a method of escapes",
            request(&filled("\\u0041"), "{}".into()),
        ),
        ("parameters", request("tools/list", members.clone())),
        (
            "arguments",
            request(
                "tools/call",
                format!(r#"{{"name":"t","arguments":{members}}}"#),
            ),
        ),
        (
            "a name",
            request("tools/call", format!(r#"{{"name":"{}"}}"#, filled("\\t"))),
        ),
        (
            "a name that is a list",
            request("tools/call", format!(r#"{{"name":{}}}"#, list("0,"))),
        ),
        (
            "a cursor",
            request("tools/list", format!(r#"{{"cursor":"{}"}}"#, filled("c"))),
        ),
        (
            "a `_meta`",
            request("tools/list", format!(r#"{{"_meta":{members}}}"#)),
        ),
        ("a level", set_level("x")),
        ("a level of invisible characters", set_level("\u{200b}")),
    ]
}

/// A session's and a request's beginning, by who says so with which capabilities.
fn introductions(capabilities: &str, client: &str) -> [String; 2] {
    [
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{capabilities},"clientInfo":{client}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{capabilities},"io.modelcontextprotocol/clientInfo":{client}}}}}}}"#
        ),
    ]
}

/// Capabilities of about `length` bytes that hold as many values as possible.
fn crowded(length: usize) -> String {
    let before = r#"{"experimental":{"a":{"b":["#;
    let after = "0]}}}";
    let room = length - before.len() - after.len();
    format!("{before}{}{after}", "0,".repeat(room / 2))
}

/// The frame's own text is not counted: it is the transport's. Nothing but strings is copied (1), a word
/// that is no level is repeated in the complaint (5, and 11 where it has to be escaped).
#[test]
fn reading_any_frame_takes_a_small_multiple_of_it() {
    for (what, frame) in frames().into_iter().chain(frames_of_offers()) {
        let peak = peak(frame.as_bytes());
        let length = u64::try_from(frame.len()).expect("a length");
        let factor = if what.starts_with("a level") { 12 } else { 1 };
        assert!(
            peak <= factor * length + BASE,
            "{what}: {peak} bytes for {length}"
        );
    }
}

/// Icons are kept as values: 80 bytes for each, at least 11 bytes of text, and as much again while their
/// list grows.
#[test]
fn a_client_with_many_icons_takes_a_small_multiple_of_its_text() {
    let icons = filled(r#"{"src":""},"#);
    let client = format!(r#"{{"name":"n","version":"1","icons":[{icons}{{"src":""}}]}}"#);
    for frame in introductions("{}", &client) {
        let peak = peak(frame.as_bytes());
        let length = u64::try_from(frame.len()).expect("a length");
        assert!(peak > length, "the icons are kept");
        assert!(peak <= 16 * length + BASE, "{peak} bytes for {length}");
    }
}

/// Settings of capabilities are kept as values too, which can take a hundred times their text: so there is
/// only so much of it.
#[test]
fn capabilities_take_no_more_than_two_mebibytes() {
    let client = r#"{"name":"n","version":"1"}"#;
    let distinct: Vec<String> = (0..1024).map(|key| format!(r#""{key:x}":{{}}"#)).collect();
    let many = format!(r#"{{"extensions":{{{}}}}}"#, distinct.join(","));
    for capabilities in [crowded(MAX_CAPABILITIES), many] {
        assert!(capabilities.len() <= MAX_CAPABILITIES);
        for frame in introductions(&capabilities, client) {
            let peak = peak(frame.as_bytes());
            assert!(peak > BASE, "the capabilities are kept");
            assert!(peak <= 2 << 20, "{peak} bytes for {}", frame.len());
        }
    }
    for frame in introductions(&crowded(LENGTH), client) {
        assert!(
            peak(frame.as_bytes()) < BASE,
            "what is too long is not read"
        );
    }
}

#[test]
fn capabilities_are_refused_from_the_first_byte_too_many() {
    let client = r#"{"name":"n","version":"1"}"#;
    let padding = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    for (length, accepted) in [(MAX_CAPABILITIES, true), (MAX_CAPABILITIES + 1, false)] {
        let [initialize, discover] = introductions(&padding(length), client);
        let opened = legacy::decode_initialize(&request(&initialize)).map(|_| ());
        let request = request(&discover);
        let asked = RequestMeta::read(&request)
            .and_then(modern::caller)
            .map(|_| ());
        for result in [opened, asked] {
            match result {
                Ok(()) => assert!(accepted, "{length}"),
                Err(Error::InvalidParams { detail }) => {
                    assert!(
                        !accepted && detail.contains("longer than 16384 bytes"),
                        "{detail}"
                    );
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

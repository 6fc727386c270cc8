//! What we write, frozen byte for byte for every revision, each message valid by the revision's schema and
//! without members that the revision does not know.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use midfield_protocol::jsonrpc::{Incoming, RequestId};
use midfield_protocol::types::{Content, Progress, ProgressToken};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Answer, Revision};
use serde_json::Value;

use crate::messages::{Kind, Written, messages};
use crate::rich;
use crate::schemas::Definitions;
use crate::support::{fixture, names, text, value};

#[test]
fn what_is_written_stays_as_it_was_frozen() {
    let bless = env::var_os("MIDFIELD_BLESS").is_some_and(|value| value == "1");
    for revision in Revision::ALL {
        let folder = format!("{revision}/written");
        let messages = messages(revision);
        if bless {
            for Written { name, bytes, .. } in &messages {
                let line = [bytes.as_slice(), b"\n"].concat();
                let place = fixture(&format!("{folder}/{name}.json"));
                fs::write(&place, line)
                    .unwrap_or_else(|error| panic!("{}: {error}", place.display()));
            }
        }
        let files: BTreeSet<String> = names(&folder).into_iter().collect();
        let written = messages
            .iter()
            .map(|message| format!("{}.json", message.name));
        assert_eq!(
            files,
            written.collect(),
            "{revision}: MIDFIELD_BLESS=1 writes what is missing"
        );
        for Written { name, bytes, .. } in &messages {
            let frozen = text(&format!("{folder}/{name}.json"));
            let written = String::from_utf8(bytes.clone()).expect("UTF-8");
            assert_eq!(
                Some(written.as_str()),
                frozen.strip_suffix('\n'),
                "{revision} {name}"
            );
        }
    }
    assert!(
        !bless,
        "blessed what is written now: read the difference and run again without"
    );
}

#[test]
fn what_is_written_fits_the_schema_of_its_revision() {
    for revision in Revision::ALL {
        let definitions = Definitions::of(revision);
        for message in messages(revision) {
            for (definition, part) in parts(&definitions, &message) {
                definitions.require(&definition, &part);
            }
        }
    }
}

#[test]
fn what_is_written_has_no_member_that_its_revision_lacks() {
    for revision in Revision::ALL {
        let definitions = Definitions::of(revision);
        for message in messages(revision) {
            for (definition, part) in parts(&definitions, &message) {
                let mut unknown = definitions.unknown(&definition, &part);
                if definition == "InitializeResult" {
                    // Extensions are negotiated in every revision whose peers know them; the rest
                    // ignores what it does not know
                    // (https://modelcontextprotocol.io/seps/2133-extensions#negotiation).
                    unknown.retain(|path| path != "InitializeResult/capabilities/extensions");
                }
                assert!(
                    unknown.is_empty(),
                    "{revision} {}: {unknown:#?}",
                    message.name
                );
            }
        }
    }
}

/// Before 2025-11-25 the schemas require an id of every error, and none may be null: there is no valid way
/// to tell a peer that its request could not be read. We write what became valid later.
#[test]
fn an_error_without_an_id_has_no_valid_form_before_2025_11_25() {
    for revision in Revision::ALL {
        let definitions = Definitions::of(revision);
        let validator = definitions.validator("JSONRPCMessage");
        let without_id = messages(revision)
            .into_iter()
            .find(|message| matches!(message.kind, Kind::ErrorWithoutId))
            .expect("such an error is written in every revision");
        let mut error = value(&without_id.bytes);
        let valid = revision >= Revision::V2025_11_25;
        assert_eq!(validator.is_valid(&error), valid, "{revision}");
        error["id"] = Value::Null;
        assert!(!validator.is_valid(&error), "{revision}");
    }
}

#[test]
fn a_number_that_json_lacks_is_an_error_and_not_null() {
    let token = ProgressToken(RequestId::from(1));
    let codec = Codec::new(Revision::NEWEST_LEGACY);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(wire::progress(codec, &token, &Progress::new(number)).is_err());
        assert!(wire::progress(codec, &token, &Progress::new(0.0).total(number)).is_err());
        let mut result = rich::content();
        let Some(Content::Text(text)) = result.content.first_mut() else {
            panic!("the first content is text");
        };
        text.annotations.get_or_insert_default().priority = Some(number);
        let answer = Answer::Tool(result);
        assert!(
            rich::server()
                .answer(codec, &RequestId::from(1), &answer)
                .is_err()
        );
    }
}

#[test]
fn what_is_written_is_read_back_as_a_message() {
    for revision in Revision::ALL {
        for message in messages(revision) {
            let read = Incoming::parse(&message.bytes);
            assert!(
                matches!(read, Ok(Incoming::Single(_))),
                "{revision} {}",
                message.name
            );
            assert!(!message.bytes.contains(&b'\n'), "one message is one line");
        }
    }
}

/// The definitions that `message` has to fit, each with the part of it that is meant.
fn parts(definitions: &Definitions, message: &Written) -> Vec<(String, Value)> {
    let whole = value(&message.bytes);
    let one_of = |names: [&str; 2]| {
        let name = names.into_iter().find(|name| definitions.has(name));
        name.expect("one of the two").to_owned()
    };
    let any = ("JSONRPCMessage".to_owned(), whole.clone());
    match message.kind {
        Kind::Result(definition) => {
            let envelope = one_of(["JSONRPCResultResponse", "JSONRPCResponse"]);
            let mut parts = vec![
                any,
                (envelope, whole.clone()),
                (definition.to_owned(), whole["result"].clone()),
            ];
            let response = format!("{definition}Response");
            if definitions.has(&response) {
                parts.push((response, whole));
            }
            parts
        }
        Kind::Error(definition) => {
            let envelope = one_of(["JSONRPCErrorResponse", "JSONRPCError"]);
            let mut parts = vec![any, (envelope, whole.clone())];
            if let Some(definition) = definition.filter(|name| definitions.has(name)) {
                // The schema has some as messages and some as the object inside.
                let inner = definitions.get(definition)["properties"]
                    .get("code")
                    .is_some();
                let part = if inner { whole["error"].clone() } else { whole };
                parts.push((definition.to_owned(), part));
            }
            parts
        }
        Kind::ErrorWithoutId => Vec::new(),
        Kind::Request(definition) | Kind::Notification(definition) => {
            let envelope = match message.kind {
                Kind::Request(_) => "JSONRPCRequest",
                _ => "JSONRPCNotification",
            };
            let mut own = whole.clone();
            // The older schemas leave the envelope to a definition of its own.
            if !definitions.names(definition, "jsonrpc") {
                let members = own.as_object_mut().expect("an object");
                members.shift_remove("jsonrpc");
                members.shift_remove("id");
            }
            vec![
                any,
                (envelope.to_owned(), whole),
                (definition.to_owned(), own),
            ]
        }
    }
}

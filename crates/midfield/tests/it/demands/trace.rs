//! Requests that say which trace they belong to
//! ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use midfield::prelude::*;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::messages::{LEGACY, MODERN};
use crate::pipe::ask_one;

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of the span in which each event of a handler was told.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Option<Fields>>>>);

struct Reading(Fields);

impl Visit for Reading {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let mut reading = Reading(Fields::new());
        attributes.record(&mut reading);
        let span = context.span(id).expect("it is new");
        span.extensions_mut().insert(reading.0);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        if event.metadata().target() != HANDLER {
            return;
        }
        let fields = context
            .event_span(event)
            .and_then(|span| span.extensions().get::<Fields>().cloned());
        self.0.lock().expect("no panic").push(fields);
    }
}

const HANDLER: &str = "handler";

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

async fn work(cx: Context) -> String {
    tracing::info!(target: HANDLER, "before it waits");
    tokio::task::yield_now().await;
    tracing::info!(target: HANDLER, "after it has waited");
    let trace = cx.trace();
    let said = [
        trace.and_then(|trace| trace.traceparent()),
        trace.and_then(|trace| trace.tracestate()),
        trace.and_then(|trace| trace.baggage()),
    ];
    said.map(|value| value.unwrap_or("none")).join(" ")
}

#[tokio::test]
async fn the_span_of_a_call_is_in_the_trace_that_its_request_names() {
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::new("traced", "1").tool(Tool::new("work", work));
    let service = server.build().expect("a server");
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let meta = json!({"traceparent": traceparent, "tracestate": "a=1", "baggage": "k=v"});
        let params = json!({"name": "work", "_meta": meta});
        let answer = ask_one(&service, revision, "tools/call", params).await;
        let text = &answer["result"]["content"][0]["text"];
        assert_eq!(*text, format!("{traceparent} a=1 k=v"), "{revision}");
        let told = std::mem::take(&mut *recorder.0.lock().expect("no panic"));
        assert_eq!(told.len(), 2, "{revision}");
        for fields in told {
            let fields = fields.expect("a span");
            assert_eq!(fields["trace_id"], TRACE, "{revision}");
            assert_eq!(fields["parent_id"], PARENT, "{revision}");
            assert_eq!(fields["subject"], "work", "{revision}");
        }
    }
}

#[tokio::test]
async fn what_is_no_trace_is_passed_on_to_nobody_and_the_call_is_answered() {
    let server = Server::new("traced", "1").tool(Tool::new("work", work));
    let service = server.build().expect("a server");
    for (meta, expected) in [
        (json!({}), "none none none"),
        (json!({"traceparent": 7, "baggage": []}), "none none none"),
        (json!({"tracestate": "a=1"}), "none none none"),
        (
            json!({"traceparent": format!("00-{}-{PARENT}-01", "0".repeat(32)), "baggage": "k=v"}),
            "none none k=v",
        ),
        (
            json!({"traceparent": format!("00-{}-{PARENT}-01", TRACE.to_uppercase())}),
            "none none none",
        ),
        (
            json!({"baggage": "k=v\r\nAuthorization: x"}),
            "none none none",
        ),
    ] {
        let params = json!({"name": "work", "_meta": meta});
        let answer = ask_one(&service, MODERN, "tools/call", params).await;
        assert_eq!(answer["result"]["content"][0]["text"], expected, "{meta}");
    }
}

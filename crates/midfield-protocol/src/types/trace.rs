//! Where a request stands in a distributed trace
//! ([SEP-414](https://modelcontextprotocol.io/seps/414-request-meta),
//! [W3C Trace Context](https://www.w3.org/TR/trace-context/)). Nothing here records a trace.

/// Longest `tracestate` that is kept, in bytes; longer ones are dropped.
const MAX_TRACESTATE: usize = 4 << 10;

/// Longest `baggage` that is kept, in bytes: as much as
/// [W3C Baggage](https://www.w3.org/TR/baggage/#limits) asks to be passed on.
const MAX_BAGGAGE: usize = 8 << 10;

/// Longest `traceparent` that is looked at; the one version that exists has 55 bytes.
const MAX_TRACEPARENT: usize = 512;

/// What the requestor says of the trace that its request belongs to. What is invalid or too long was
/// dropped, and never fails a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: Option<String>,
    tracestate: Option<String>,
    baggage: Option<String>,
}

impl TraceContext {
    /// What is valid of these values; `None` where nothing is. Without a valid `traceparent` there is no
    /// `tracestate`.
    pub fn read(
        traceparent: Option<&str>,
        tracestate: Option<&str>,
        baggage: Option<&str>,
    ) -> Option<Self> {
        let kept = |value: Option<&str>, limit: usize| {
            value
                .filter(|value| !value.is_empty() && value.len() <= limit && is_header(value))
                .map(str::to_owned)
        };
        let traceparent = traceparent.filter(|value| is_traceparent(value));
        let tracestate = kept(tracestate.filter(|_| traceparent.is_some()), MAX_TRACESTATE);
        let baggage = kept(baggage, MAX_BAGGAGE);
        if traceparent.is_none() && baggage.is_none() {
            return None;
        }
        Some(Self {
            traceparent: traceparent.map(str::to_owned),
            tracestate,
            baggage,
        })
    }

    /// The value of the `traceparent` header.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// The value of the `tracestate` header.
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// The value of the `baggage` header.
    pub fn baggage(&self) -> Option<&str> {
        self.baggage.as_deref()
    }

    /// The trace: 32 hexadecimal digits, not all of them zero.
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.get(3..35)
    }

    /// The span that the request was sent in: 16 hexadecimal digits, not all of them zero.
    pub fn parent_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.get(36..52)
    }

    /// Whether the requestor may record the trace.
    pub fn is_sampled(&self) -> bool {
        self.traceparent
            .as_deref()
            .and_then(|value| value.get(53..55))
            .and_then(|flags| u8::from_str_radix(flags, 16).ok())
            .is_some_and(|flags| flags & 1 == 1)
    }
}

/// Whether `value` is a `traceparent`: `version-trace-parent-flags` in lower-case hexadecimal digits. Later
/// versions may add fields, the first has none
/// ([W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header-field-values)).
fn is_traceparent(value: &str) -> bool {
    if value.len() > MAX_TRACEPARENT || !is_header(value) {
        return false;
    }
    let mut fields = value.splitn(5, '-');
    let mut field = |length: usize| {
        fields.next().filter(|field| {
            field.len() == length
                && field
                    .bytes()
                    .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let (Some(version), Some(trace), Some(parent), Some(_)) =
        (field(2), field(32), field(16), field(2))
    else {
        return false;
    };
    let is_zero = |id: &str| id.bytes().all(|digit| digit == b'0');
    version != "ff"
        && !is_zero(trace)
        && !is_zero(parent)
        && (version != "00" || fields.next().is_none())
}

/// Whether `value` can stand in a header as it is.
fn is_header(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_read_in_its_parts() {
        let trace = TraceContext::read(Some(PARENT), Some("a=1"), Some("b=2")).expect("a trace");
        assert_eq!(trace.trace_id(), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(trace.parent_id(), Some("00f067aa0ba902b7"));
        assert!(trace.is_sampled());
        assert_eq!(trace.tracestate(), Some("a=1"));
        assert_eq!(trace.baggage(), Some("b=2"));
    }

    #[test]
    fn an_invalid_traceparent_is_dropped_with_its_tracestate() {
        let long = format!("01{}-{}", &PARENT[2..], "a".repeat(MAX_TRACEPARENT));
        let invalid = [
            "",
            "00",
            &PARENT.to_uppercase(),
            &format!("{PARENT}-"),
            &format!("{PARENT}-01"),
            &format!("ff{}", &PARENT[2..]),
            &format!("01{}x", &PARENT[2..]),
            &format!(" {PARENT}"),
            &PARENT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace("0af7", "0\u{e9}7"),
            &long,
        ];
        for traceparent in invalid {
            assert_eq!(
                TraceContext::read(Some(traceparent), Some("a=1"), None),
                None,
                "{traceparent}"
            );
            let with_baggage = TraceContext::read(Some(traceparent), Some("a=1"), Some("b=2"));
            let with_baggage = with_baggage.expect("the baggage stays");
            assert_eq!(with_baggage.trace_id(), None);
            assert_eq!(with_baggage.tracestate(), None);
        }
    }

    #[test]
    fn a_later_version_may_add_fields() {
        let later = format!("01{}-more", &PARENT[2..]);
        let trace = TraceContext::read(Some(&later), None, None).expect("a trace");
        assert_eq!(trace.parent_id(), Some("00f067aa0ba902b7"));
    }

    #[test]
    fn what_is_too_long_or_no_header_is_dropped() {
        let long = "b".repeat(MAX_BAGGAGE + 1);
        assert_eq!(TraceContext::read(None, None, Some(&long)), None);
        assert_eq!(TraceContext::read(None, None, Some("a=1\r\nx: y")), None);
        let state = "s".repeat(MAX_TRACESTATE + 1);
        let trace = TraceContext::read(Some(PARENT), Some(&state), None).expect("a trace");
        assert_eq!(trace.tracestate(), None);
    }
}

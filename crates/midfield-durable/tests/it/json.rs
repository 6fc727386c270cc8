//! Journals as JSON, written by us and by others.

use std::time::Duration;

use midfield_durable::{Asked, Digest, Execution, Journal, Key, Kind, Refusal, Reply};
use proptest::prelude::*;

use crate::{elicit, poll_once, raw, step};

#[tokio::test(start_paused = true)]
async fn a_journal_is_compact_json() {
    let execution = Execution::new();
    assert_eq!(serde_json::to_string(&execution.journal()).unwrap(), "[]");
    step(&execution, "count", 3).await;
    let failing = async |_| Err::<(), _>("out of paper");
    let retry = midfield_durable::Retry::once();
    execution.step("print", &retry, failing).await.unwrap_err();
    let mut asking = Box::pin(elicit(&execution, "count", "How many?"));
    assert!(poll_once(asking.as_mut()).await.is_pending());
    let refusal = Refusal {
        code: -1,
        message: "no".to_owned(),
    };
    execution
        .answer("count#2", Reply::Refused(refusal.clone()))
        .unwrap();
    assert_eq!(asking.await, Err(refusal));
    let journal = execution.journal();
    let step = Digest::of(Kind::Step, &raw(&()));
    let question = Digest::of(Kind::Elicitation, &raw("How many?"));
    let expected = format!(
        r#"[["count","step","{step}",1,{{"done":3}}],["print","step","{step}",2,{{"failed":{{"message":"out of paper"}}}}],["count#2","elicitation","{question}",3,{{"failed":{{"code":-1,"message":"no"}}}}]]"#
    );
    assert_eq!(serde_json::to_string(&journal).unwrap(), expected);
    assert_eq!(journal.size(), expected.len());
    assert_eq!(serde_json::from_str::<Journal>(&expected).unwrap(), journal);
    assert_eq!(format!("{journal:?}"), "Journal { entries: 3 }");
}

#[test]
fn a_digest_changes_with_kind_and_request_and_with_nothing_else() {
    let digest = Digest::of(Kind::Step, &raw("x"));
    assert_eq!(digest, Digest::of(Kind::Step, &raw("x")));
    assert_ne!(digest, Digest::of(Kind::Call, &raw("x")));
    assert_ne!(digest, Digest::of(Kind::Step, &raw("y")));
    assert_eq!(digest.to_string().len(), 22);
}

#[test]
fn there_is_one_text_for_each_key() {
    for text in ["confirm", "confirm#2", "confirm#4294967295", "a b/ü"] {
        let key: Key = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
    }
    for text in [
        "",
        "#2",
        "a#",
        "a#0",
        "a#1",
        "a#02",
        "a#+2",
        "a#2#3",
        "a#4294967296",
        "a#b",
    ] {
        assert!(text.parse::<Key>().is_err(), "{text}");
    }
}

#[test]
fn a_journal_that_no_execution_writes_is_refused() {
    let digest = Digest::of(Kind::Step, &raw(&()));
    let good = format!(r#"["a","step","{digest}",1,{{"done":1}}]"#);
    assert!(serde_json::from_str::<Journal>(&format!("[{good}]")).is_ok());
    for bad in [
        format!("[{good},{good}]"),
        format!("[{}]", good.replace("step", "stop")),
        format!("[{}]", good.replace("\"a\"", "\"a#1\"")),
        format!("[{}]", good.replace("done", "gone")),
        format!("[{}]", good.replace(&digest.to_string(), "AAAA")),
        format!("[{}]", good.replace(&digest.to_string(), &"A".repeat(2000))),
        "{}".to_owned(),
    ] {
        assert!(serde_json::from_str::<Journal>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn what_was_asked_is_short() {
    let digest = Digest::of(Kind::Roots, &raw(&()));
    let asked = Asked {
        key: "roots".to_owned(),
        digest,
        after: 2,
    };
    let text = serde_json::to_string(&asked).unwrap();
    assert_eq!(text, format!(r#"["roots","{digest}",2]"#));
    assert_eq!(serde_json::from_str::<Asked>(&text).unwrap(), asked);
}

/// Text that is a journal, or nearly.
fn nearly() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"a\"",
        "\"a#2\"",
        "\"step\"",
        "\"sleep\"",
        "\"AAAAAAAAAAAAAAAAAAAAAA\"",
        "\"done\"",
        "\"failed\"",
        "\"until\"",
        "\"message\"",
        "{\"done\":1}",
        "{\"until\":99}",
        "18446744073709551615",
        "null",
        "\u{fffd}",
    ]);
    let whole = prop::collection::vec(
        (
            "[ab](#[0-3])?",
            "(step|sleep|elicitation)",
            "A{21,22}",
            any::<u64>(),
            prop::sample::select(vec![
                r#"{"done":{}}"#,
                r#"{"until":18446744073709551615}"#,
                r#"{"failed":{"message":""}}"#,
            ]),
        ),
        0..6,
    )
    .prop_map(|entries| {
        let entries = entries.iter();
        let entries: Vec<String> = entries
            .map(|(key, kind, digest, after, outcome)| {
                format!(r#"["{key}","{kind}","{digest}",{after},{outcome}]"#)
            })
            .collect();
        format!("[{}]", entries.join(","))
    });
    prop_oneof![
        prop::collection::vec(text, 0..20).prop_map(|parts| parts.concat()),
        whole,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = serde_json::from_slice::<Journal>(&bytes);
        let _ = serde_json::from_slice::<Vec<Asked>>(&bytes);
    }

    #[test]
    fn what_can_be_read_is_written_the_same_and_can_be_run(text in nearly()) {
        let Ok(journal) = serde_json::from_str::<Journal>(&text) else {
            return Ok(());
        };
        let written = serde_json::to_string(&journal).unwrap();
        prop_assert_eq!(journal.size(), written.len());
        prop_assert_eq!(&serde_json::from_str::<Journal>(&written).unwrap(), &journal);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let execution = Execution::resume(journal.clone(), Vec::new(), std::collections::BTreeMap::default());
            prop_assert_eq!(execution.journal().len(), journal.len());
            let mut handler = Box::pin(async {
                execution.sleep("a", Duration::MAX).await;
                let _ = elicit(&execution, "a", "?").await;
            });
            let _ = poll_once(handler.as_mut()).await;
            prop_assert!(execution.failure().is_some() || execution.next_deadline().is_some());
            Ok(())
        })?;
    }
}

//! Lists that do not end.

use std::time::Duration;

use midfield::Client;
use midfield::client::Speak;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;

use super::{Double, ERAS, Said, assert_says, builder, is, memory, result, sane, still_works};

/// The page that a list is answered with, by what its request is and how many were asked for before.
type Paging = fn(&Value, usize) -> Value;

const CASES: &[(&str, Paging, &str)] = &[
    (
        "pages without end",
        |_, count| json!({"prompts": [], "nextCursor": count.to_string()}),
        "there are more than 10000 pages",
    ),
    (
        "a page that leads to itself",
        |_, _| json!({"prompts": [{"name": "a"}], "nextCursor": "again"}),
        "one of its pages leads back to itself",
    ),
    (
        "two pages that lead to each other",
        |_, count| json!({"prompts": [], "nextCursor": (count % 2).to_string()}),
        "one of its pages leads back to itself",
    ),
    (
        "the empty text as the cursor for ever",
        |_, _| json!({"prompts": [{"name": "a"}], "nextCursor": ""}),
        "one of its pages leads back to itself",
    ),
    (
        "10,001 items",
        |_, _| json!({"prompts": vec![json!({"name": "a"}); 10_001]}),
        "there are more than 10000 items, see `max_items`",
    ),
    (
        "items without end",
        |_, count| json!({"prompts": vec![json!({"name": "a"}); 100], "nextCursor": count.to_string()}),
        "there are more than 10000 items, see `max_items`",
    ),
];

#[tokio::test(start_paused = true)]
async fn the_list_of_skills_has_the_same_limits() {
    let fat = "x".repeat(5 << 20);
    let pages: [(Paging, &str); 2] = [
        (
            |_, _| json!({"nextCursor": "again"}),
            "leads back to itself",
        ),
        (
            |_, count| json!({"nextCursor": count.to_string()}),
            "its pages have more than",
        ),
    ];
    for (page, part) in pages {
        let (mut count, fat) = (0, fat.clone());
        let mut double = Double::of(Speak::Modern, move |message| {
            is(message, "skills/list").then(|| {
                count += 1;
                let mut page = page(message, count);
                page["resultType"] = json!("complete");
                page["skills"] = json!([]);
                page["fat"] = json!(fat);
                result(message, page)
            })
        });
        let client = double.client(Speak::Modern).await;
        let error = client.skills().await.expect_err("it does not end");
        assert_says(&error, &["`skills/list`", part]);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_ends_with_an_error_that_says_where() {
    for speak in ERAS {
        for (name, page, part) in CASES {
            let mut count = 0;
            let mut double = Double::of(speak, move |message| {
                is(message, "prompts/list").then(|| {
                    count += 1;
                    result(message, page(message, count))
                })
            });
            let client = double.client(speak).await;
            let error = client.prompts().await.expect_err(name);
            assert_says(
                &error,
                &["the list that `prompts/list` gives does not end", part],
            );
            still_works(&client).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_cursor_is_a_cursor_and_one_bad_item_does_not_take_the_others_with_it() {
    for speak in ERAS {
        let mut double = Double::of(speak, |message| {
            is(message, "prompts/list").then(|| match message["params"]["cursor"].as_str() {
                None => result(
                    message,
                    json!({"prompts": [{"name": "a"}, 5, {}], "nextCursor": ""}),
                ),
                Some("") => result(
                    message,
                    json!({"prompts": [{"name": "b"}], "nextCursor": null}),
                ),
                Some(_) => Said::new(),
            })
        });
        let client = double.client(speak).await;
        let prompts = client.prompts().await.expect("two prompts");
        let names: Vec<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_pages_come_slowly_ends_with_the_time_of_a_request() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (input, mut output) = tokio::io::split(theirs);
        let mut lines = BufReader::new(input).lines();
        let mut count = 0;
        while let Ok(Some(text)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            let said = if is(&message, "prompts/list") {
                tokio::time::sleep(Duration::from_secs(4)).await;
                count += 1;
                result(
                    &message,
                    json!({"prompts": [], "nextCursor": count.to_string()}),
                )
            } else {
                sane(Speak::Modern, &message)
            };
            if output.write_all(&said).await.is_err() {
                return;
            }
        }
    });
    let (input, output) = tokio::io::split(ours);
    let target = midfield::client::Target::pipe(input, output);
    let client = builder(Speak::Modern)
        .connect(target)
        .await
        .expect("a connection");
    let begun = tokio::time::Instant::now();
    let error = client.prompts().await.expect_err("no time");
    assert_says(
        &error,
        &[
            "`prompts/list`",
            "it was not over after 60 s, see `max_time`",
        ],
    );
    assert!(begun.elapsed() < Duration::from_secs(61));
    still_works(&client).await;
}

#[tokio::test(start_paused = true)]
async fn pages_of_megabytes_are_not_collected_without_end() {
    let before = memory();
    let mut count = 0;
    let mut double = Double::of(Speak::Modern, move |message| {
        is(message, "prompts/list").then(|| {
            count += 1;
            let cursor = format!("{count}{}", "c".repeat(8 << 20));
            result(message, json!({"prompts": [], "nextCursor": cursor}))
        })
    });
    let client: Client = double.client(Speak::Modern).await;
    let error = client.prompts().await.expect_err("too much");
    assert_says(&error, &["its pages have more than 67108864 bytes"]);
    still_works(&client).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < 400 << 20, "{grown}");
}

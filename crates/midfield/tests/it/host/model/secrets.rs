//! A key is in no log, no `Debug` and no error.

use std::error::Error;
use std::time::Duration;

use midfield::client::Sample as _;
use midfield::host::model::{ApiKey, Models, Provider, Retries, Timeouts};

use super::answers::{tools_stream, weather};
use super::fake::{Api, BOTH, Fake, KEY, Reply, STREAM};
use super::requests::{asker, request, text};
use crate::harness::soon;
use crate::log::Log;

/// What no output may have of the key.
const CANARY: &str = "cAnArY5ecret";

/// Providers that show the key wherever they can.
fn replies(api: Api) -> Vec<Reply> {
    let error = |kind: &str| {
        format!(r#"{{"error":{{"type":"{kind}","code":"{KEY}","message":"not {KEY}"}}}}"#)
    };
    let evil = format!(
        "data: {{\"type\":\"error\",\"error\":{{\"type\":\"{KEY}\",\"message\":\"{KEY}\"}}}}\n\n"
    );
    let location = format!("location: http://127.0.0.1:1/{KEY}\r\nx-key: {KEY}\r\n");
    let cut = format!("{STREAM}content-length: 9999\r\nx-key: {KEY}\r\n");
    vec![
        text(api),
        Reply::new("400 Bad Request", "", error("invalid_request_error")),
        Reply::new("400 Bad Request", "", error(KEY)),
        Reply::new("401 Unauthorized", "", error("authentication_error")),
        Reply::new("500 Oh", "", KEY),
        // Where a long text is cut, in the middle of the key.
        Reply::new("400 Bad Request", "", format!("{}{KEY}", "x".repeat(480))),
        Reply::new("307 Temporary Redirect", &location, KEY),
        Reply::new(
            "429 Too Many Requests",
            "retry-after: 0\r\n",
            error("rate_limit_error"),
        ),
        Reply::new("200 OK", &cut, &tools_stream(api)[..700]),
        Reply::stream(evil),
        Reply::stream(format!("data: {KEY}\n\n")),
        Reply::json(format!("{{\"{KEY}\": 1}}")),
        Reply::Bytes(format!("{KEY}\r\n\r\n").into()),
        Reply::Bytes(Vec::new()),
        Reply::Stuck(Vec::new()),
    ]
}

fn retries() -> Retries {
    Retries::new().backoff(Duration::from_millis(1), Duration::from_millis(1))
}

#[tokio::test]
async fn a_key_is_in_no_log_no_debug_and_no_error() {
    let (log, _guard) = Log::start();
    let mut told = Vec::new();
    for api in BOTH {
        for reply in replies(api) {
            let fake = Fake::start(api, [reply]).await;
            let timeouts = Timeouts::new().first_byte(Duration::from_millis(200));
            let models: Models = fake.hasty(timeouts).retries(retries());
            told.push(format!("{models:?}"));
            let answer = soon(models.sample(request(weather()), asker())).await;
            told.push(format!("{answer:?}"));
            // It was sent all the same.
            assert!(!fake.asked().is_empty());
        }
        let fake = Fake::start(api, [text(api)]).await;
        told.push(format!("{:?}", fake.provider()));
    }
    for bad in [
        format!("{KEY}\n{KEY}"),
        format!("{KEY} "),
        format!("é{KEY}"),
    ] {
        let made = ApiKey::new(&bad.into());
        told.push(format!("{made:?}"));
        if let Err(error) = made {
            told.extend(chain(&error));
        }
    }
    let key = ApiKey::new(&KEY.into()).expect("a key");
    for base in [
        format!("http://{KEY}@127.0.0.1/"),
        format!("https://models.test/?key={KEY}"),
        KEY.to_owned(),
    ] {
        let error = Provider::open_ai_at(&base, Some(key.clone())).expect_err("no address");
        told.extend(chain(&error));
    }
    told.push(format!("{key:?}"));
    for text in &told {
        assert!(!text.contains(CANARY), "{text}");
    }
    let log = log.text();
    // The log tells of the refusals.
    assert!(
        log.contains("a model's provider refuses") && log.contains("not [key]"),
        "{log}"
    );
    assert!(!log.contains(CANARY), "{log}");
}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut all = vec![format!("{error:?}"), error.to_string()];
    if let Some(source) = error.source() {
        all.extend(chain(source));
    }
    all
}

#[test]
fn a_key_comes_from_the_environment_or_is_missed_by_name() {
    let error = ApiKey::from_environment("MIDFIELD_NO_SUCH_KEY").expect_err("there is none");
    assert!(
        error
            .to_string()
            .contains("`MIDFIELD_NO_SUCH_KEY` holds no key")
    );
    // Cargo sets this one for tests; any text without blanks will do.
    let name = ApiKey::from_environment("CARGO_PKG_NAME").expect("the name of the package");
    assert_eq!(format!("{name:?}"), "ApiKey([REDACTED])");
}

//! What the configuration says of good and bad files.

use midfield::server::{EngineOptions, Synchronous};
use midfield::types::TaskSupport;

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("midfield.toml"), text).map_err(|problems| problems.to_string())
}

/// Checks everything that is told of `text`, below a source that is as short as can be.
#[track_caller]
fn check(text: &str, told: &[&str]) {
    let problems = parse(text).map(|_| ()).unwrap_err();
    assert_eq!(problems.lines().collect::<Vec<_>>(), told, "{text}");
}

#[test]
fn a_short_file_takes_the_defaults() {
    let config = parse("[sources.lab]\nopenapi = \"lab.yaml\"\n").unwrap();
    assert_eq!(config.name, "midfield");
    assert_eq!(config.listen, DEFAULT_LISTEN);
    let [source] = config.sources.as_slice() else {
        panic!("one source")
    };
    assert_eq!(source.name, "lab");
    assert_eq!(source.document, Document::File("./lab.yaml".into()));
    assert_eq!(source.timeout.as_secs(), 30);
    assert_eq!(source.max_response, 8 << 20);
    assert_eq!(source.responses, Responses::Checked);
}

#[test]
fn a_full_file_is_read() {
    let config = parse(include_str!("full.toml")).unwrap();
    let source = &config.sources[0];
    assert_eq!(config.name, "full");
    assert_eq!(config.max_request, Some(1 << 20));
    assert_eq!(config.legacy_sse.as_deref(), Some("/sse"));
    assert_eq!(config.keys.as_deref(), Some(Path::new("./midfield.keys")));
    let [token] = config.tokens.as_slice() else {
        panic!("one token")
    };
    assert_eq!(token.identity.subject, "nightly@example.com");
    assert_eq!(token.identity.tenant.as_deref(), Some("oncology"));
    assert_eq!(source.timeout.as_secs(), 90);
    assert_eq!(
        source.start.as_ref().unwrap().arguments,
        ["service.py", "--port", "7421"]
    );
    assert_eq!(source.include.len(), 2);
    assert_eq!(source.exclude.len(), 1);
    assert_eq!(source.rename["listSamples"].value, "list_samples");
    assert_eq!(source.secrets.len(), 3);
    assert_eq!(source.jobs.max_duration.as_secs(), 7200);
    assert_eq!(source.jobs.poll_interval.min.as_millis(), 500);
    assert_eq!(source.jobs.allowed_origins.len(), 1);
    assert!(matches!(
        source.jobs.cancel,
        Cancel::Request(midfield_openapi::Method::Post, _)
    ));
    let assay = &source.operation_jobs["startAssay"].value;
    assert_eq!(assay.cancel, Cancel::None);
    assert_eq!(assay.follow, Follow::Always);
    assert_eq!(assay.status_url, source.jobs.status_url);
    assert_eq!(config.sources[1].responses, Responses::Unchecked);
    assert_eq!(config.audit.as_deref(), Some(Path::new("./audit.jsonl")));
    assert_eq!(config.metrics, "127.0.0.1:9464".parse().ok());
    let tasks = config.tasks.unwrap();
    let file = Path::new("./tasks.db").to_owned();
    assert_eq!(tasks.store, TaskStore::File(file, Synchronous::Normal));
    assert_eq!(tasks.options.lease.as_secs(), 10);
    assert_eq!(tasks.options.concurrency.get(), 100);
    assert_eq!(tasks.options.concurrency_per_owner.get(), 10);
    assert_eq!(tasks.options.unfinished_per_owner.get(), 500);
    assert_eq!(tasks.options.lifetime.as_secs(), 2 * 24 * 3_600);
    assert_eq!(tasks.options.max_lifetime.as_secs(), 10 * 24 * 3_600);
    assert_eq!(tasks.options.park_after.as_secs(), 5);
    assert_eq!(tasks.poll_interval.as_secs(), 2);
    assert_eq!(tasks.handles_after.map(|wait| wait.as_secs()), Some(60));
    assert_eq!(tasks.running_per_tool["lab_startAssay"].value.get(), 2);
    let support = |id: &str| source.task_support(Some(id), id);
    assert_eq!(support("startAssay"), Some(TaskSupport::Required));
    assert_eq!(support("listSamples"), Some(TaskSupport::Optional));
}

#[test]
fn tasks_take_the_defaults_of_the_engine() {
    let config = parse("[tasks]\nstore = \"memory\"\n[sources.lab]\nopenapi = \"a\"\n").unwrap();
    let tasks = config.tasks.unwrap();
    let (options, defaults) = (tasks.options, EngineOptions::default());
    assert_eq!(tasks.store, TaskStore::Memory);
    assert_eq!(options.lease, defaults.lease);
    assert_eq!(options.concurrency, defaults.concurrency);
    assert_eq!(options.lifetime, defaults.lifetime);
    assert_eq!(options.max_lifetime, defaults.max_lifetime);
    assert_eq!(config.sources[0].task_support(None, "x"), None);
}

#[test]
fn tasks_in_a_file_need_keys_in_a_file() {
    let keys = "`tasks` keeps tasks in a file, sealed by keys that end with the process: nobody could read them after a \
                restart; write `keys = \"midfield.keys\"` at the beginning of the configuration";
    let text = "[tasks]\nstore = \"tasks.db\"\n[sources.lab]\nopenapi = \"a\"\n";
    check(text, &[&format!("midfield.toml:1:1: {keys}")]);
    assert!(parse(&format!("keys = \"k\"\n{text}")).is_ok());
}

#[test]
fn what_is_said_of_tasks_is_checked() {
    check(
        "[tasks]\nstore = 3\nsynchronous = \"off\"\nlease = \"100ms\"\nmax_running = 0\nmax_unfinished = \"many\"\n\
         lifetime = \"20days\"\nmax_lifetime = \"10days\"\npoll_intervall = \"1s\"\nmax_running_per_tool = { a = -1 }\n\
         [audit]\n[metrics]\nlisten = \"9464\"\n[sources.lab]\nopenapi = \"a\"\ntasks = \"always\"\n",
        &[
            "midfield.toml:1:1: `tasks` has a `lifetime` that is longer than its `max_lifetime`",
            "midfield.toml:2:9: `store` takes a text in quotes",
            "midfield.toml:3:15: `synchronous` is either \"full\" or \"normal\"",
            "midfield.toml:4:9: `lease` takes a time from \"1s\" to \"1h\", such as \"5s\"",
            "midfield.toml:5:15: `max_running` takes a whole number without quotes, at least 1",
            "midfield.toml:6:18: `max_unfinished` takes a whole number without quotes, at least 1",
            "midfield.toml:9:1: unknown key `poll_intervall` in `tasks`; did you mean `poll_interval`?",
            "midfield.toml:10:30: `a` takes a whole number without quotes, at least 1",
            "midfield.toml:11:1: `audit` needs `file = \"audit.jsonl\"`: where what happens to tasks is noted",
            "midfield.toml:13:10: `listen` takes an address with its port, such as \"127.0.0.1:7420\" or \"[::1]:7420\"",
            "midfield.toml:16:9: `tasks` is one of \"forbidden\", \"optional\" and \"required\"",
        ],
    );
    check(
        "[tasks]\nstore = \"memory\"\nsynchronous = \"full\"\n[sources.lab]\nopenapi = \"a\"\n",
        &[
            "midfield.toml:1:1: `tasks` has `synchronous`, which is about a store in a file, and keeps tasks in memory",
        ],
    );
}

#[test]
fn tools_that_run_as_tasks_need_a_place_for_them() {
    let told = "calls can run as tasks only where these are kept: write `[tasks]` and below it `store = \"tasks.db\"` or \
                `store = \"memory\"`";
    let text = "[sources.lab]\nopenapi = \"a\"\noperation_tasks = { a = \"optional\" }\ntasks = \"forbidden\"\n";
    check(text, &[&format!("midfield.toml:3:25: {told}")]);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    check(
        "lisen = \"127.0.0.1:1\"\n[sources.lab]\nopenapi = \"a\"\n  base_ulr = \"http://a/\"\n",
        &[
            "midfield.toml:1:1: unknown key `lisen`; did you mean `listen`?",
            "midfield.toml:4:3: unknown key `base_ulr` in `sources.lab`; did you mean `base_url`?",
        ],
    );
}

#[test]
fn a_key_like_no_other_names_all_of_them() {
    check(
        "[sources.lab]\nopenapi = \"a\"\ninclude = { zzz = 1 }\n",
        &[
            "midfield.toml:3:11: `sources.lab.include` describes nothing: give it `tags`, `methods`, `paths` or `operations`",
            "midfield.toml:3:13: unknown key `zzz` in `sources.lab.include`; there are `tags`, `methods`, `paths`, `operations`",
        ],
    );
}

#[test]
fn a_value_that_does_not_fit_is_told_what_to_write() {
    check(
        "listen = \"7420\"\nmax_request = 5\nallow_origins = [\"https://a.example/x\"]\n\
         [sources.lab]\nopenapi = \"a\"\nbase_url = \"ftp://a\"\ntimeout = \"30\"\nresponses = \"loose\"\n\
         rename = { a = \"b c\" }\n",
        &[
            "midfield.toml:1:10: `listen` takes an address with its port, such as \"127.0.0.1:7420\" or \"[::1]:7420\"",
            "midfield.toml:2:15: `max_request` takes a text in quotes",
            "midfield.toml:3:18: `allow_origins` takes origins, such as \"https://app.example.com\", without a path",
            "midfield.toml:6:12: `base_url` takes a URL, such as \"https://api.example.com/v1\"",
            "midfield.toml:7:11: `timeout` takes a time with its unit, such as \"30s\" or \"5m\", up to \"1day\"",
            "midfield.toml:8:13: `responses` is either \"checked\" or \"unchecked\"",
            "midfield.toml:9:16: `a` takes the name of a tool: 1 to 128 of A-Z a-z 0-9 _ - .",
        ],
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let text = "[sources.lab]\nopenapi = \"a\"\nbase_url = \"https://user:canary-1@a.example/\"\n\
         [sources.lab.secrets]\napiKey = \"canary-2\"\nbasicAuth = { username = \"u\", password = \"canary-3\" }\n\
         other = { env = \"canary 4\" }\nnumber = 12345678\n";
    let told =
        "is a secret, which is never written here: use { env = \"NAME\" } or { file = \"PATH\" }";
    check(
        text,
        &[
            "midfield.toml:3:12: `base_url` takes a URL without user name and password: put them under `secrets`",
            &format!("midfield.toml:5:10: `apiKey` {told}"),
            &format!("midfield.toml:6:42: `password` {told}"),
            "midfield.toml:7:17: `env` takes the name of an environment variable, such as \"LAB_API_KEY\"",
            &format!("midfield.toml:8:10: `number` {told}"),
        ],
    );
}

#[test]
fn broken_toml_is_told_with_its_place_and_without_its_text() {
    let problems =
        parse("[sources.lab]\nopenapi = \"a\"\nsecrets = { apiKey = \"canary }\n").unwrap_err();
    assert!(problems.starts_with("midfield.toml:3:"), "{problems}");
    assert!(!problems.contains("canary"), "{problems}");
    assert_eq!(problems.lines().count(), 1, "{problems}");
}

#[test]
fn a_file_without_sources_says_how_to_write_one() {
    let told = "midfield.toml:1:1: there is no source: write `[sources.NAME]` and below it `openapi = \"FILE or URL\"`";
    check("", &[told]);
    check("[sources]\n", &[told]);
    check(
        "[sources.lab]\n",
        &[
            "midfield.toml:1:1: `sources.lab` needs `openapi = \"FILE or URL\"`: the document that describes the service",
        ],
    );
}

#[test]
fn a_command_is_a_list_and_needs_a_base_url() {
    check(
        "[sources.lab]\nopenapi = \"a\"\nstart = \"python3 service.py\"\nbase_url = \"http://a/\"\n",
        &[
            "midfield.toml:3:9: `start` runs without a shell: write a list, such as [\"python3\", \"service.py\"]",
        ],
    );
    check(
        "[sources.lab]\nopenapi = \"a\"\nstart = [\"service\"]\n",
        &[
            "midfield.toml:1:1: `sources.lab` has `start` without `base_url`: say at which URL the started service answers",
        ],
    );
}

#[test]
fn references_are_allowed_by_name_or_by_folder() {
    let config = parse(
        "[sources.lab]\nopenapi = \"a\"\nallow_references = [\"https://a.example/x.yaml\", \"https://b.example/c/\"]\n",
    )
    .unwrap();
    let allowed = &config.sources[0].allow_references;
    let allows = |text: &str| allowed.allow(&Url::parse(text).unwrap());
    assert!(allows("https://a.example/x.yaml#/components"));
    assert!(allows("https://b.example/c/d/e.yaml"));
    assert!(!allows("https://a.example/y.yaml"));
    assert!(!allows("https://b.example/c/../d.yaml"));
    assert!(!allows("http://b.example/c/d.yaml"));
    assert!(!allows("https://b.example.evil.example/c/d.yaml"));
}

#[test]
fn what_is_said_of_jobs_is_checked() {
    check(
        "[sources.lab]\nopenapi = \"a\"\n[sources.lab.jobs]\nfollow = \"sometimes\"\nstatus_url = \"jobs/{id}\"\n\
         cancel = \"STOP /x\"\npoll_interval = { min = \"5s\", max = \"1s\" }\nidempotency_header = \"a b\"\n\
         allowed_origins = [\"https://a.example/x\"]\nstate = \"status\"\n\
         [sources.lab.jobs.operations.bake]\nstat = \"/x\"\n",
        &[
            "midfield.toml:4:10: `follow` is one of \"documented\", \"always\" and \"never\"",
            "midfield.toml:5:14: `status_url` takes a path behind `base_url` or a URL, with `{id}` or an argument's name in braces: \"/jobs/{id}\"",
            "midfield.toml:6:10: `cancel` is \"delete\", \"none\", or a request, such as \"POST /jobs/{id}/cancel\"",
            "midfield.toml:7:17: `sources.lab.jobs.poll_interval` has a `min` that is longer than its `max`",
            "midfield.toml:8:22: `idempotency_header` takes the name of a header, such as \"Idempotency-Key\"",
            "midfield.toml:9:20: `allowed_origins` takes origins, such as \"https://files.example.com\", without a path",
            "midfield.toml:10:9: `state` takes JSON pointers, such as [\"/job/state\"]",
            "midfield.toml:12:1: unknown key `stat` in `sources.lab.jobs.operations.bake`; did you mean `state`?",
        ],
    );
}

#[test]
fn a_token_is_never_written_in_the_file() {
    check(
        "[tokens.ada]\ntoken = \"secret\"\n[sources.lab]\nopenapi = \"a\"\n",
        &[
            "midfield.toml:2:9: `token` is a secret, which is never written here: use { env = \"NAME\" } or { file = \"PATH\" }",
        ],
    );
    check(
        "legacy_sse = \"/mcp\"\n[sources.lab]\nopenapi = \"a\"\n",
        &["midfield.toml:1:14: `legacy_sse` takes a path other than /mcp, such as \"/sse\""],
    );
}

#[test]
fn every_key_is_documented() {
    let documentation = include_str!("../../../../docs/configuration.md");
    let mut documented = 0;
    for line in include_str!("full.toml").lines() {
        let Some((key, _)) = line.split_once(" = ") else {
            continue;
        };
        // Below `secrets` the keys are the document's.
        if key.starts_with("apiKey") || key.starts_with("token") || key.starts_with("basicAuth") {
            continue;
        }
        assert!(documentation.contains(&format!("| `{key}` |")), "{key}");
        documented += 1;
    }
    assert!(documented >= 20, "{documented}");
}

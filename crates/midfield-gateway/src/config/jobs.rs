//! Jobs: work that a service takes up with `202 Accepted` and finishes later.

use std::time::Duration;

use midfield_openapi::{JobRules, Method, Pointer, UrlTemplate};
use reqwest::header::HeaderName;
use url::Url;

use super::place::Placed;
use super::quantity;
use super::table::{Misfit, Table};
use super::{Map, http_url};

/// How the jobs of one operation, or of all of a source, are followed.
#[derive(Clone, Debug)]
pub(crate) struct Jobs {
    /// Which operations' jobs are followed. Default: those whose document names the answer 202.
    pub(crate) follow: Follow,
    /// Where the state of a job is told. Default: where the first answer says.
    pub(crate) status_url: Option<UrlTemplate>,
    /// Where the result of a job is. Default: where the last answer says, or the last answer.
    pub(crate) result_url: Option<UrlTemplate>,
    /// How a job is cancelled. Default: see [`Cancel::default`].
    pub(crate) cancel: Cancel,
    /// Where a state stands and which words it is told by.
    pub(crate) rules: JobRules,
    /// How often a job is asked about.
    pub(crate) poll_interval: Interval,
    /// Longest time of a job, from the answer that began it. Default: 24 h.
    pub(crate) max_duration: Duration,
    /// The header that carries a key by which the service knows a request that it had before. Default: none.
    pub(crate) idempotency_header: Option<HeaderName>,
    /// Origins, beside the service's own, that a job may lead to. No secret goes there. Default: none.
    pub(crate) allowed_origins: Vec<url::Origin>,
}

/// Which operations' jobs are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Those whose document names the answer 202, or that have a table of their own.
    #[default]
    Documented,
    /// Those of any operation that answers 202.
    Always,
    /// None: a 202 is passed on as any answer.
    Never,
}

/// How a job is cancelled.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cancel {
    /// By `DELETE` on the URL of its state, where a `POST` began it and that URL is not the request's own. What
    /// other methods lead to may have been there before, and would be deleted.
    #[default]
    DeleteWhatPostMade,
    /// By `DELETE` on the URL of its state.
    Delete,
    /// By another request.
    Request(Method, UrlTemplate),
    /// Not at all.
    None,
}

/// How often a job is asked about: each pause is longer than the one before, from `min` to `max`, and none is
/// shorter than the service says by `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// The first pause. Default: 1 s.
    pub(crate) min: Duration,
    /// The longest pause. Default: 30 s.
    pub(crate) max: Duration,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            follow: Follow::default(),
            status_url: None,
            result_url: None,
            cancel: Cancel::default(),
            rules: JobRules::default(),
            poll_interval: Interval {
                min: Duration::from_secs(1),
                max: Duration::from_secs(30),
            },
            max_duration: Duration::from_hours(24),
            idempotency_header: None,
            allowed_origins: Vec::new(),
        }
    }
}

/// Reads the table of a source's jobs: what holds for all operations, and what for single ones.
pub(super) fn read(mut table: Table<'_, '_>) -> (Jobs, Map<Placed<Jobs>>) {
    let mut jobs = Jobs::default();
    jobs.read_keys(&mut table);
    let mut overrides = Map::new();
    if let Some(mut operations) = table.table("operations") {
        for name in operations.keys_in_order() {
            let Some(mut one) = operations.table(&name) else {
                continue;
            };
            let mut value = jobs.clone();
            // Whoever describes the jobs of an operation knows that it has some.
            value.follow = Follow::Always;
            value.read_keys(&mut one);
            let place = one.place();
            one.finish();
            overrides.insert(name, Placed { place, value });
        }
    }
    table.finish();
    (jobs, overrides)
}

impl Jobs {
    /// The names that templates of URLs have in braces.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let cancel = match &self.cancel {
            Cancel::Request(_, template) => Some(template),
            _ => None,
        };
        let templates = [self.status_url.as_ref(), self.result_url.as_ref(), cancel];
        templates.into_iter().flatten().flat_map(UrlTemplate::names)
    }

    /// Takes what the table says, and leaves the rest as it is.
    fn read_keys(&mut self, table: &mut Table<'_, '_>) {
        set(&mut self.follow, table.parsed("follow", parse_follow));
        if let Some(template) = table.parsed("status_url", parse_template) {
            self.status_url = Some(template);
        }
        if let Some(template) = table.parsed("result_url", parse_template) {
            self.result_url = Some(template);
        }
        set(&mut self.cancel, table.parsed("cancel", parse_cancel));
        self.read_rules(table);
        if let Some(interval) = table.table("poll_interval") {
            self.poll_interval = self.poll_interval.read(interval);
        }
        set(
            &mut self.max_duration,
            table.parsed("max_duration", quantity::time),
        );
        if let Some(header) = table.parsed("idempotency_header", parse_header) {
            self.idempotency_header = Some(header);
        }
        set(
            &mut self.allowed_origins,
            table.list("allowed_origins", parse_origin),
        );
    }

    fn read_rules(&mut self, table: &mut Table<'_, '_>) {
        let rules = &mut self.rules;
        for (key, pointers) in [
            ("status_link", &mut rules.status_link),
            ("id", &mut rules.id),
            ("state", &mut rules.state),
            ("outcome", &mut rules.outcome),
            ("message", &mut rules.message),
            ("error", &mut rules.error),
            ("progress", &mut rules.progress),
            ("result_link", &mut rules.result_link),
            ("result", &mut rules.result),
        ] {
            set(pointers, table.list(key, parse_pointer));
        }
        for (key, words) in [
            ("running", &mut rules.running),
            ("succeeded", &mut rules.succeeded),
            ("failed", &mut rules.failed),
            ("cancelled", &mut rules.cancelled),
        ] {
            set(words, table.list(key, parse_word));
        }
    }
}

impl Interval {
    fn read(mut self, mut table: Table<'_, '_>) -> Self {
        set(&mut self.min, table.parsed("min", quantity::time));
        set(&mut self.max, table.parsed("max", quantity::time));
        if self.min > self.max {
            table.report("has a `min` that is longer than its `max`");
        }
        table.finish();
        self
    }
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

fn parse_follow(text: &str) -> Result<Follow, Misfit> {
    match text {
        "documented" => Ok(Follow::Documented),
        "always" => Ok(Follow::Always),
        "never" => Ok(Follow::Never),
        _ => Err(Misfit::new(
            "is one of \"documented\", \"always\" and \"never\"",
        )),
    }
}

fn parse_template(text: &str) -> Result<UrlTemplate, Misfit> {
    text.parse().map_err(|_| {
        Misfit::new(
            "takes a path behind `base_url` or a URL, with `{id}` or an argument's name in braces: \"/jobs/{id}\"",
        )
    })
}

fn parse_cancel(text: &str) -> Result<Cancel, Misfit> {
    let misfit =
        || Misfit::new("is \"delete\", \"none\", or a request, such as \"POST /jobs/{id}/cancel\"");
    match text {
        "delete" => return Ok(Cancel::Delete),
        "none" => return Ok(Cancel::None),
        _ => {}
    }
    let (method, template) = text.split_once(' ').ok_or_else(misfit)?;
    let method = Method::ALL
        .into_iter()
        .find(|known| known.as_str() == method);
    let template = template.trim().parse().map_err(|_| misfit())?;
    Ok(Cancel::Request(method.ok_or_else(misfit)?, template))
}

fn parse_pointer(text: &str) -> Result<Pointer, Misfit> {
    text.parse()
        .map_err(|_| Misfit::new("takes JSON pointers, such as [\"/job/state\"]"))
}

fn parse_word(text: &str) -> Result<String, Misfit> {
    if text.chars().any(char::is_alphanumeric) {
        Ok(text.to_owned())
    } else {
        Err(Misfit::new("takes words, such as [\"completed\"]"))
    }
}

fn parse_header(text: &str) -> Result<HeaderName, Misfit> {
    text.parse()
        .map_err(|_| Misfit::new("takes the name of a header, such as \"Idempotency-Key\""))
}

fn parse_origin(text: &str) -> Result<url::Origin, Misfit> {
    let url = http_url(text).ok().filter(is_bare);
    url.map(|url| url.origin()).ok_or_else(|| {
        Misfit::new("takes origins, such as \"https://files.example.com\", without a path")
    })
}

fn is_bare(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && url.fragment().is_none()
}

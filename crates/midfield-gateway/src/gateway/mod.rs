//! A gateway: the sources of a configuration, opened, and the server made of their tools.

mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use midfield::{BuildError, KeyRing, Server, Service, Tool};

use crate::config::{Config, Finding, texts};
use crate::source::{self, Clients, LeftOut, Opened};

/// The sources of a configuration, each opened or not.
#[derive(Debug)]
pub(crate) struct Gateway {
    clients: Clients,
    /// The sources in the order of the configuration, each opened or with the reason why not.
    pub(crate) sources: Vec<Result<Opened, Finding>>,
    clashes: Vec<Finding>,
    /// Names of tools in the configuration that no tool has.
    pub(crate) unknown: Vec<Finding>,
}

impl Gateway {
    /// Reads the documents of all sources. Nothing is started, and no secret is looked up.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let clients = Clients::new()?;
        let mut sources = Vec::new();
        for source in &config.sources {
            let opened = Opened::read(source, &clients).await;
            sources.push(opened.map_err(|error| Finding {
                place: source.place,
                told: format!("the source `{}` cannot be served: {error:#}", source.name),
            }));
        }
        for (opened, source) in sources.iter_mut().zip(&config.sources) {
            if let Ok(opened) = opened {
                leave_out_broken_schemas(opened);
                tasks::mark(opened, source, config.tasks.is_some());
                let unknown = tasks::unknown_operations(opened, source);
                opened.problems.extend(unknown);
            }
        }
        Ok(Self {
            clients,
            clashes: clashes(&sources),
            unknown: tasks::unknown_tools(config, &sources),
            sources,
        })
    }

    /// The sources that were opened.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &Opened> {
        self.sources
            .iter()
            .filter_map(|source| source.as_ref().ok())
    }

    /// What keeps the gateway from serving, but for secrets: sources that could not be opened, and tools
    /// of the same name.
    pub(crate) fn wrong(&self) -> Vec<&Finding> {
        let failed = self
            .sources
            .iter()
            .filter_map(|source| source.as_ref().err());
        failed.chain(&self.clashes).collect()
    }

    /// Makes the server, with the secrets that the configuration names.
    ///
    /// # Errors
    /// With everything that keeps it from serving.
    pub(crate) fn build(self, config: &Config) -> anyhow::Result<Service> {
        let longest = call_timeout(config, &self.sources);
        let mut wrong = self.clashes;
        let mut tools = Vec::new();
        for (opened, source) in self.sources.into_iter().zip(&config.sources) {
            match (opened, source::fetch_credentials(source)) {
                (Ok(opened), Ok(secrets)) => {
                    let secrets = Arc::new(secrets);
                    let tool = |offer| source::into_tool(offer, source, &secrets, &self.clients);
                    tools.extend(opened.offers.into_iter().map(tool));
                }
                (opened, secrets) => {
                    wrong.extend(opened.err());
                    wrong.extend(secrets.err().into_iter().flatten());
                }
            }
        }
        anyhow::ensure!(wrong.is_empty(), "{}", texts(&wrong, config));
        let mut server = Server::new(&config.name, env!("CARGO_PKG_VERSION"))
            .call_timeout(Some(longest))
            .tools(tools);
        if let Some(tasks) = &config.tasks {
            server = server.tasks(tasks::open(tasks)?);
        }
        if let Some(path) = &config.keys {
            server = server.keys(KeyRing::in_file(path)?);
        }
        if let Some(title) = &config.title {
            server = server.title(title);
        }
        if let Some(instructions) = &config.instructions {
            server = server.instructions(instructions);
        }
        Ok(server.build()?)
    }
}

/// A server refuses to be built with an input schema that is none; one such operation must not keep the
/// others from being served.
fn leave_out_broken_schemas(opened: &mut Opened) {
    for offer in std::mem::take(&mut opened.offers) {
        match check_schema(&offer) {
            Ok(()) => opened.offers.push(offer),
            Err(error) => opened.left_out.push(LeftOut {
                operation: offer.label(),
                reason: source::clean(&error.to_string()),
            }),
        }
    }
}

/// A finding for each name that a second tool has.
fn clashes(sources: &[Result<Opened, Finding>]) -> Vec<Finding> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut clashes = Vec::new();
    for opened in sources.iter().flatten() {
        for offer in &opened.offers {
            let (name, second) = (offer.name(), &opened.name);
            let Some(first) = owners.insert(name, second) else {
                continue;
            };
            let told = if first == second {
                format!("`{first}` has two tools named `{name}`: change `rename`")
            } else {
                format!(
                    "`{first}` and `{second}` both have a tool named `{name}`: give one of them a `prefix`, \
                     or `rename` it"
                )
            };
            let place = opened.place;
            clashes.push(Finding { place, told });
        }
    }
    clashes
}

fn check_schema(offer: &source::Offer) -> Result<(), BuildError> {
    let tool = Tool::from_handler(offer.description.clone(), Never).without_result_check();
    Server::new("check", "0").tool(tool).build().map(drop)
}

/// The code behind a tool that is built only to see whether it can be.
struct Never;

impl midfield::server::RawHandler for Never {
    fn call(
        &self,
        _arguments: midfield::server::Arguments<'_>,
        _context: midfield::Context,
    ) -> midfield::server::HandlerFuture {
        Box::pin(std::future::pending())
    }
}

/// A call may take as long as its source allows; this limit only ends what even that did not.
fn call_timeout(config: &Config, sources: &[Result<Opened, Finding>]) -> Duration {
    let longest = config.sources.iter().map(|source| source.timeout).max();
    let longest = longest.unwrap_or_default();
    let jobs = sources
        .iter()
        .flatten()
        .flat_map(|opened| &opened.offers)
        .filter_map(|offer| offer.jobs.as_ref());
    let Some(job) = jobs.map(|jobs| jobs.max_duration).max() else {
        return longest + Duration::from_secs(5);
    };
    // The work is taken up, its state asked for once more at the end, and the job cancelled.
    job + longest * 3 + Duration::from_secs(5)
}

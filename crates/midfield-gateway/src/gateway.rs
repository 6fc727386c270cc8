//! A gateway: the sources of a configuration, opened, and the server made of their tools.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use midfield::{BuildError, Server, Service, Tool};

use crate::config::{Config, Place};
use crate::source::{self, Clients, Finding, LeftOut, Opened};

/// The sources of a configuration, each opened or not.
#[derive(Debug)]
pub(crate) struct Gateway {
    clients: Clients,
    /// As the configuration orders them.
    pub(crate) sources: Vec<Result<Opened, Failed>>,
}

/// A source whose document could not be read.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) source: String,
    pub(crate) error: anyhow::Error,
}

impl Gateway {
    /// Reads the documents of all sources. Nothing is started, and no secret is looked up.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let clients = Clients::new()?;
        let mut sources = Vec::new();
        for source in &config.sources {
            let opened = Opened::read(source, &clients).await;
            sources.push(opened.map_err(|error| Failed {
                source: source.name.clone(),
                error,
            }));
        }
        let mut gateway = Self { clients, sources };
        gateway.leave_out_broken_schemas();
        Ok(gateway)
    }

    /// The sources that were opened.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &Opened> {
        self.sources
            .iter()
            .filter_map(|source| source.as_ref().ok())
    }

    /// What keeps the gateway from serving: names that clash. Each is told with the place of a source.
    pub(crate) fn clashes(&self, config: &Config) -> Vec<Finding> {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        let mut clashes = Vec::new();
        for opened in self.opened() {
            for offer in &opened.offers {
                let Some(owner) = owners.insert(offer.name(), &opened.name) else {
                    continue;
                };
                let told = if owner == opened.name {
                    format!(
                        "`{owner}` has two tools named `{}`: change `rename`",
                        offer.name()
                    )
                } else {
                    format!(
                        "`{owner}` and `{}` both have a tool named `{}`: give one of them a `prefix`, or `rename` it",
                        opened.name,
                        offer.name()
                    )
                };
                clashes.push(Finding {
                    place: place_of(config, &opened.name),
                    told,
                });
            }
        }
        clashes
    }

    /// Makes the server, with the secrets that the configuration names.
    ///
    /// # Errors
    /// With everything that keeps it from serving.
    pub(crate) fn build(self, config: &Config) -> anyhow::Result<Service> {
        let mut wrong = self.clashes(config);
        let mut secrets = Vec::new();
        for source in &config.sources {
            match source::fetch_credentials(source) {
                Ok(fetched) => secrets.push(Arc::new(fetched)),
                Err(findings) => wrong.extend(findings),
            }
        }
        anyhow::ensure!(wrong.is_empty(), "{}", lines(config, &wrong));
        let mut tools = Vec::new();
        for ((opened, source), secrets) in
            self.sources.into_iter().zip(&config.sources).zip(&secrets)
        {
            let opened = opened.map_err(|failed| {
                failed
                    .error
                    .context(format!("the source `{}` cannot be served", failed.source))
            })?;
            let offers = opened.offers.into_iter();
            tools.extend(
                offers.map(|offer| source::into_tool(offer, source, secrets, &self.clients)),
            );
        }
        let mut server = Server::new(&config.name, env!("CARGO_PKG_VERSION"))
            .call_timeout(Some(call_timeout(config)))
            .tools(tools);
        if let Some(title) = &config.title {
            server = server.title(title);
        }
        if let Some(instructions) = &config.instructions {
            server = server.instructions(instructions);
        }
        Ok(server.build()?)
    }

    /// A server refuses to be built with an input schema that is none; one such operation must not keep
    /// the others from being served.
    fn leave_out_broken_schemas(&mut self) {
        for opened in self.sources.iter_mut().flatten() {
            let offers = std::mem::take(&mut opened.offers);
            for offer in offers {
                match check_schema(&offer) {
                    Ok(()) => opened.offers.push(offer),
                    Err(error) => opened.left_out.push(LeftOut {
                        operation: source::clean(&format!(
                            "{} {}",
                            offer.operation.method, offer.operation.path
                        )),
                        reason: source::clean(&error.to_string()),
                    }),
                }
            }
        }
    }
}

fn check_schema(offer: &source::Offer) -> Result<(), BuildError> {
    let tool = Tool::from_handler(offer.description.clone(), Never);
    Server::new("check", "0").tool(tool).build().map(drop)
}

/// The code behind a tool that is built only to see whether it can be.
struct Never;

impl midfield::server::ToolHandler for Never {
    fn call(
        &self,
        _arguments: midfield::server::Arguments<'_>,
        _context: midfield::Context,
    ) -> midfield::server::HandlerFuture {
        Box::pin(std::future::pending())
    }
}

/// Findings with their places, a line each.
pub(crate) fn lines(config: &Config, findings: &[Finding]) -> String {
    let told = findings
        .iter()
        .map(|finding| match (&config.file, finding.place) {
            (Some(file), Some(place)) => format!("{}:{place}: {}", file.display(), finding.told),
            _ => finding.told.clone(),
        });
    told.collect::<Vec<_>>().join("\n")
}

pub(crate) fn place_of(config: &Config, source: &str) -> Option<Place> {
    config
        .sources
        .iter()
        .find(|known| known.name == source)?
        .place
}

/// A call may take as long as its source allows; this limit only ends what even that did not.
fn call_timeout(config: &Config) -> Duration {
    let longest = config.sources.iter().map(|source| source.timeout).max();
    longest.unwrap_or_default() + Duration::from_secs(5)
}

//! What `midfield serve` says once it serves.

use std::fmt::Write as _;
use std::net::SocketAddr;

use midfield::Revision;

use super::count;
use super::logging::Format;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::source::clean;

/// What is said of the sources, gathered before they become a server.
#[derive(Debug)]
pub(super) struct Summary {
    name: String,
    sources: Vec<SourceSummary>,
    check: String,
}

#[derive(Debug)]
struct SourceSummary {
    name: String,
    tools: usize,
    left_out: usize,
}

/// Where clients connect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    Http(SocketAddr),
    Stdio,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(address) => write!(f, "http://{address}/mcp"),
            Self::Stdio => f.write_str("stdio"),
        }
    }
}

impl Summary {
    /// What is said of `gateway`. `check` is the command that says more.
    pub(super) fn new(config: &Config, gateway: &Gateway, check: String) -> Self {
        let sources = gateway.opened().map(|opened| SourceSummary {
            name: opened.name.clone(),
            tools: opened.offers.len(),
            left_out: opened.left_out.len(),
        });
        Self {
            name: clean(&config.name),
            sources: sources.collect(),
            check,
        }
    }

    /// Tells that clients can connect now.
    pub(super) fn tell(&self, endpoint: Endpoint, format: Format) {
        match format {
            Format::Human => {
                // Without stderr there is nobody to tell.
                let text = self.text(endpoint);
                let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            }
            Format::Json => {
                for SourceSummary {
                    name,
                    tools,
                    left_out,
                } in &self.sources
                {
                    tracing::info!(source = name, tools, left_out, "source opened");
                }
                tracing::info!(name = self.name, mcp = %endpoint, "serving");
            }
        }
    }

    fn text(&self, endpoint: Endpoint) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let [oldest, .., newest] = Revision::ALL;
        let mut text = format!("midfield {version} · {}\n", self.name);
        let _ = writeln!(text, "  mcp      {endpoint}      {oldest} … {newest}");
        let width = self
            .sources
            .iter()
            .map(|source| source.name.len())
            .max()
            .unwrap_or_default();
        for (number, source) in self.sources.iter().enumerate() {
            let SourceSummary {
                name,
                tools,
                left_out,
            } = source;
            let label = if number == 0 { "sources" } else { "" };
            let tools = count(*tools, "tool");
            let _ = write!(text, "  {label:<7}  {name:<width$}  openapi  {tools}");
            if *left_out > 0 {
                let _ = write!(text, "  ({left_out} left out: `{}` says why)", self.check);
            }
            text.push('\n');
        }
        text
    }
}

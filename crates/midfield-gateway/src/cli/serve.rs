//! `midfield serve`: the tools over HTTP or stdio, until it is asked to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use midfield::Service;
use midfield::auth::StaticTokens;
use midfield::transport::{Stop, http, stdio};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::banner::{Endpoint, Summary};
use super::logging::Logging;
use super::{Subject, Verdict};
use crate::audit::Audit;
use crate::config::{Config, Token, texts};
use crate::gateway::Gateway;
use crate::metrics;
use crate::source::Process;

/// The arguments of `midfield serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    subject: Subject,

    /// The address to serve HTTP on; port 0 takes a free one. Default: 127.0.0.1:7420.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "stdio")]
    listen: Option<SocketAddr>,

    /// A name that clients call the server by, beside loopback. May be given more than once.
    #[arg(long, value_name = "NAME", conflicts_with = "stdio")]
    allow_host: Vec<String>,

    /// Serve one client on stdin and stdout.
    #[arg(long)]
    stdio: bool,

    #[command(flatten)]
    logging: Logging,
}

impl Serve {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let mut config = self.subject.config()?;
        let audit = config.audit.as_deref();
        let audit = audit.map(|path| Audit::open(path, &config.tokens));
        self.logging.start(audit.transpose()?)?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.allow_hosts.extend(self.allow_host.iter().cloned());
        let runtime = self.runtime()?;
        let served = runtime.block_on(self.serve(&config));
        // A thread may still wait for stdin, which nobody may ever close.
        runtime.shutdown_timeout(Duration::from_millis(100));
        served.map(|()| Verdict::Fine)
    }

    /// One client needs one thread, which spares it the way between threads.
    fn runtime(&self) -> anyhow::Result<Runtime> {
        let mut builder = if self.stdio {
            Builder::new_current_thread()
        } else {
            Builder::new_multi_thread()
        };
        builder
            .enable_all()
            .build()
            .context("could not start the threads")
    }

    async fn serve(&self, config: &Config) -> anyhow::Result<()> {
        let mut stop = Stop::listen().context("could not listen for signals")?;
        // The port is taken first: without it nothing else is worth starting.
        let listener = if self.stdio {
            None
        } else {
            Some(listen(config).await?)
        };
        let figures = match config.metrics {
            Some(address) => Some(bind(address, "`[metrics] listen`").await?),
            None => None,
        };
        let mut processes = Vec::new();
        let served = tokio::select! {
            ready = self.prepare(config, &mut processes) => match ready {
                Ok((service, summary)) => {
                    let figures = tell_figures(figures, service.clone());
                    let serving = self.run_until(config, listener, service, &summary, &mut stop);
                    tokio::select! {
                        served = serving => served,
                        () = figures => Ok(()),
                    }
                }
                Err(error) => Err(error),
            },
            () = stop.asked() => Ok(()),
        };
        for process in processes {
            process.stop().await;
        }
        served
    }

    /// Starts the services, opens the sources and makes the server.
    async fn prepare(
        &self,
        config: &Config,
        processes: &mut Vec<Process>,
    ) -> anyhow::Result<(Service, Summary)> {
        // Before the documents are read, since a started service may be who gives its document.
        for source in &config.sources {
            processes.extend(Process::start(source).await?);
        }
        let gateway = Gateway::open(config).await?;
        for opened in gateway
            .opened()
            .filter(|opened| !opened.problems.is_empty())
        {
            tracing::warn!("{}", texts(&opened.problems, config));
        }
        if !gateway.unknown.is_empty() {
            tracing::warn!("{}", texts(&gateway.unknown, config));
        }
        let check = format!("midfield check {}", self.subject.words());
        let summary = Summary::new(config, &gateway, check);
        Ok((gateway.build(config)?, summary))
    }

    async fn run_until(
        &self,
        config: &Config,
        listener: Option<TcpListener>,
        service: Service,
        summary: &Summary,
        stop: &mut Stop,
    ) -> anyhow::Result<()> {
        let format = self.logging.format();
        let Some(listener) = listener else {
            summary.tell(Endpoint::Stdio, format);
            return stdio::serve_until(service, stop.asked())
                .await
                .context("could not serve on stdin and stdout");
        };
        let options = options(config)?;
        summary.tell(Endpoint::Http(listener.local_addr()?), format);
        http::serve(listener, service, options, stop.asked())
            .await
            .context("could not go on serving HTTP")
    }
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.listen;
    anyhow::ensure!(
        address.ip().is_loopback() || !config.allow_hosts.is_empty(),
        "{address} can be reached from other machines: say by which names, with `allow_hosts = \
         [\"mcp.example.com\"]` or `--allow-host mcp.example.com`"
    );
    bind(address, "`listen` or `--listen`").await
}

/// `chosen_by` says how to choose another address.
async fn bind(address: SocketAddr, chosen_by: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AddrInUse => format!(
                ": another program listens there; stop it, or choose another address with {chosen_by}"
            ),
            ErrorKind::AddrNotAvailable => ": this machine does not have that address".to_owned(),
            _ => String::new(),
        };
        anyhow::Error::new(error).context(format!("could not listen on {address}{hint}"))
    })
}

/// Serves figures for as long as it is polled; without a listener it only waits.
async fn tell_figures(listener: Option<TcpListener>, service: Service) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    if let Ok(address) = listener.local_addr() {
        tracing::info!("figures for Prometheus at http://{address}/metrics");
    }
    metrics::serve(listener, service).await;
}

fn options(config: &Config) -> anyhow::Result<http::Options> {
    let mut options = http::Options::new();
    for host in &config.allow_hosts {
        options = match host.as_str() {
            ANY_HOST => options.allow_any_host(),
            host => options.allow_host(host),
        };
    }
    for origin in &config.allow_origins {
        options = options.allow_origin(origin);
    }
    if let Some(bytes) = config.max_request {
        options = options.max_body(bytes);
    }
    if let Some(path) = &config.legacy_sse {
        options = options.legacy_sse(path);
    }
    if !config.tokens.is_empty() {
        options = options.authenticate(static_tokens(&config.tokens)?);
    }
    Ok(options)
}

/// The tokens of the configuration, looked up where they are kept.
fn static_tokens(tokens: &[Token]) -> anyhow::Result<StaticTokens> {
    let mut known = StaticTokens::new();
    let mut seen: Vec<(SecretString, &str)> = Vec::new();
    for Token {
        name,
        keeper,
        identity,
    } in tokens
    {
        let token = keeper
            .fetch()
            .with_context(|| format!("could not get the token `{name}`"))?;
        let text = token.expose_secret();
        anyhow::ensure!(
            text.len() >= MIN_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic()),
            "the token `{name}` must have at least {MIN_TOKEN} visible ASCII characters, or it could be guessed"
        );
        if let Some((_, other)) = seen.iter().find(|(seen, _)| seen.expose_secret() == text) {
            anyhow::bail!(
                "the tokens `{other}` and `{name}` are the same: nobody could tell who asks"
            );
        }
        known = known.token(text, identity.clone());
        seen.push((token, name));
    }
    Ok(known)
}

/// Shortest token that is taken.
const MIN_TOKEN: usize = 16;

/// Stands for every host in `allow_hosts`.
const ANY_HOST: &str = "*";

//! A way to a server over loopback that can be cut.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

/// Passes on what comes, both ways. Dropping it cuts everything.
pub(crate) struct Relay {
    url: Url,
    /// Counts the cuts.
    cuts: watch::Sender<u64>,
    closed_until: Arc<Mutex<Instant>>,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// A way to the server at `url`.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let mut url = Url::parse(url)?;
        let port = url.port().context("the address has no port")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let here = listener.local_addr()?.port();
        if url.set_port(Some(here)).is_err() {
            anyhow::bail!("the address has no place for a port");
        }
        let cuts = watch::Sender::new(0);
        let closed_until = Arc::new(Mutex::new(Instant::now()));
        let mut tasks = JoinSet::new();
        tasks.spawn(pass_on(listener, port, cuts.clone(), closed_until.clone()));
        Ok(Self {
            url,
            cuts,
            closed_until,
            _tasks: tasks,
        })
    }

    /// The address to use instead of the server's.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Cuts every connection, and those that are made in the time to come.
    pub(crate) fn cut(&self, time: Duration) {
        *self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now() + time;
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn pass_on(
    listener: TcpListener,
    port: u16,
    cuts: watch::Sender<u64>,
    closed_until: Arc<Mutex<Instant>>,
) {
    let mut ways = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let until = *closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() < until {
            continue;
        }
        let mut cut = cuts.subscribe();
        ways.spawn(async move {
            let passing = async {
                let mut near = near;
                let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            };
            tokio::select! {
                // How a connection ends is for those at its ends.
                _ = passing => {}
                _ = cut.changed() => {}
            }
        });
        // Those that have ended.
        while ways.try_join_next().is_some() {}
    }
}

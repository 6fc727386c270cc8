//! Being asked to stop.

/// The signals that ask a process to stop: Ctrl-C, and SIGTERM where there is one, as service managers and
/// containers send it.
///
/// ```no_run
/// # use midfield::Server;
/// # use midfield::transport::{Stop, http};
/// # async fn run(listener: tokio::net::TcpListener) -> Result<(), midfield::ServeError> {
/// let service = Server::new("demo", "1.0.0").build()?;
/// let mut stop = Stop::listen()?;
/// http::serve(listener, service, http::Options::new(), stop.asked()).await
/// # }
/// ```
#[derive(Debug)]
pub struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Listens from now on: the signals no longer end the process by themselves, as long as it runs.
    ///
    /// # Errors
    /// When the operating system does not let the process listen.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits until one comes.
    ///
    /// # Cancel safety
    /// No signal is lost by dropping the future.
    pub async fn asked(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

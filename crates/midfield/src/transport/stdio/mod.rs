//! stdio: one message per line, in both eras on the same pair of pipes
//! ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio)).
//!
//! Lines are read and answered in batches: everything that can be answered at once goes out in one write
//! before the next read. A handler that has to wait gets a task of its own.

mod connection;
mod lines;
mod pipes;
mod requests;

use std::future::Future;
use std::io;

pub(super) use connection::Connection;
pub(crate) use lines::{Line, Lines};

use crate::server::Service;

/// Serves `service` on the process's standard input and output, until the input ends.
///
/// Nothing else may write to standard output meanwhile: log to standard error. Pipes and sockets are
/// set to non-blocking mode and driven by the runtime; run it on a current-thread runtime for the
/// shortest way from line to line.
///
/// # Errors
/// When reading or writing fails.
pub async fn serve(service: Service) -> io::Result<()> {
    serve_until(service, std::future::pending()).await
}

/// Serves `service` on the process's standard input and output, see [`serve`], until the input ends or
/// `shutdown` completes. What was asked by then is answered, if that takes no longer than 5 seconds.
///
/// # Errors
/// When reading or writing fails.
pub async fn serve_until(
    service: Service,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let input = pipes::input()?;
    let output = pipes::output()?;
    let tasks = service.serve_tasks();
    let connection = Connection::new(service);
    let served = connection.run_until(input, output, shutdown).await;
    tasks.end().await;
    served
}

/// Serves `service` on any pair of byte streams that carries one message per line, such as the two ends
/// of a socket or an in-memory pipe: a transport of one's own, with the messages and the lifecycle of stdio. Whoever
/// is at its other end counts as the process that started this one.
///
/// # Errors
/// When reading or writing fails.
pub async fn serve_on<R, W>(service: Service, input: R, output: W) -> io::Result<()>
where
    R: tokio::io::AsyncRead + Unpin,
    W: tokio::io::AsyncWrite + Unpin,
{
    Connection::new(service).run(input, output).await
}

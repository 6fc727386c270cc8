//! Standard input and output as the runtime can drive them best: without threads where they are pipes
//! or sockets, as clients give them.

use std::io::{self, Read as _};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream};

/// Standard input.
pub(super) fn input() -> io::Result<Box<dyn AsyncRead + Unpin + Send>> {
    #[cfg(unix)]
    if let Some(stream) = unix::input()? {
        return Ok(stream);
    }
    Ok(Box::new(by_thread()?))
}

/// Standard input, read by a thread that nobody waits for: it may wait for a line that never comes, and the
/// runtime, which waits for threads of its own, would not end.
fn by_thread() -> io::Result<DuplexStream> {
    let (read, mut write) = tokio::io::duplex(READ_SIZE);
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("standard input".to_owned())
        .spawn(move || {
            let mut space = vec![0; READ_SIZE];
            let mut input = io::stdin().lock();
            loop {
                let size = match input.read(&mut space) {
                    Ok(size) if size > 0 => size,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(_) => return,
                    Err(error) => return tracing::error!(%error, "could not read standard input"),
                };
                let read = space.get(..size).unwrap_or_default();
                if runtime.block_on(write.write_all(read)).is_err() {
                    return;
                }
            }
        })?;
    Ok(read)
}

/// Standard output.
pub(super) fn output() -> io::Result<Box<dyn AsyncWrite + Unpin + Send>> {
    #[cfg(unix)]
    if let Some(stream) = unix::output()? {
        return Ok(stream);
    }
    Ok(Box::new(tokio::io::stdout()))
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt as _;
    use std::os::unix::net::UnixStream as StdUnixStream;

    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::UnixStream;
    use tokio::net::unix::pipe;

    pub(super) fn input() -> io::Result<Option<Box<dyn AsyncRead + Unpin + Send>>> {
        Ok(match kind(io::stdin().as_fd().try_clone_to_owned()?)? {
            Kind::Pipe(end) => Some(Box::new(pipe::Receiver::from_owned_fd(end)?)),
            Kind::Socket(end) => Some(Box::new(socket(end)?)),
            Kind::Other => None,
        })
    }

    pub(super) fn output() -> io::Result<Option<Box<dyn AsyncWrite + Unpin + Send>>> {
        Ok(match kind(io::stdout().as_fd().try_clone_to_owned()?)? {
            Kind::Pipe(end) => Some(Box::new(pipe::Sender::from_owned_fd(end)?)),
            Kind::Socket(end) => Some(Box::new(socket(end)?)),
            Kind::Other => None,
        })
    }

    enum Kind {
        Pipe(OwnedFd),
        Socket(OwnedFd),
        /// A file or a terminal, which the runtime can only drive by threads.
        Other,
    }

    fn kind(descriptor: OwnedFd) -> io::Result<Kind> {
        let file = File::from(descriptor);
        let kind = file.metadata()?.file_type();
        Ok(if kind.is_fifo() {
            Kind::Pipe(file.into())
        } else if kind.is_socket() {
            Kind::Socket(file.into())
        } else {
            Kind::Other
        })
    }

    fn socket(end: OwnedFd) -> io::Result<UnixStream> {
        let socket = StdUnixStream::from(end);
        socket.set_nonblocking(true)?;
        UnixStream::from_std(socket)
    }
}

/// How much the thread reads at once.
const READ_SIZE: usize = 64 * 1024;

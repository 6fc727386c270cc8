//! An HTTP service whose answers a test writes byte by byte, and which remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// The request line without its line break.
    pub(crate) line: String,
    /// The header lines.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A service on a free port of loopback.
pub(crate) struct Service {
    address: SocketAddr,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    closed: Arc<AtomicBool>,
}

impl Service {
    /// A service that answers each request by what `script` writes, and then closes the connection.
    pub(crate) fn new(script: impl Fn(&Recorded, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            recorded: Arc::default(),
            closed: Arc::default(),
        };
        let (recorded, closed) = (Arc::clone(&service.recorded), Arc::clone(&service.closed));
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                let (recorded, script) = (Arc::clone(&recorded), Arc::clone(&script));
                thread::spawn(move || serve(stream, &recorded, script.as_ref()));
            }
        });
        service
    }

    /// A service that always gives the same answer.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |_, stream| {
            let _ = stream.write_all(&bytes);
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    recorded: &Mutex<Vec<Recorded>>,
    script: &(impl Fn(&Recorded, &mut TcpStream) + ?Sized),
) {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let Some(request) = read(&stream) else { return };
    recorded.lock().unwrap().push(request.clone());
    script(&request, &mut stream);
}

fn read(stream: &TcpStream) -> Option<Recorded> {
    let mut reader = BufReader::new(stream);
    let mut request = Recorded::default();
    reader
        .read_line(&mut request.line)
        .ok()
        .filter(|length| *length > 0)?;
    request.line = request.line.trim_end().to_owned();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            header => request.headers.push(header.to_owned()),
        }
    }
    let length = request
        .header("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// An answer with a body.
pub(crate) fn answer(status: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

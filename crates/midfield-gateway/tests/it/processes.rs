//! Services that midfield runs, ports, signals.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Folder, Midfield, document_of_things, free_port, run, text};

/// A configuration whose service is the Python program `program`.
fn configuration(folder: &Folder, program: &str, port: u16) -> PathBuf {
    folder.write("things.json", &document_of_things("{}"));
    folder.write("service.py", &program.replace("PORT", &port.to_string()));
    let source = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
         start = [\"python3\", \"service.py\"]\n"
    );
    folder.write("midfield.toml", &source)
}

const STEADY: &str = "
import http.server
http.server.ThreadingHTTPServer(('127.0.0.1', PORT), http.server.BaseHTTPRequestHandler).serve_forever()
";

/// Ends at the first request.
const MORTAL: &str = "
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print('farewell', file=sys.stderr, flush=True)
        os._exit(3)
http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
";

/// Does not care about SIGTERM, and has a child that holds a port of its own.
const STUBBORN: &str = "
import http.server, signal, socket, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = socket.create_server(('127.0.0.1', 0))
subprocess.Popen(['sleep', '300'], pass_fds=[held.fileno()])
open('held', 'w').write(str(held.getsockname()[1]))
held.close()
http.server.ThreadingHTTPServer(('127.0.0.1', PORT), http.server.BaseHTTPRequestHandler).serve_forever()
";

fn is_served(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_started_service_ends_with_midfield() {
    for signal in [Signal::TERM, Signal::INT] {
        let (folder, port) = (Folder::new(), free_port());
        let mut midfield = Midfield::serve(&configuration(&folder, STEADY, port));
        assert!(is_served(port));
        assert_eq!(midfield.end_by(signal), Some(0));
        assert!(!is_served(port));
        assert!(!is_served(midfield.port()));
    }
}

#[test]
fn a_service_that_does_not_end_is_killed_with_all_that_it_started() {
    let (folder, port) = (Folder::new(), free_port());
    let mut midfield = Midfield::serve(&configuration(&folder, STUBBORN, port));
    let held = std::fs::read_to_string(folder.path().join("held"))
        .unwrap()
        .parse()
        .unwrap();
    assert!(is_served(port) && is_served(held));
    assert_eq!(midfield.end_by(Signal::TERM), Some(0));
    assert!(!is_served(port));
    assert!(!is_served(held));
}

#[test]
fn the_death_of_a_service_is_told_and_the_rest_goes_on() {
    let (folder, port) = (Folder::new(), free_port());
    let midfield = Midfield::serve(&configuration(&folder, MORTAL, port));
    let result = midfield.call("listThings", json!({}));
    assert_eq!(result["isError"], true);
    midfield.wait_for("the service `things` ended with exit status: 3; its tools fail until midfield starts again");
    midfield.wait_for("INFO things: farewell");
    let result = midfield.call("listThings", json!({}));
    assert_eq!(
        text(&result),
        "the service `things` cannot be reached; try again later"
    );
}

#[test]
fn a_service_that_does_not_start_keeps_midfield_from_serving() {
    let folder = Folder::new();
    let path = configuration(
        &folder,
        "import sys; sys.exit('no instruments')",
        free_port(),
    );
    let output = run(&["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(
        output.stderr.contains("INFO things: no instruments\n"),
        "{output:?}"
    );
    assert!(
        output
            .stderr
            .contains("error: the service `things` did not start: it ended with exit status: 1"),
        "{output:?}"
    );
    assert_eq!(output.code, Some(1));

    let text = std::fs::read_to_string(&path).unwrap();
    let path = folder.write("midfield.toml", &text.replace("python3", "no-such-program"));
    let output = run(&["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(
        output
            .stderr
            .starts_with("error: could not start the service `things`: `no-such-program`: "),
        "{output:?}"
    );
}

#[test]
fn a_service_is_not_mistaken_for_a_stranger() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let folder = Folder::new();
    let path = configuration(&folder, STEADY, port);
    let output = run(&["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    let told = format!(
        "error: something else answers at http://127.0.0.1:{port}/ already: stop it, or give"
    );
    assert!(output.stderr.starts_with(&told), "{output:?}");
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let path = folder.write("things.json", &document_of_things("{}"));
    let arguments = [
        "serve",
        "--openapi",
        path.to_str().unwrap(),
        "--base-url",
        "http://127.0.0.1:1",
        "--listen",
        &address,
    ];
    let output = run(&arguments);
    let told = format!(
        "error: could not listen on {address}: another program listens there; stop it, or choose another address \
         with `listen` or `--listen`: "
    );
    assert!(output.stderr.starts_with(&told), "{output:?}");
    assert_eq!(output.code, Some(1));
}

#[test]
fn other_machines_are_let_in_only_by_name() {
    let folder = Folder::new();
    let path = folder.write("things.json", &document_of_things("{}"));
    let arguments = [
        "serve",
        "--openapi",
        path.to_str().unwrap(),
        "--base-url",
        "http://127.0.0.1:1",
        "--listen",
        "0.0.0.0:0",
    ];
    let output = run(&arguments);
    assert_eq!(
        output.stderr,
        "error: 0.0.0.0:0 can be reached from other machines: say by which names, with `allow_hosts = \
         [\"mcp.example.com\"]` or `--allow-host mcp.example.com`\n"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn a_slow_start_can_be_stopped() {
    let (folder, port) = (Folder::new(), free_port());
    let program =
        "import sys, time\nprint('waiting', file=sys.stderr, flush=True)\ntime.sleep(300)";
    let path = configuration(&folder, program, port);
    let begun = Instant::now();
    let mut midfield = Midfield::start(&path, |_| {});
    midfield.wait_for("INFO things: waiting");
    assert_eq!(midfield.end_by(Signal::TERM), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(9));
}

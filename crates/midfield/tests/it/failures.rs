//! What a person reads when a server does not start, or a handler fails, and what a client reads.

use std::error::Error as _;

use midfield::prelude::*;
use midfield::transport::http::Options;
use midfield::{BuildError, ServeError};
use serde_json::json;

use crate::harness::{Host, soon};
use crate::messages::modern_call;

/// Why a measurement failed, and why that.
#[derive(Debug, thiserror::Error)]
#[error("could not measure")]
struct Unmeasured(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("the scale at secret-scale:9 is broken")]
struct Inner;

fn failing() -> Result<()> {
    Err(Unmeasured(Inner))?
}

#[test]
fn an_error_is_printed_as_a_person_reads_it() {
    let error = failing().expect_err("it fails");
    let printed = "could not measure\n\nCaused by:\n    the scale at secret-scale:9 is broken";
    assert_eq!(format!("{error:?}"), printed);
    assert_eq!(error.to_string(), "could not measure");
    let source = error.source().expect("it was made from something");
    assert!(
        source
            .source()
            .is_some_and(<dyn std::error::Error>::is::<Inner>)
    );
    assert_eq!(format!("{:?}", Error::tool("too heavy")), "too heavy");
}

#[tokio::test]
async fn a_client_is_told_the_message_and_not_what_is_behind_it() {
    let tool = Tool::new("measure", async || -> Result<String> {
        failing()?;
        Ok("unreachable".to_owned())
    });
    let service = Server::new("scales", "1").tool(tool).build();
    let host = Host::start(service.expect("a server"), Options::new()).await;
    let answer = host.ask(&modern_call(1, "measure", json!({}))).await;
    assert_eq!(answer.tool_text(), ("could not measure".to_owned(), true));
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret-scale"));
}

#[tokio::test]
async fn a_port_in_use_is_told_with_its_address_and_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let served = Server::new("late", "1").serve_http(address);
    let error = soon(served).await.expect_err("the port is taken");
    assert!(matches!(error, ServeError::Listen { .. }), "{error}");
    let printed = format!("{:?}", Error::from(error));
    let expected = format!(
        "could not listen on {address}: another program listens there; stop it, or choose another port"
    );
    assert!(printed.starts_with(&expected), "{printed}");
    assert!(printed.contains("Caused by:"), "{printed}");
    let served = Server::new("lost", "1").serve_http("nonsense");
    let error = soon(served).await.expect_err("it is no address");
    assert!(error.to_string().contains("write it like"), "{error}");
}

#[tokio::test]
async fn a_description_that_makes_no_server_is_told_with_its_reason() {
    let twice = Tool::new("twice", async || "once");
    let again = Tool::new("twice", async || "again");
    let served = Server::new("two", "1")
        .tool(twice)
        .tool(again)
        .serve_http("127.0.0.1:0");
    let error = soon(served).await.expect_err("it makes no server");
    let reason = error.source().and_then(|reason| reason.downcast_ref());
    assert!(matches!(reason, Some(BuildError::DuplicateTool { .. })));
    let printed = format!("{:?}", Error::from(error));
    assert!(printed.contains("two tools are named `twice`"), "{printed}");
}

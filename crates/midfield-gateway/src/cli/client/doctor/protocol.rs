//! What a server speaks, and whether it does what it says.

use std::time::{Duration, Instant};

use midfield::Client;
use midfield::client::config::Entry;
use midfield::client::{Error, Speak, Transport};

use super::super::list::Lists;
use super::{Record, Went};
use crate::cli::connect::target;
use crate::cli::connection::{Connection, Era};
use crate::cli::count;
use crate::cli::target::Resolved;

/// Speaks with the server in each of the ways that it may know, and then asks it.
pub(super) async fn check(record: &Record, resolved: &Resolved, connection: &Connection) -> Went {
    let client = match connect(record, resolved, connection).await? {
        Ok(client) => client,
        Err(failed) => return Ok(Err(failed)),
    };
    let went = ask(record, &client).await;
    let begun = Instant::now();
    client.close().await;
    let went = went?;
    if went.is_ok() {
        let taken = begun.elapsed();
        if taken > SLOW {
            let seen = format!("it took {} ms to end", taken.as_millis());
            record.fair("end", &seen, "a server ends when its stdin is closed")?;
        } else {
            record.good("end", "it let go")?;
        }
    }
    Ok(went)
}

/// A connection in the first of the ways that works; each is tried, and told of.
async fn connect(record: &Record, resolved: &Resolved, connection: &Connection) -> Went<Client> {
    let is_url = matches!(resolved.entry, Entry::Url(_));
    let mut errors = Vec::new();
    let mut first = None;
    for (name, speak, transport) in ways(connection.era, is_url) {
        if name == "http+sse" && first.is_some() {
            continue;
        }
        match open(resolved, connection, speak, transport).await? {
            Ok(client) => {
                let itself = client.server().implementation;
                let itself = itself.map(|it| format!(", as {} {}", it.name, it.version));
                let seen = format!(
                    "it speaks {}{}",
                    client.revision(),
                    itself.unwrap_or_default()
                );
                record.good(name, &seen)?;
                // Two at once may be in each other's way.
                client.close().await;
                first.get_or_insert((name, speak, transport));
            }
            Err(error) => {
                // That it does not speak one way matters only where it speaks none.
                let seen = format!("no: {error}");
                record.put(name, super::Mark::Fair, &seen, None)?;
                let is_final = !is_url && matches!(error, Error::Unreachable { .. });
                errors.push(error);
                if is_final {
                    break;
                }
            }
        }
    }
    match (first, errors.first()) {
        (Some((name, speak, transport)), _) => {
            match open(resolved, connection, speak, transport).await? {
                Ok(client) => Ok(Ok(client)),
                Err(error) => record.bad(
                    name,
                    &format!("not a second time: {error}"),
                    advice(&error, is_url),
                ),
            }
        }
        (None, Some(error)) => record.bad(
            "speaks",
            "it speaks no revision of the protocol with this client",
            advice(error, is_url),
        ),
        (None, None) => record.bad("speaks", "nothing was tried", "give another `--era`"),
    }
}

/// The ways in which a server may be spoken to, the newest first.
fn ways(era: Era, is_url: bool) -> Vec<(&'static str, Speak, Transport)> {
    let mut ways = Vec::new();
    if era != Era::Legacy {
        ways.push(("modern", Speak::Modern, Transport::Auto));
    }
    if era != Era::Modern {
        ways.push(("legacy", Speak::Legacy, Transport::Auto));
        if is_url {
            ways.push(("http+sse", Speak::Legacy, Transport::Sse));
        }
    }
    ways
}

/// A connection in one way.
async fn open(
    resolved: &Resolved,
    connection: &Connection,
    speak: Speak,
    transport: Transport,
) -> anyhow::Result<Result<Client, Error>> {
    let target = target(resolved, connection)?.transport(transport);
    let builder = Client::builder()
        .speak(speak)
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .attempts(1);
    let client = match builder.connect(target).await {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    // In the newest revision a server need not have said anything yet.
    if let Err(error) = client.ping().await {
        client.close().await;
        return Ok(Err(error));
    }
    Ok(Ok(client))
}

/// What to do about an error.
fn advice(error: &Error, is_url: bool) -> &'static str {
    match error {
        Error::Status { status: 401, .. } => {
            "it wants to know who you are: put a token into the environment, and name its variable with `--token-env`"
        }
        Error::Status { status: 403, .. } => {
            "who you are is not let in, or the server refuses the name in the URL (its list of hosts)"
        }
        Error::Status {
            status: 404 | 405, ..
        } => "there is no endpoint of MCP: does the URL end in its path, such as /mcp?",
        Error::Status { .. } => "look at the log of the server",
        Error::Timeout { .. } if is_url => {
            "it answers nothing: look at its log; is there a proxy that holds streams back?"
        }
        Error::Timeout { .. } => {
            "it reads no message, or answers none: does it need an option to speak over stdio?"
        }
        Error::Broken { .. } if !is_url => {
            "its stdout must hold nothing but messages: what it logs goes to stderr"
        }
        Error::Interrupted { .. } | Error::Unreachable { .. } if !is_url => {
            "start it by hand with the same words, and read what it says; it gets no variables but those of its file"
        }
        _ => "look at what it answers with `--verbose`",
    }
}

/// Asks for what it says that it offers.
async fn ask(record: &Record, client: &Client) -> Went {
    match Lists::all(client).await {
        Ok(lists) => {
            let counts = [
                (lists.tools.as_ref().map(|list| list.len()), "tool"),
                (lists.resources.as_ref().map(|list| list.len()), "resource"),
                (lists.templates.as_ref().map(|list| list.len()), "template"),
                (lists.prompts.as_ref().map(|list| list.len()), "prompt"),
            ];
            let counts = counts
                .into_iter()
                .filter_map(|(number, thing)| Some(count(number?, thing)));
            let seen = counts.collect::<Vec<_>>().join(", ");
            if seen.is_empty() {
                record.fair(
                    "lists",
                    "it offers nothing",
                    "it may offer more to who says who they are: see `--token-env`",
                )?;
            } else {
                record.good("lists", &seen)?;
            }
        }
        Err(error) => {
            let advice = "it does not give the lists that it says it has: look at its log";
            return record.bad("lists", &error.to_string(), advice);
        }
    }
    let begun = Instant::now();
    if let Err(error) = client.ping().timeout(PATIENCE).await {
        let advice = "every server answers a ping: clients may take it for dead";
        return record.bad("ping", &error.to_string(), advice);
    }
    record.good(
        "ping",
        &format!("answered within {} ms", begun.elapsed().as_millis()),
    )?;
    Ok(Ok(()))
}

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// From when on an end is slow.
const SLOW: Duration = Duration::from_secs(2);

//! The stream by which a legacy server speaks unasked
//! ([2025-11-25, listening](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#listening-for-messages-from-the-server)).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use midfield_protocol::jsonrpc::{Incoming, Message};
use reqwest::Response;
use tokio::sync::oneshot;

use super::super::super::hear::Hearing;
use super::super::Outlet;
use super::Http;
use super::post::essence;
use crate::event_stream::Events;

impl Http {
    /// Listens, as long as the session lasts, to what the server says by itself. Not every server does. Returns when the stream
    /// has begun, or is not to be expected soon: what a server has to say before it has a stream, some servers do not say at all.
    pub(in crate::client) async fn listen(self: &Arc<Self>, hearing: &Arc<Hearing>) {
        let (begun, beginning) = oneshot::channel();
        self.spawn_listening(hearing, begun);
        // A server that takes its time is not waited for.
        let _ = tokio::time::timeout(BEGINNING, beginning).await;
    }

    fn spawn_listening(self: &Arc<Self>, hearing: &Arc<Hearing>, begun: oneshot::Sender<()>) {
        let http = Arc::downgrade(self);
        let hearing = hearing.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let listening = async {
                let mut last_id = None;
                let mut begun = Some(begun);
                let mut wished = RETRY;
                let mut pause = wished;
                while let Some(http) = http.upgrade() {
                    match http.hear(&mut last_id, &hearing, begun.take()).await {
                        Heard::Nothing => {
                            // Nothing will tell of changes any more.
                            hearing.missed();
                            break;
                        }
                        Heard::Stream { retry } => {
                            wished = retry.map_or(wished, |retry| retry.max(MIN_RETRY));
                            pause = wished;
                            if last_id.is_none() {
                                // What was said meanwhile is not said again.
                                hearing.missed();
                            }
                        }
                        Heard::Failed => {
                            pause = pause.saturating_mul(2).min(MAX_RETRY.max(wished));
                        }
                    }
                    drop(http);
                    tokio::time::sleep(pause).await;
                }
            };
            // The session ends with the client.
            let _ = stop.run_until_cancelled(listening).await;
        });
    }

    /// Listens to one stream until it ends.
    async fn hear(
        self: &Arc<Self>,
        last_id: &mut Option<String>,
        hearing: &Arc<Hearing>,
        begun: Option<oneshot::Sender<()>>,
    ) -> Heard {
        let response = match self.get(last_id.as_deref()).await {
            Ok(response)
                if response.status().is_success() && essence(&response) == "text/event-stream" =>
            {
                response
            }
            Ok(response) if response.status().is_server_error() => return Heard::Failed,
            // It offers no such stream, or the session has ended.
            Ok(_) => return Heard::Nothing,
            Err(_) => return Heard::Failed,
        };
        // Nobody may wait for it any more.
        let _ = begun.map(|begun| begun.send(()));
        self.is_listening.store(true, Ordering::Relaxed);
        let heard = self.hear_events(response, last_id, hearing).await;
        self.is_listening.store(false, Ordering::Relaxed);
        heard
    }

    async fn hear_events(
        self: &Arc<Self>,
        mut response: Response,
        last_id: &mut Option<String>,
        hearing: &Arc<Hearing>,
    ) -> Heard {
        let mut events = Events::new(self.max_message);
        while let Ok(Some(chunk)) = response.chunk().await {
            events.add(&chunk);
            // A server that sends without end must leave a turn to whoever closes the client.
            tokio::task::consume_budget().await;
            loop {
                match events.next() {
                    Ok(Some(event)) => {
                        let is_message = matches!(event.kind.as_str(), "" | "message");
                        let data = event.data.filter(|data| is_message && !data.is_empty());
                        if let Some(data) = data {
                            self.hear_message(&data, hearing);
                        }
                    }
                    Ok(None) => break,
                    Err(_) => return Heard::Failed,
                }
            }
            if let Some(id) = events.last_id() {
                *last_id = Some(id.to_owned());
            }
        }
        Heard::Stream {
            retry: events.retry(),
        }
    }

    fn hear_message(self: &Arc<Self>, data: &[u8], hearing: &Arc<Hearing>) {
        let messages = match Incoming::parse(data) {
            Ok(Incoming::Single(message)) => vec![message],
            Ok(Incoming::Batch(messages)) => messages.into_iter().flatten().collect(),
            Err(rejected) => {
                tracing::warn!(server = %self.server, %rejected, "the server sent what is no message");
                return;
            }
        };
        for message in messages {
            match message {
                Message::Notification(notification) => hearing.notification(&notification, None),
                Message::Request(request) => {
                    let outlet: Arc<dyn Outlet> = self.clone();
                    hearing.request(&request, outlet, None);
                }
                // No answer comes here.
                Message::Response(_) => {}
            }
        }
    }
}

/// What came of listening once.
enum Heard {
    /// There is nothing to hear, now and later.
    Nothing,
    /// A stream, until it ended.
    Stream { retry: Option<Duration> },
    /// Nothing, perhaps later.
    Failed,
}

/// How long its beginning is waited for.
const BEGINNING: Duration = Duration::from_secs(1);

/// How long to wait before the stream is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// The shortest such wait, whatever the server says. What it says beyond that is respected, however long.
const MIN_RETRY: Duration = Duration::from_millis(100);

/// The longest wait after attempts that failed, where the server does not say.
const MAX_RETRY: Duration = Duration::from_mins(1);

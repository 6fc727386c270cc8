//! Hearing of changes, in both eras
//! ([2026-07-28, subscriptions](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions)).

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use midfield_protocol::Call;
use midfield_protocol::types::Filter;
use midfield_protocol::wire::Changed;
use midfield_protocol::wire::client::{TaskState, Told};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::core::Core;
use super::error::ServerError;
use super::retries::pause;
use super::run::{self, Settings};
use super::{Client, Error};

/// Something that is no longer what it was.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources, or of templates.
    Resources,
    /// The resource at this URI.
    Resource(String),
    /// A task, with all that there is to tell of it.
    Task(Box<TaskState>),
}

/// What a server tells of changes, as a stream. It ends when the server can no longer be listened to; dropping it ends the
/// subscription.
///
/// What may have changed while a connection was lost is told as a change when there is one again.
#[derive(Debug)]
pub struct Subscription {
    changes: mpsc::Receiver<Change>,
    accepted: Filter,
    _end: DropGuard,
}

impl Subscription {
    /// What of the wish the server tells. The rest it does not know how to.
    pub fn accepted(&self) -> &Filter {
        &self.accepted
    }

    /// The next change; `None` when there will be no more.
    ///
    /// # Cancel safety
    /// No change is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Change> {
        self.changes.recv().await
    }
}

impl Stream for Subscription {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Change>> {
        self.changes.poll_recv(context)
    }
}

impl Client {
    /// Hears of changes from now on: of lists, of resources by their URIs, and in 2026-07-28 of tasks by their ids.
    ///
    /// # Errors
    /// When the server refuses, or does not offer it at all.
    pub async fn subscribe(&self, filter: Filter) -> Result<Subscription, Error> {
        subscribe(&self.0, filter).await
    }
}

pub(super) async fn subscribe(core: &Arc<Core>, filter: Filter) -> Result<Subscription, Error> {
    let end = CancellationToken::new();
    // Whatever comes of it, nobody listens any more when this is gone.
    let ended = end.clone().drop_guard();
    let (sender, changes) = mpsc::channel(WAITING);
    let (accept, accepted) = oneshot::channel();
    let has_streams = core
        .connection()
        .codec
        .has_words_for(&Call::Listen(Filter::default()));
    let accepted = if has_streams {
        let listener = Listener {
            core: core.clone(),
            filter,
            sender,
            accept: Some(accept),
        };
        let stop = core.hearing.stop().clone();
        core.hearing.tasks().spawn(async move {
            tokio::select! {
                () = listener.listen() => {}
                () = end.cancelled() => {}
                () = stop.cancelled() => {}
            }
        });
        let patience = core.options.timeout;
        let answered = tokio::time::timeout(patience, accepted).await;
        answered.map_err(|_| Error::Timeout {
            server: core.server.clone(),
            method: "subscriptions/listen".into(),
            after: patience,
            hint: "it did not say what of it it will tell".into(),
        })?
    } else {
        // Of its own, so that what was begun is ended when nobody waits for it any more.
        let session = Session::new(core, filter, sender);
        core.hearing.tasks().spawn(session.run(accept, end));
        accepted.await
    };
    Ok(Subscription {
        changes,
        accepted: accepted.unwrap_or(Err(Error::Closed))?,
        _end: ended,
    })
}

/// A stream of its own, asked for again when it breaks.
struct Listener {
    core: Arc<Core>,
    filter: Filter,
    sender: mpsc::Sender<Change>,
    /// Whoever waits for the beginning.
    accept: Option<oneshot::Sender<Result<Filter, Error>>>,
}

impl Listener {
    async fn listen(mut self) {
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let (has_begun, error) = self.listen_once().await;
            if let Some(accept) = self.accept.take() {
                // Whoever asked may have gone.
                let _ = accept.send(Err(error));
                return;
            }
            // One that breaks off again and again is asked for less and less often.
            failures = if has_begun && begun.elapsed() > STEADY {
                1
            } else {
                failures + 1
            };
            let is_final = matches!(
                error,
                Error::Refused(_) | Error::Closed | Error::Unsayable(_)
            );
            let is_hopeless = !has_begun && (is_final || failures > ATTEMPTS);
            if is_hopeless || self.sender.is_closed() {
                tracing::warn!(server = %self.core.server, %error, "a subscription ended");
                return;
            }
            tokio::time::sleep(pause(failures)).await;
        }
    }

    /// Listens until the stream ends; whether it had begun, and why it ended.
    async fn listen_once(&mut self) -> (bool, Error) {
        let core = self.core.clone();
        let connection = core.connection();
        let call = Call::Listen(self.filter.clone());
        let outgoing = match run::write(&core, &connection, &call, &Settings::default()) {
            Ok(outgoing) => outgoing,
            Err(error) => return (false, error),
        };
        let (sender, mut told) = mpsc::channel(WAITING);
        let _heard = core.hearing.subscribe(outgoing.id, sender);
        let mut request = std::pin::pin!(connection.link.request(&outgoing, &core.hearing));
        let mut has_begun = false;
        loop {
            tokio::select! {
                biased;
                Some(told) = told.recv() => match told {
                    Told::Acknowledged(accepted) if !has_begun => {
                        has_begun = true;
                        self.begin(accepted).await;
                    }
                    told => self.tell(told).await,
                },
                answer = &mut request => {
                    let error = match answer {
                        Ok(Ok(_)) => Error::Interrupted {
                            server: core.server.clone(),
                            detail: "the server ended the subscription".into(),
                        },
                        Ok(Err(error)) => Error::Refused(ServerError::new("subscriptions/listen", error)),
                        Err(failure) => {
                            if failure.is_gone {
                                // Another attempt finds out whether that has helped.
                                let _ = core.reopen(connection.number).await;
                            }
                            failure.error
                        }
                    };
                    return (has_begun, error);
                }
            }
        }
    }

    async fn begin(&mut self, accepted: Filter) {
        if let Some(accept) = self.accept.take() {
            // Whoever asked may have gone.
            let _ = accept.send(Ok(accepted));
            return;
        }
        // Nobody listened for a while.
        self.core.cache.clear();
        for change in all(&accepted) {
            let _ = self.sender.send(change).await;
        }
    }

    async fn tell(&self, told: Told) {
        if let Some(change) = change(told) {
            let _ = self.sender.send(change).await;
        }
    }
}

/// What a session tells by itself, of which a part is wanted.
struct Session {
    core: Arc<Core>,
    filter: Filter,
    sender: mpsc::Sender<Change>,
    news: tokio::sync::broadcast::Receiver<Told>,
    /// Tells that there is another connection, whose server knows nothing of the subscription.
    number: watch::Receiver<u64>,
}

impl Session {
    fn new(core: &Arc<Core>, mut filter: Filter, sender: mpsc::Sender<Change>) -> Self {
        let number = core.number.subscribe();
        let news = core.hearing.news();
        let connection = core.connection();
        let offered = connection.server.capabilities.clone().unwrap_or_default();
        let is_announced = |list: Option<Option<bool>>| list.flatten() == Some(true);
        filter.tools_list_changed &= is_announced(offered.tools.map(|tools| tools.list_changed));
        filter.prompts_list_changed &=
            is_announced(offered.prompts.map(|prompts| prompts.list_changed));
        let resources = offered.resources.unwrap_or_default();
        filter.resources_list_changed &= resources.list_changed == Some(true);
        if resources.subscribe != Some(true) {
            filter.resource_subscriptions.clear();
        }
        Self {
            core: core.clone(),
            filter,
            sender,
            news,
            number,
        }
    }

    /// Subscribes, says so, and listens until it is stopped.
    async fn run(self, accept: oneshot::Sender<Result<Filter, Error>>, stopped: CancellationToken) {
        let begun = self.begin().await.map(|()| self.filter.clone());
        let has_begun = begun.is_ok();
        // Whoever asked may have gone; then it is stopped as well.
        let _ = accept.send(begun);
        if has_begun {
            self.listen(stopped).await;
        }
    }

    async fn begin(&self) -> Result<(), Error> {
        for (index, uri) in self.filter.resource_subscriptions.iter().enumerate() {
            let begun = self.core.wanted.begin(uri, self.subscribe(uri)).await;
            if let Err(error) = begun {
                self.unsubscribe(index).await;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn subscribe(&self, uri: &str) -> Result<(), Error> {
        let uri = Cow::Owned(uri.to_owned());
        self.ask(Call::Subscribe { uri }).await
    }

    /// The same in a session that knows nothing of it.
    async fn subscribe_anew(&self) -> Result<(), Error> {
        for uri in &self.filter.resource_subscriptions {
            self.subscribe(uri).await?;
        }
        Ok(())
    }

    /// Ends what was said of the first `count` URIs, unless another subscription is about them too.
    async fn unsubscribe(&self, count: usize) {
        for uri in self.filter.resource_subscriptions.iter().take(count) {
            let call = Call::Unsubscribe {
                uri: Cow::Owned(uri.clone()),
            };
            if let Err(error) = self.core.wanted.end(uri, self.ask(call)).await {
                tracing::debug!(server = %self.core.server, %error, "a subscription could not be ended");
            }
        }
    }

    async fn ask(&self, call: Call<'static>) -> Result<(), Error> {
        let settings = Settings {
            is_safe: true,
            ..Settings::default()
        };
        run::run(&self.core, call, &settings).await.map(drop)
    }

    async fn listen(mut self, stopped: CancellationToken) {
        let stop = self.core.hearing.stop().clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = stopped.cancelled() => break,
                changed = self.number.changed() => {
                    if changed.is_err() || self.subscribe_anew().await.is_err() {
                        return;
                    }
                    for change in all(&self.filter) {
                        let _ = self.sender.send(change).await;
                    }
                }
                told = self.news.recv() => match told {
                    Ok(told) => self.tell(told).await,
                    // What was missed may have been any of it.
                    Err(RecvError::Lagged(_)) => {
                        for change in all(&self.filter) {
                            let _ = self.sender.send(change).await;
                        }
                    }
                    Err(RecvError::Closed) => return,
                },
            }
        }
        self.unsubscribe(usize::MAX).await;
    }

    async fn tell(&self, told: Told) {
        let is_wanted = match &told {
            Told::Changed(Changed::Tools) => self.filter.tools_list_changed,
            Told::Changed(Changed::Prompts) => self.filter.prompts_list_changed,
            Told::Changed(Changed::Resources) => self.filter.resources_list_changed,
            Told::ResourceUpdated { uri } => self.filter.resource_subscriptions.contains(uri),
            Told::Task(state) => self.filter.task_ids.contains(&state.task.id),
            _ => false,
        };
        if let Some(change) = change(told).filter(|_| is_wanted) {
            let _ = self.sender.send(change).await;
        }
    }
}

fn change(told: Told) -> Option<Change> {
    match told {
        Told::Changed(Changed::Tools) => Some(Change::Tools),
        Told::Changed(Changed::Prompts) => Some(Change::Prompts),
        Told::Changed(Changed::Resources) => Some(Change::Resources),
        Told::ResourceUpdated { uri } => Some(Change::Resource(uri)),
        Told::Task(state) => Some(Change::Task(state)),
        _ => None,
    }
}

/// Everything that a subscription is about but tasks, whose state would have to be asked for.
fn all(filter: &Filter) -> Vec<Change> {
    let lists = [
        (filter.tools_list_changed, Change::Tools),
        (filter.prompts_list_changed, Change::Prompts),
        (filter.resources_list_changed, Change::Resources),
    ];
    let lists = lists
        .into_iter()
        .filter_map(|(is_wanted, change)| is_wanted.then_some(change));
    let resources = filter
        .resource_subscriptions
        .iter()
        .cloned()
        .map(Change::Resource);
    lists.chain(resources).collect()
}

/// Changes that wait for a slow reader.
const WAITING: usize = 256;

/// How long a subscription lasts that is as good as one that never breaks off.
const STEADY: Duration = Duration::from_mins(1);

/// How often in a row a subscription is asked for again without success.
const ATTEMPTS: usize = 8;

//! What the handles of one client share: the connection, and what is known of the server.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use midfield_protocol::types::ServerCapabilities;
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::ClientDescription;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore, watch};

use super::cache::Cache;
use super::connect::{Connecting, Connection};
use super::hear::Hearing;
use super::link::Unclaimed;
use super::options::Options;
use super::receiver::Receiving;
use super::tools::Tools;
use super::wanted::Wanted;
use super::{ClientBuilder, Error, Target};

#[derive(Debug)]
pub(super) struct Core {
    target: Target,
    pub(super) server: Arc<str>,
    pub(super) options: Options,
    pub(super) description: ClientDescription,
    pub(super) hearing: Arc<Hearing>,
    pub(super) cache: Arc<Cache>,
    pub(super) tools: Tools,
    pub(super) wanted: Wanted,
    connection: RwLock<Arc<Connection>>,
    /// The number of the connection, for those who have to do something when it is made anew.
    pub(super) number: watch::Sender<u64>,
    /// Held while the connection is made anew, by one of those who miss it.
    reopening: Mutex<()>,
    ids: Arc<AtomicI64>,
    /// How many requests may be under way at once.
    pub(super) room: Semaphore,
    /// Requests may be dropped where there is no runtime.
    pub(super) runtime: Handle,
    is_closed: AtomicBool,
}

impl Core {
    pub(super) async fn open(builder: ClientBuilder, target: Target) -> Result<Arc<Self>, Error> {
        let mut description = builder.description;
        builder.handlers.declare(&mut description.capabilities);
        let server: Arc<str> = target.server().into();
        let cache = Arc::<Cache>::default();
        let receiving = Receiving::of(builder.receiver, &target, &mut description.capabilities)?;
        let hearing = Hearing::new(
            server.clone(),
            builder.handlers,
            builder.on_log,
            cache.clone(),
            receiving.clone(),
        );
        let ids = Arc::new(AtomicI64::new(1));
        let connecting = Connecting {
            target: &target,
            server: &server,
            options: &builder.options,
            description: &description,
            hearing: &hearing,
            next_id: &|| ids.fetch_add(1, Ordering::Relaxed),
            known: None,
        };
        // What a server asks before it has said what it speaks is not answered when nothing comes of it.
        let ended = hearing.stop().clone().drop_guard();
        let connection = Box::pin(connecting.connect(0)).await?;
        ended.disarm();
        let core = Arc::new(Self {
            target,
            server,
            options: builder.options,
            description,
            hearing,
            cache,
            tools: Tools::default(),
            wanted: Wanted::default(),
            connection: RwLock::new(Arc::new(connection)),
            number: watch::Sender::new(0),
            reopening: Mutex::default(),
            ids,
            room: Semaphore::new(MAX_IN_FLIGHT),
            runtime: Handle::current(),
            is_closed: AtomicBool::new(false),
        });
        if let Some(receiving) = receiving {
            receiving.attach(&core);
        }
        Ok(core)
    }

    pub(super) fn connection(&self) -> Arc<Connection> {
        self.connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn next_id(&self) -> i64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether there may be another connection after this one.
    pub(super) fn can_reopen(&self) -> bool {
        self.target.can_reopen()
    }

    /// Makes the connection anew after that with this number was lost; others may have done so meanwhile.
    pub(super) async fn reopen(&self, lost: u64) -> Result<(), Error> {
        let codec = self.connection().codec;
        self.reopen_as(lost, Some(codec)).await
    }

    /// The same, and finds out anew what the server speaks: it may be another one by now.
    pub(super) async fn reopen_anew(&self, lost: u64) -> Result<(), Error> {
        self.reopen_as(lost, None).await
    }

    async fn reopen_as(&self, lost: u64, known: Option<Codec>) -> Result<(), Error> {
        let _alone = self.reopening.lock().await;
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let before = self.connection();
        if before.number != lost {
            return Ok(());
        }
        tracing::info!(server = %self.server, "the connection is made anew");
        before.link.close().await;
        self.hearing.withdraw_all();
        let connecting = Connecting {
            target: &self.target,
            server: &self.server,
            options: &self.options,
            description: &self.description,
            hearing: &self.hearing,
            next_id: &|| self.next_id(),
            known,
        };
        // A rare event is not carried by every request.
        let connected = Box::pin(connecting.connect(lost + 1));
        let connected = self.hearing.stop().run_until_cancelled(connected).await;
        let connection = connected.unwrap_or(Err(Error::Closed))?;
        // What was learned in another session is not known of this one.
        self.cache.clear();
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(connection);
        self.number.send_replace(lost + 1);
        // Whoever closed the client meanwhile may have seen only the connection before.
        if self.is_closed.load(Ordering::Relaxed) {
            self.connection().link.close().await;
            return Err(Error::Closed);
        }
        Ok(())
    }

    /// Who is told of the task that a call has become though it was cancelled.
    pub(super) fn unclaimed(self: &Arc<Self>) -> Weak<dyn Unclaimed> {
        Arc::downgrade(self) as Weak<dyn Unclaimed>
    }

    /// Ends the connection in good order.
    pub(super) async fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.hearing.stop().cancel();
        self.connection().link.close().await;
    }

    /// Whether the server offers something; one that did not say what it offers is believed to.
    pub(super) fn offers(&self, is_offered: impl FnOnce(&ServerCapabilities) -> bool) -> bool {
        let connection = self.connection();
        connection
            .server
            .capabilities
            .as_ref()
            .is_none_or(is_offered)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.hearing.stop().cancel();
    }
}

/// Most requests that are under way at once; more wait for their turn.
const MAX_IN_FLIGHT: usize = 1_024;

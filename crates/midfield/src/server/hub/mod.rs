//! Who hears of changes: listeners with what each has not heard yet.
//!
//! A change is a fact and no message: what a slow reader has not heard is a set that cannot grow beyond
//! what it listens to, and nobody waits for it.

mod listener;
mod shares;

pub(crate) use listener::{Listener, News};
pub(crate) use shares::{Seat, Share, TooMany};

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use midfield_protocol::types::{Filter, TaskView};
use midfield_protocol::wire::{Changed, Codec};
use midfield_protocol::{Principal, Raw};

use self::listener::Shared;
use self::shares::{STREAM, Shares};
use super::questions::SessionKey;

/// All listeners of a server.
#[derive(Debug)]
pub(crate) struct Hub(Mutex<Listeners>);

#[derive(Debug)]
struct Listeners {
    next: u64,
    all: HashMap<u64, Arc<Shared>>,
    by_uri: HashMap<Arc<str>, HashSet<u64>>,
    by_session: HashMap<SessionKey, u64>,
    by_task: HashMap<String, HashSet<u64>>,
    shares: Shares,
}

/// Who listens, and to what.
#[derive(Clone, Debug)]
pub(crate) struct Interest {
    /// How it is spoken to.
    pub(crate) codec: Codec,
    /// Whose it is.
    pub(crate) principal: Principal,
    /// Which changes.
    pub(crate) filter: Filter,
    /// The extensions that it has negotiated.
    pub(crate) extensions: BTreeSet<String>,
    /// The session that it is in, where it is in one.
    pub(crate) session: Option<SessionKey>,
}

impl Hub {
    /// Nobody listens yet, and one principal may have no more than `most`.
    pub(crate) fn new(most: Share) -> Self {
        Self(Mutex::new(Listeners {
            next: 0,
            all: HashMap::new(),
            by_uri: HashMap::new(),
            by_session: HashMap::new(),
            by_task: HashMap::new(),
            shares: Shares::new(most),
        }))
    }

    /// Takes the place of one more stream by which `principal` listens.
    ///
    /// # Errors
    /// When it has as many as it may.
    pub(crate) fn seat(self: &Arc<Self>, principal: &Principal) -> Result<Seat, TooMany> {
        {
            let shares = &mut self.listeners().shares;
            shares.check(principal, STREAM)?;
            shares.take(principal, STREAM);
        }
        Ok(Seat::new(self.clone(), principal.clone()))
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// When these are more resources than can be subscribed to, beside all that others are subscribed to.
    pub(crate) fn listen(self: &Arc<Self>, interest: Interest) -> Result<Listener, TooMany> {
        let Interest {
            codec,
            principal,
            filter,
            extensions,
            session,
        } = interest;
        let uris = &filter.resource_subscriptions;
        if uris.len() > MAX_SUBSCRIPTIONS {
            return Err(TooMany::Resources);
        }
        let mut listeners = self.listeners();
        let names = uris.iter().chain(&filter.task_ids);
        listeners.shares.check(&principal, Share::of_all(names))?;
        let number = listeners.next;
        listeners.next += 1;
        if let Some(session) = session {
            listeners.by_session.insert(session, number);
        }
        for uri in uris {
            listeners.subscribe(number, &principal, uri);
        }
        for id in &filter.task_ids {
            let numbers = listeners.by_task.entry(id.clone()).or_default();
            numbers.insert(number);
        }
        let shared = Arc::new(Shared::new(principal.clone(), filter, extensions));
        listeners.all.insert(number, shared.clone());
        Ok(Listener {
            codec,
            hub: self.clone(),
            number,
            principal,
            session,
            shared,
        })
    }

    /// Tells everybody whom it concerns that a list has changed.
    pub(crate) fn list_changed(&self, list: Changed) {
        let everybody: Vec<Arc<Shared>> = self.listeners().all.values().cloned().collect();
        for listener in everybody {
            listener.hear(|unheard| {
                let listens = match list {
                    Changed::Tools => unheard.filter.tools_list_changed,
                    Changed::Prompts => unheard.filter.prompts_list_changed,
                    Changed::Resources => unheard.filter.resources_list_changed,
                };
                if listens {
                    unheard.lists.insert(list);
                }
                listens
            });
        }
    }

    /// Tells those who are subscribed to it that the resource at `uri` has changed.
    pub(crate) fn resource_updated(&self, uri: &str) {
        let subscribed: Vec<(Arc<str>, Arc<Shared>)> = {
            let listeners = self.listeners();
            let Some((uri, numbers)) = listeners.by_uri.get_key_value(uri) else {
                return;
            };
            numbers
                .iter()
                .filter_map(|number| Some((uri.clone(), listeners.all.get(number)?.clone())))
                .collect()
        };
        for (uri, listener) in subscribed {
            listener.hear(|unheard| unheard.resources.insert(uri));
        }
    }

    /// Tells whoever listens in a session something that concerns nobody else.
    pub(crate) fn tell_session(&self, session: SessionKey, message: Vec<u8>) {
        let listener = {
            let listeners = self.listeners();
            listeners
                .by_session
                .get(&session)
                .and_then(|number| listeners.all.get(number).cloned())
        };
        if let Some(listener) = listener {
            listener.tell(News::Message(message));
        }
    }

    /// The tasks that somebody listens to, and who does.
    pub(crate) fn listened_tasks(&self) -> Vec<(String, Principal)> {
        let everybody: Vec<_> = self.listeners().all.values().cloned().collect();
        let tasks = everybody.iter().flat_map(|listener| {
            let unheard = listener.unheard();
            let ids = unheard.filter.task_ids.iter();
            let listened = ids.map(|id| (id.clone(), listener.principal.clone()));
            listened.collect::<Vec<_>>()
        });
        tasks.collect()
    }

    /// Whether anybody listens to a task that was asked for in `session`.
    pub(crate) fn is_listened_to(&self, id: &str, session: Option<SessionKey>) -> bool {
        let listeners = self.listeners();
        let is_in_session = session.is_some_and(|it| listeners.by_session.contains_key(&it));
        is_in_session || listeners.by_task.contains_key(id)
    }

    /// Tells how a task is: those who listen to it and are its owner, and the session that it was asked for in.
    pub(crate) fn task_changed(
        &self,
        task: &Arc<TaskView>,
        session: Option<SessionKey>,
        is_owner: impl Fn(&Principal) -> bool,
    ) {
        let told: Vec<Arc<Shared>> = {
            let listeners = self.listeners();
            let by_task = listeners.by_task.get(task.task.id.as_str());
            let by_session = session.and_then(|session| listeners.by_session.get(&session));
            let numbers = by_task.into_iter().flatten().chain(by_session);
            numbers
                .filter_map(|number| listeners.all.get(number).cloned())
                .collect()
        };
        for listener in told.iter().filter(|it| is_owner(&it.principal)) {
            listener.hear(|unheard| {
                unheard.tasks.insert(task.task.id.clone(), task.clone());
                true
            });
        }
    }

    /// Tells everybody who has negotiated an extension.
    pub(crate) fn tell_extension(&self, extension: &str, method: &str, params: &Raw) {
        let everybody: Vec<Arc<Shared>> = self.listeners().all.values().cloned().collect();
        let method: Arc<str> = method.into();
        for listener in everybody {
            if listener.unheard().extensions.contains(extension) {
                listener.tell(News::Extension {
                    method: method.clone(),
                    params: params.clone(),
                });
            }
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn subscribe(&mut self, number: u64, principal: &Principal, uri: &str) {
        let is_new = match self.by_uri.get_mut(uri) {
            Some(numbers) => numbers.insert(number),
            None => self
                .by_uri
                .insert(uri.into(), HashSet::from([number]))
                .is_none(),
        };
        if is_new {
            self.shares.take(principal, Share::of(uri));
        }
    }

    fn unsubscribe(&mut self, number: u64, principal: &Principal, uri: &str) {
        if let Some(numbers) = self.by_uri.get_mut(uri) {
            if numbers.remove(&number) {
                self.shares.give_back(principal, Share::of(uri));
            }
            if numbers.is_empty() {
                self.by_uri.remove(uri);
            }
        }
    }
}

/// Most resources that one listener is subscribed to.
const MAX_SUBSCRIPTIONS: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::task::{Context as TaskContext, Poll, Waker};

    use super::listener::MAX_MESSAGES;
    use super::*;

    fn hub() -> Arc<Hub> {
        Arc::new(Hub::new(Share {
            streams: 1,
            bytes: 1_000,
        }))
    }

    fn listen(hub: &Arc<Hub>, interest: Interest) -> Listener {
        hub.listen(interest).expect("room")
    }

    fn news(listener: &Listener) -> Vec<News> {
        let mut task = TaskContext::from_waker(Waker::noop());
        std::iter::from_fn(|| match listener.poll_news(&mut task) {
            Poll::Ready(news) => Some(news),
            Poll::Pending => None,
        })
        .collect()
    }

    fn interest(uris: &[&str]) -> Interest {
        let mut filter = Filter::default();
        filter.tools_list_changed = true;
        filter.resource_subscriptions = uris.iter().map(|uri| (*uri).to_owned()).collect();
        Interest {
            codec: Codec::new(midfield_protocol::Revision::NEWEST_LEGACY),
            principal: Principal::Anonymous,
            filter,
            extensions: BTreeSet::from(["a/b".to_owned()]),
            session: Some([7; 16]),
        }
    }

    #[test]
    fn a_listener_hears_what_it_asked_for_and_each_change_once() {
        let hub = hub();
        let listener = listen(&hub, interest(&["a:1"]));
        for _ in 0..1_000 {
            hub.list_changed(Changed::Tools);
            hub.list_changed(Changed::Prompts);
            hub.resource_updated("a:1");
            hub.resource_updated("a:2");
        }
        let expected = [News::List(Changed::Tools), News::Resource("a:1".into())];
        assert_eq!(news(&listener), expected);
        assert_eq!(news(&listener), []);
    }

    #[test]
    fn only_those_hear_of_an_extension_who_negotiated_it() {
        let hub = hub();
        let params = Raw::of(&1).expect("JSON");
        let aware = listen(&hub, interest(&[]));
        let nothing = Interest {
            filter: Filter::default(),
            extensions: BTreeSet::new(),
            session: None,
            ..interest(&[])
        };
        let unaware = listen(&hub, nothing);
        hub.tell_extension("a/b", "a/happened", &params);
        let expected = News::Extension {
            method: "a/happened".into(),
            params,
        };
        assert_eq!(news(&aware), [expected]);
        assert_eq!(news(&unaware), []);
    }

    #[test]
    fn nothing_is_heard_of_a_resource_after_it_was_unsubscribed() {
        let hub = hub();
        let listener = listen(&hub, interest(&[]));
        listener.subscribe("a:1").expect("room");
        hub.resource_updated("a:1");
        listener.unsubscribe("a:1");
        hub.resource_updated("a:1");
        assert_eq!(news(&listener), []);
        drop(listener);
        assert!(hub.listeners().all.is_empty() && hub.listeners().by_uri.is_empty());
    }

    #[test]
    fn what_a_principal_is_subscribed_to_counts_once_and_until_it_ends() {
        let hub = hub();
        let as_one = |uris: &[&str]| Interest {
            principal: Principal::identified("us", "one"),
            ..interest(uris)
        };
        // Three and no four fit into 1,000 bytes.
        let listener = listen(&hub, as_one(&["a:1", "a:1"]));
        listener.subscribe("a:1").expect("it is already");
        listener.subscribe("a:2").expect("room");
        let other = listen(&hub, as_one(&["a:1"]));
        assert_eq!(listener.subscribe("a:3"), Err(TooMany::Bytes));
        assert!(hub.listen(as_one(&["a:3"])).is_err());
        let somebody_else = listen(&hub, interest(&["a:3"]));
        listener.unsubscribe("a:2");
        listener.unsubscribe("a:2");
        listener.subscribe("a:3").expect("room again");
        let seat = hub.seat(&listener.principal).expect("room");
        assert_eq!(hub.seat(&listener.principal).err(), Some(TooMany::Streams));
        drop((listener, other, somebody_else, seat));
        assert!(hub.listeners().shares.are_empty());
    }

    #[test]
    fn subscriptions_and_messages_have_limits() {
        let hub = hub();
        let listener = listen(&hub, interest(&[]));
        for number in 0..MAX_SUBSCRIPTIONS {
            listener.subscribe(&format!("a:{number}")).expect("room");
        }
        assert_eq!(listener.subscribe("a:more"), Err(TooMany::Resources));
        assert_eq!(listener.subscribe("a:1"), Ok(()));
        for number in 0..=u8::try_from(MAX_MESSAGES).expect("a small limit") {
            hub.tell_session([7; 16], vec![number]);
        }
        hub.tell_session([8; 16], vec![0]);
        let heard = news(&listener);
        assert_eq!(heard.len(), MAX_MESSAGES);
        assert_eq!(heard[0], News::Message(vec![1]));
    }
}

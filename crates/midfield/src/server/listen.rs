//! A subscription of revision 2026-07-28: an acknowledgement, then what has changed, until either side
//! ends it
//! ([subscriptions](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions)).

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::Filter;
use midfield_protocol::wire::Codec;
use midfield_protocol::{Answer, wire};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::exchange::Step;
use super::hub::{Listener, News, Seat};

/// A subscription at work.
pub(super) struct Listening {
    listener: Listener,
    _seat: Seat,
    subscription: RequestId,
    acknowledged: Option<Filter>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Listening {
    /// The subscription that the request `subscription` opens; `stop` ends it.
    pub(super) fn new(
        listener: Listener,
        seat: Seat,
        filter: Filter,
        subscription: RequestId,
        stop: CancellationToken,
    ) -> Self {
        Self {
            listener,
            _seat: seat,
            subscription,
            acknowledged: Some(filter),
            stop: Box::pin(stop.cancelled_owned()),
        }
    }

    pub(super) fn poll_step(&mut self, task: &mut TaskContext<'_>) -> Poll<Step> {
        if let Some(filter) = self.acknowledged.take() {
            let written = wire::acknowledged(&filter, &self.subscription);
            return Self::say(written);
        }
        if self.stop.as_mut().poll(task).is_ready() {
            return Poll::Ready(Step::Done(Ok(Answer::ListenEnded {
                subscription: self.subscription.clone(),
            })));
        }
        match self.listener.poll_news(task) {
            Poll::Ready(news) => {
                let written = written(self.listener.codec(), &news, Some(&self.subscription));
                Self::say(written)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn say(written: Result<Vec<u8>, serde_json::Error>) -> Poll<Step> {
        Poll::Ready(match written {
            Ok(event) => Step::Event(event),
            Err(error) => {
                tracing::error!(%error, "a notification cannot be written as JSON");
                Step::Done(Err(midfield_protocol::Error::Internal))
            }
        })
    }
}

/// The notification that tells `news`, on a subscription or in a session.
pub(crate) fn written(
    codec: Codec,
    news: &News,
    subscription: Option<&RequestId>,
) -> Result<Vec<u8>, serde_json::Error> {
    match news {
        News::List(list) => wire::list_changed(*list, subscription),
        News::Resource(uri) => wire::resource_updated(uri, subscription),
        News::Task(task) => wire::task_status(codec, task, subscription),
        News::Message(message) => Ok(message.clone()),
        News::Extension { method, params } => wire::custom(method, params, subscription),
    }
}

//! A session's own stream, and streams that a client comes back to
//! ([2025-11-25, listening](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#listening-for-messages-from-the-server)).

use http::{HeaderMap, HeaderName, StatusCode};

use super::Legacy;
use super::place::Place;
use crate::transport::http::guard::{self, Header, single};
use crate::transport::http::reply::Reply;
use crate::transport::http::stream::EventId;

impl Legacy<'_> {
    /// Opens the stream by which the session hears what belongs to no request, or goes on with the stream
    /// that the client names by the last event that it has seen.
    ///
    /// An event may be known no longer: after a while, after a restart, at another replica. Its client would
    /// take 404 for the end of its session, and gives up to listen after other refusals. It hears what is said
    /// from now on, unless somebody hears that already, from whom it would take the stream away. So it is
    /// with the events of others, which nobody can tell from unknown ones.
    pub(in crate::transport::http) fn listen(self, headers: &HeaderMap) -> Reply {
        if !guard::accepts_events(headers) {
            return Reply::refuse(
                StatusCode::NOT_ACCEPTABLE,
                "the Accept header must list text/event-stream",
            );
        }
        let session = match self.place(headers) {
            Ok(Place::Session(session)) => session,
            Ok(Place::None { .. }) => return self.not_allowed(),
            Err(reply) => return reply,
        };
        let last = match single(headers, &LAST_EVENT_ID) {
            Header::Absent => None,
            Header::Single(id) => Some(id),
            Header::Invalid => return no_such_event(),
        };
        let Ok(seat) = self.endpoint.service.hub().seat(self.principal) else {
            return Reply::too_many_streams();
        };
        let left_behind = self.endpoint.left_behind.clone();
        let ends = session.remaining(self.now);
        let sessions = &self.endpoint.sessions;
        if let Some(event) = last.and_then(|id| id.parse::<EventId>().ok())
            && let Some(stream) = sessions.find_stream(&session, event)
        {
            return Reply::Read {
                reader: stream.reader(Some(event.number), left_behind),
                seat,
                // An answer that is on its way may still come when the session is over.
                ends: stream.is_about_changes().then_some(ends),
            };
        }
        let Ok(stream) = sessions.own_stream(&session, &self.endpoint.service, self.now) else {
            return Reply::refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many sessions listen; try again later",
            );
        };
        if last.is_some() && stream.is_read() {
            return no_such_event();
        }
        Reply::Read {
            reader: stream.reader_from_now(left_behind),
            seat,
            ends: Some(ends),
        }
    }
}

fn no_such_event() -> Reply {
    Reply::refuse(
        StatusCode::BAD_REQUEST,
        "invalid request: Last-Event-ID names no event of this session, or none that is still kept",
    )
}

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

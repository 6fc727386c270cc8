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
        let Ok(seat) = self.service.hub().seat(self.principal) else {
            return Reply::too_many_streams();
        };
        let left_behind = self.left_behind.clone();
        let ends = session.remaining(self.now);
        let (stream, number) = match single(headers, &LAST_EVENT_ID) {
            Header::Absent => match self.sessions.own_stream(&session, self.service, self.now) {
                Ok(own_stream) => {
                    let reader = own_stream.reader_from_now(left_behind);
                    return Reply::Read {
                        reader,
                        seat,
                        ends: Some(ends),
                    };
                }
                Err(_) => {
                    return Reply::refuse(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "too many sessions listen; try again later",
                    );
                }
            },
            Header::Single(id) => {
                let event = id.parse::<EventId>().ok();
                let found = event.and_then(|event| {
                    Some((self.sessions.find_stream(&session, event)?, event.number))
                });
                match found {
                    Some(found) => found,
                    None => return no_such_event(),
                }
            }
            Header::Invalid => return no_such_event(),
        };
        // An answer that is on its way may still come when the session is over.
        let ends = stream.is_about_changes().then_some(ends);
        Reply::Read {
            reader: stream.reader(Some(number), left_behind),
            seat,
            ends,
        }
    }
}

fn no_such_event() -> Reply {
    Reply::refuse(
        StatusCode::NOT_FOUND,
        "there is no such event in this session, or no longer",
    )
}

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

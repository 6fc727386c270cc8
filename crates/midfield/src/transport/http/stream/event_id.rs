//! The id of an event, as it travels in `id` and `Last-Event-ID`.

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What nobody can guess, and the client names a stream by.
pub(in crate::transport::http) type Name = [u8; 12];

/// The id of an event: which stream, and which event of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport::http) struct EventId {
    pub(in crate::transport::http) stream: Name,
    pub(in crate::transport::http) number: u64,
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stream = Base64Display::new(&self.stream, &URL_SAFE_NO_PAD);
        write!(f, "{stream}.{}", self.number)
    }
}

/// The text is no id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport::http) struct NoEventId;

impl std::str::FromStr for EventId {
    type Err = NoEventId;

    fn from_str(text: &str) -> Result<Self, NoEventId> {
        let (stream, number) = text.split_once('.').ok_or(NoEventId)?;
        if stream.len() > 32 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoEventId);
        }
        let stream = URL_SAFE_NO_PAD.decode(stream).map_err(|_| NoEventId)?;
        Ok(Self {
            stream: stream.try_into().map_err(|_| NoEventId)?,
            number: number.parse().map_err(|_| NoEventId)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_does() {
        let id = EventId {
            stream: *b"twelve bytes",
            number: 17,
        };
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            ".",
            "a.1",
            "dHdlbHZlIGJ5dGVz",
            "dHdlbHZlIGJ5dGVz.-1",
            "dHdlbHZlIGJ5dGVz.x",
            "dHdlbHZlIGJ5dGVz.99999999999999999999999",
            "dHdlbHZlIGJ5dGVzIQ.1",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(NoEventId), "{text}");
        }
    }
}

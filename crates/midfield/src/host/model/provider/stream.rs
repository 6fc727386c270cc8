//! An answer that comes in events, put together.

use super::draft::Draft;
use super::{anthropic, open_ai};
use crate::event_stream::Events;
use crate::host::model::failure::Failure;

/// An answer that comes as a stream.
pub(super) enum Stream {
    Anthropic(anthropic::Stream),
    OpenAi(open_ai::Stream),
}

impl Stream {
    fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Anthropic(stream) => stream.take(data),
            Self::OpenAi(stream) => stream.take(data),
        }
    }

    pub(super) const fn is_done(&self) -> bool {
        match self {
            Self::Anthropic(stream) => stream.is_done(),
            Self::OpenAi(stream) => stream.is_done(),
        }
    }

    /// Takes all events that are whole. What comes after the end is not looked at.
    pub(super) fn take_all(&mut self, events: &mut Events) -> Result<(), Failure> {
        let too_large = |_| {
            Failure::unusable(format!(
                "an event of its stream is larger than {} MiB",
                MAX_EVENT >> 20
            ))
        };
        while !self.is_done()
            && let Some(event) = events.next().map_err(too_large)?
        {
            if let Some(data) = event.data {
                self.take(&data)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Draft, Failure> {
        match self {
            Self::Anthropic(stream) => stream.finish(),
            Self::OpenAi(stream) => stream.finish(),
        }
    }
}

/// Most bytes of one event.
pub(super) const MAX_EVENT: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Dialect;
    use super::super::draft::Completion;
    use super::super::names::Names;
    use super::super::open_ai::LengthField;
    use super::*;

    const STREAMS: [(Dialect, &str); 2] = [
        (
            Dialect::Anthropic,
            include_str!("../../../../tests/it/host/model/fixtures/anthropic_tools.sse"),
        ),
        (
            Dialect::OpenAi(LengthField::MaxTokens),
            include_str!("../../../../tests/it/host/model/fixtures/open_ai_tools.sse"),
        ),
    ];

    /// What a stream comes to that comes in these chunks.
    fn assembled<'a>(dialect: Dialect, chunks: impl IntoIterator<Item = &'a [u8]>) -> Completion {
        let (mut stream, mut events) = (dialect.stream(), Events::new(MAX_EVENT));
        for chunk in chunks {
            events.add(chunk);
            stream.take_all(&mut events).expect("a good stream");
        }
        let draft = stream.finish().expect("a whole stream");
        draft.finish("m", &Names::default()).expect("an answer")
    }

    proptest! {
        #[test]
        fn an_answer_is_the_same_however_its_stream_comes_in(
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
            ends_with_returns: bool,
        ) {
            for (dialect, stream) in STREAMS {
                let whole = assembled(dialect, [stream.as_bytes()]);
                let stream = if ends_with_returns { stream.replace('\n', "\r\n") } else { stream.to_owned() };
                let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
                places.extend([0, stream.len()]);
                places.sort_unstable();
                let chunks = places.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]);
                let cut = assembled(dialect, chunks);
                prop_assert_eq!(&cut.result, &whole.result);
                let spent = cut.usage.map(|it| (it.input, it.output));
                prop_assert_eq!(spent, Some((500, 89)));
            }
        }
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        for (dialect, _) in STREAMS {
            let (mut stream, mut events) = (dialect.stream(), Events::new(MAX_EVENT));
            let chunk = vec![b'x'; 1 << 20];
            let taken = (0..6).try_for_each(|_| {
                events.add(&chunk);
                stream.take_all(&mut events)
            });
            assert!(taken.expect_err("too large").to_string().contains("4 MiB"));
        }
    }
}

//! What a store keeps of a task is sealed: arguments, answers and results are as private as credentials.

use midfield_protocol::Raw;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Error, KeptAnswer};
use crate::journal::{Entry, Journal};
use crate::store::Answer;
use crate::task::TaskId;

/// Seals what is kept, and opens it again. Each piece is sealed for its place, so that nobody can move it to another.
pub trait Seal: Send + Sync + 'static {
    /// Seals `content` for `place`.
    ///
    /// # Errors
    /// When it cannot be sealed, as the operating system gives no random bytes.
    fn seal(&self, place: &[u8], content: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Opens what was sealed for `place`; `None` for all else.
    fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Something cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the contents of a task cannot be sealed: there are no random bytes")]
#[non_exhaustive]
pub struct SealError;

impl SealError {
    /// There are no random bytes.
    pub const fn new() -> Self {
        Self
    }
}

impl Default for SealError {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps everything as it is: for tests, and for stores that nobody else can read.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to set")]
pub struct Unsealed;

impl Seal for Unsealed {
    fn seal(&self, _place: &[u8], content: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(content.to_vec())
    }

    fn open(&self, _place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.to_vec())
    }
}

/// Where a piece of a task belongs.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Request,
    Notes,
    Chunk(u64),
    Answer(&'a str),
    Result,
}

impl Place<'_> {
    fn bytes(self, id: TaskId) -> Vec<u8> {
        let mut bytes = id.as_bytes().to_vec();
        match self {
            Self::Request => bytes.push(b'q'),
            Self::Notes => bytes.push(b'n'),
            Self::Chunk(number) => {
                bytes.push(b'j');
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            Self::Answer(key) => {
                bytes.push(b'a');
                bytes.extend_from_slice(key.as_bytes());
            }
            Self::Result => bytes.push(b'r'),
        }
        bytes
    }
}

/// What is asked for, as it is kept: it never changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) request: Raw,
    /// What it had learned before it was a task.
    #[serde(default, skip_serializing_if = "Journal::is_empty")]
    pub(super) journal: Journal,
}

impl Call {
    pub(super) fn new(request: Raw, mut journal: Journal) -> Self {
        journal.split_off_marks();
        Self { request, journal }
    }
}

/// Seals the JSON of `value`.
pub(super) fn seal<T: Serialize + ?Sized>(
    seal: &dyn Seal,
    id: TaskId,
    place: Place<'_>,
    value: &T,
) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(value).map_err(|_| Error::Unreadable)?;
    seal.seal(&place.bytes(id), &json).map_err(Error::Seal)
}

/// Opens and reads what [`seal`] has made.
pub(super) fn open<T: DeserializeOwned>(
    seal: &dyn Seal,
    id: TaskId,
    place: Place<'_>,
    sealed: &[u8],
) -> Result<T, Error> {
    let json = seal.open(&place.bytes(id), sealed);
    let json = json.ok_or(Error::Unreadable)?;
    serde_json::from_slice(&json).map_err(|_| Error::Unreadable)
}

/// The journal: how it began, its chunks, and the marks that belong to its end.
pub(super) fn open_journal(
    seal: &dyn Seal,
    id: TaskId,
    begun: Journal,
    chunks: &[Vec<u8>],
    marks: Vec<Entry>,
) -> Result<Journal, Error> {
    let mut entries = begun.into_entries();
    for (number, chunk) in (0..).zip(chunks) {
        let chunk: Vec<Entry> = open(seal, id, Place::Chunk(number), chunk)?;
        entries.extend(chunk);
    }
    entries.extend(marks);
    Journal::try_from(entries).map_err(|_| Error::Unreadable)
}

/// Answers by their keys.
pub(super) fn open_answers(
    seal: &dyn Seal,
    id: TaskId,
    answers: &[Answer],
) -> Result<Vec<(String, KeptAnswer)>, Error> {
    let open = |answer: &Answer| {
        let place = Place::Answer(&answer.key);
        Ok((answer.key.clone(), open(seal, id, place, &answer.answer)?))
    };
    answers.iter().map(open).collect()
}

//! The revisions of the protocol that Midfield speaks, and the rules in which they differ.
//!
//! Code asks for a rule ([`Rules::accepts_batches`]), never for a date.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A revision of the specification, named by its date. Declaration order is age order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Revision {
    /// The first published revision.
    V2024_11_05,
    /// Streamable HTTP, tool annotations, audio, batches.
    V2025_03_26,
    /// Structured tool output, elicitation, resource links; no more batches.
    V2025_06_18,
    /// Tasks, icons, URL elicitation, sampling with tools.
    V2025_11_25,
    /// Stateless requests, discovery, multi round-trip requests.
    V2026_07_28,
}

/// Which of the two protocol shapes a revision has.
///
/// The words are those of
/// [Versioning](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#terminology).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these two"
)]
pub enum Era {
    /// A session that begins with an `initialize` handshake (2025-11-25 and earlier).
    Legacy,
    /// Every request says its revision and capabilities itself (2026-07-28 and later).
    Modern,
}

/// What differs inside the legacy era; each constant reads as a diff from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one named rule per difference is the point"
)]
pub struct Rules {
    /// A body or line may be an array of messages.
    pub accepts_batches: bool,
    /// A tool carries `annotations`.
    pub tool_annotations: bool,
    /// Content may be `audio`.
    pub audio_content: bool,
    /// A progress notification may carry a `message`.
    pub progress_message: bool,
    /// A server says among its capabilities that it completes arguments.
    pub completions_capability: bool,
    /// Tools have a `title` and an `outputSchema`, results `structuredContent`, annotations
    /// `lastModified`, implementations a `title`, most things `_meta`.
    pub structured_output: bool,
    /// Content may be a `resource_link`.
    pub resource_links: bool,
    /// Tools, links and implementations have `icons`; implementations a `description` and a `websiteUrl`.
    pub icons: bool,
    /// A stream of events begins with an empty one, by which the client can come back before anything was
    /// said.
    pub primed_streams: bool,
    /// Tasks are part of the protocol itself: a client asks for one by `task`, a tool says by `execution` whether it can
    /// run as one, a server among its capabilities that it runs `tasks`.
    pub core_tasks: bool,
    /// A server may ask the client's user.
    pub elicitation: bool,
    /// A user may be asked to open a page, may choose several of a list, and choices have titles beside
    /// them; every kind of field has a default.
    pub url_elicitation: bool,
    /// A model may be given tools, and a message may hold several pieces of content.
    pub sampling_tools: bool,
}

/// A text that names no revision that Midfield speaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("unsupported protocol version {requested:?}")]
#[non_exhaustive]
pub struct UnsupportedRevision {
    /// What was asked for.
    pub requested: String,
}

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The newest revision that begins with a handshake: what an unknown request is answered with.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;

    /// What a legacy HTTP request speaks that has neither a session nor a version header
    /// ([2025-11-25, transports](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#protocol-version-header)).
    pub const ASSUMED: Self = Self::V2025_03_26;

    /// The name of the revision on the wire, such as `2025-11-25`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Which shape the revision has.
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }

    /// Its place in [`Revision::ALL`], for tables with one entry per revision.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The rules of the revision.
    pub const fn rules(self) -> Rules {
        match self {
            Self::V2024_11_05 => Rules::V2024_11_05,
            Self::V2025_03_26 => Rules::V2025_03_26,
            Self::V2025_06_18 => Rules::V2025_06_18,
            Self::V2025_11_25 => Rules::V2025_11_25,
            Self::V2026_07_28 => Rules::V2026_07_28,
        }
    }
}

impl Rules {
    const V2024_11_05: Self = Self {
        accepts_batches: false,
        tool_annotations: false,
        audio_content: false,
        progress_message: false,
        completions_capability: false,
        structured_output: false,
        resource_links: false,
        icons: false,
        primed_streams: false,
        core_tasks: false,
        elicitation: false,
        url_elicitation: false,
        sampling_tools: false,
    };
    const V2025_03_26: Self = Self {
        accepts_batches: true,
        tool_annotations: true,
        audio_content: true,
        progress_message: true,
        completions_capability: true,
        ..Self::V2024_11_05
    };
    const V2025_06_18: Self = Self {
        accepts_batches: false,
        structured_output: true,
        resource_links: true,
        elicitation: true,
        ..Self::V2025_03_26
    };
    const V2025_11_25: Self = Self {
        icons: true,
        primed_streams: true,
        core_tasks: true,
        url_elicitation: true,
        sampling_tools: true,
        ..Self::V2025_06_18
    };
    const V2026_07_28: Self = Self {
        primed_streams: false,
        core_tasks: false,
        ..Self::V2025_11_25
    };
}

impl FromStr for Revision {
    type Err = UnsupportedRevision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.as_str() == text)
            .ok_or_else(|| UnsupportedRevision {
                requested: text.to_owned(),
            })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_revision_reads_back_its_own_name_and_index() {
        for (place, revision) in Revision::ALL.into_iter().enumerate() {
            assert_eq!(revision.as_str().parse(), Ok(revision));
            assert_eq!(revision.index(), place);
        }
    }

    #[test]
    fn unknown_text_never_becomes_a_revision() {
        for text in ["", "2025-11-2", "2025-11-25 ", "2099-01-01", "latest"] {
            let refused = text.parse::<Revision>().expect_err(text);
            assert_eq!(refused.requested, text);
        }
    }

    #[test]
    fn only_one_revision_accepts_batches() {
        let accepting: Vec<_> = Revision::ALL
            .into_iter()
            .filter(|revision| revision.rules().accepts_batches)
            .collect();
        assert_eq!(accepting, [Revision::V2025_03_26]);
    }
}

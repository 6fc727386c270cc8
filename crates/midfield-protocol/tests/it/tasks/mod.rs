//! Tasks, in both protocols that speak of them: what the specification shows, what clients ask, what is refused, and
//! how a call runs.

mod asked;
mod examples;
mod runs;

use midfield_protocol::Revision;
use midfield_protocol::wire::Codec;

/// Tasks of the core.
const CORE: Codec = Codec::new(Revision::V2025_11_25);

/// Tasks by the extension.
const EXTENSION: Codec = Codec::new(Revision::V2026_07_28);

/// The revisions that have no tasks.
const BEFORE: [Revision; 3] = [
    Revision::V2024_11_05,
    Revision::V2025_03_26,
    Revision::V2025_06_18,
];

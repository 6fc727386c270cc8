//! How much of a foreign document is read before it is refused.

/// Limits on what a document may cost. A document over a limit is refused; a schema over its
/// limit is left open in its deepest parts, which is noted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the document and of all files that it refers to. Default: 64 MiB.
    pub bytes: usize,
    /// Values (objects, arrays, scalars) in all of them, aliases expanded. Default: 6 million,
    /// which take about 600 MiB.
    pub nodes: usize,
    /// Levels of nesting. Default: 120; at most 127, where the JSON reader itself stops.
    pub depth: usize,
    /// Files that references may lead to. Default: 256.
    pub files: usize,
    /// Operations that are listed; the rest is left out with a warning. Default: 100,000.
    pub operations: usize,
}

impl Limits {
    /// What is left of the limits for other files.
    pub(super) fn after(&self, bytes: usize, nodes: usize) -> Self {
        let (bytes, nodes) = (
            self.bytes.saturating_sub(bytes),
            self.nodes.saturating_sub(nodes),
        );
        Self {
            bytes,
            nodes,
            ..self.clone()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            nodes: 6_000_000,
            depth: 120,
            files: 256,
            operations: 100_000,
        }
    }
}

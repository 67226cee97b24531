//! What a cache holds.

/// What is loaded, and may be used more than once.
pub(crate) trait Reusable: Clone + Send + 'static {
    /// What one request uses of it.
    type Use: Copy + Send;

    /// Counts a use, before it happens. `false` if a limit would be exceeded; nothing is counted then.
    fn claim(&self, use_: Self::Use) -> bool;
}

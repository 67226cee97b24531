//! Groups of variables, described.

use super::Description;

/// A variable's name that is no longer read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The name before.
    pub name: &'static str,
    /// What to set in its place, as the end of "use …".
    pub by: &'static str,
}

/// A group, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// The heading in the documentation.
    pub heading: &'static str,
    /// The variables, in the order of the documentation.
    pub variables: Vec<Description>,
    /// Names that the group had before.
    pub replaced: &'static [Replaced],
}

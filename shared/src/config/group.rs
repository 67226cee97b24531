//! Groups of variables.

use super::{Describe, Description, Environment};

/// A few variables that are documented and read together, to settings of type `T`.
pub struct Group<T: 'static> {
    /// The heading in the documentation.
    pub heading: &'static str,
    /// Every variable that [`read`](Self::read) reads, in the order of the documentation.
    pub variables: &'static [&'static dyn Describe],
    /// Names that the group had before. One that is set is refused.
    pub replaced: &'static [Replaced],
    /// Reads the settings; `None` if a variable has a problem, which the environment notes.
    pub read: fn(&mut Environment) -> Option<T>,
}

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

impl<T> Group<T> {
    pub(super) fn describe(&self) -> DescribedGroup {
        let variables = self.variables.iter().map(|variable| variable.describe()).collect();
        DescribedGroup { heading: self.heading, variables, replaced: self.replaced }
    }
}

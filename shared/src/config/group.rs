//! Groups of variables.

use super::{Describe, DescribedGroup, Environment, Replaced};

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

impl<T> Group<T> {
    fn describe(&self) -> DescribedGroup {
        let variables = self.variables.iter().map(|variable| variable.describe()).collect();
        DescribedGroup { heading: self.heading, variables, replaced: self.replaced }
    }
}

impl Environment {
    /// Reads a group. From then on its variables are known.
    pub fn group<T>(&mut self, group: &Group<T>) -> Option<T> {
        self.note_group(group.describe());
        (group.read)(self)
    }
}

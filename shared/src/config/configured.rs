//! A configuration as it was read.

/// A configuration as it was read.
#[derive(Clone, Debug)]
pub struct Configured<T> {
    /// What the composition made of the variables.
    pub settings: T,
    /// The variables that differ from their defaults, in the order of the documentation.
    pub changed: Vec<Changed>,
}

/// A variable whose value differs from its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The variable's name.
    pub name: &'static str,
    /// The value, cut to a bound; `None` if it may not be shown.
    pub value: Option<String>,
}

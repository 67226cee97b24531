//! Whole numbers.

use std::ops::RangeInclusive;

use super::{Describe, Description, Variable, wrong};

/// A whole number with bounds and a unit.
#[derive(Clone, Debug)]
pub struct Integer {
    /// The name in the environment; ends in the unit where there is one.
    pub name: &'static str,
    /// Both bounds are allowed.
    pub allowed: RangeInclusive<u64>,
    /// The value when absent.
    pub default: Option<u64>,
    /// The unit, in words.
    pub unit: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

impl Integer {
    fn allowed(&self) -> String {
        format!("{} to {} {}", self.allowed.start(), self.allowed.end(), self.unit)
    }
}

impl Variable for Integer {
    type Value = u64;

    fn default(&self) -> Option<u64> {
        self.default
    }

    fn parse(&self, raw: &str) -> Result<u64, String> {
        let number = raw.parse().ok().filter(|number| self.allowed.contains(number));
        number.ok_or_else(|| wrong(raw, false, &self.allowed()))
    }
}

impl Describe for Integer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self) -> Description {
        let default = self.default.map(|number| number.to_string());
        Description { name: self.name, allowed: self.allowed(), default, secret: false, meaning: self.meaning }
    }
}

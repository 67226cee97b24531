//! The kinds of variables: what they allow, and how they are parsed.

mod choice;
mod integer;
mod pairs;
mod text;
mod text_list;

pub use choice::Choice;
pub use integer::Integer;
pub use pairs::Pairs;
pub use text::Text;
pub use text_list::TextList;

use crate::text::bounded;

/// An environment variable of a kind.
pub trait Variable: Describe {
    /// What the variable's text is parsed to.
    type Value;

    /// The value when the variable is absent.
    fn default(&self) -> Option<Self::Value>;

    /// Parses a value that is not empty.
    ///
    /// # Errors
    /// What is wrong, and what is allowed. The value is shown, unless it may be a secret.
    fn parse(&self, raw: &str) -> Result<Self::Value, String>;
}

/// What documentation, templates and errors say of a variable.
pub trait Describe {
    /// The name in the environment.
    fn name(&self) -> &'static str;
    /// The whole description.
    fn describe(&self) -> Description;
}

/// A variable, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name in the environment.
    pub name: &'static str,
    /// The allowed values, in words.
    pub allowed: String,
    /// The value when the variable is absent, as it would be written; `None` if there is none.
    pub default: Option<String>,
    /// Whether its values are kept out of logs and errors.
    pub secret: bool,
    /// What it is for.
    pub meaning: &'static str,
}

/// A value as errors and the start's log line show it: in quotes, on one line, cut to a bound.
pub(super) fn shown(value: &str) -> String {
    /// An ARN of usual length fits.
    const MAX_LEN: usize = 120;
    format!("{:?}", bounded(value, MAX_LEN))
}

/// What is wrong with a value of the wrong form.
fn wrong(raw: &str, secret: bool, allowed: &str) -> String {
    if secret {
        format!("has the wrong form (it may be a secret and is not shown); allowed: {allowed}")
    } else {
        format!("is {}; allowed: {allowed}", shown(raw))
    }
}

//! Text as it is shown and stored: cut to a bound, in the characters that a service allows, and times.

mod bounded;
mod sqs_characters;
mod timestamp;

pub(crate) use bounded::{bounded, one_line};
pub(crate) use sqs_characters::{escape_for_sqs, sqs_allows};
pub(crate) use timestamp::{parse_rfc3339, rfc3339};

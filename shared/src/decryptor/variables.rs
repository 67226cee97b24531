//! The variables of what becomes of records that cannot be opened now.

use super::UnavailableKeys;
use crate::config::{Choice, Group};

/// What becomes of records whose key cannot be used.
pub const VARIABLES: Group<UnavailableKeys> = Group {
    heading: "Keys that cannot be used",
    variables: &[&UNAVAILABLE_KEY],
    replaced: &[],
    read: |environment| environment.read(&UNAVAILABLE_KEY),
};

const UNAVAILABLE_KEY: Choice<UnavailableKeys> = Choice {
    name: "UNAVAILABLE_KEY",
    choices: &[("checkpoint", UnavailableKeys::Checkpoint), ("quarantine", UnavailableKeys::Quarantine)],
    meaning: "What becomes of a record whose key is disabled or whose access is denied: it waits (and the shard with it), or \
              goes to quarantine.",
};

//! The variables of batches that cannot be read.

use std::time::Duration;

use crate::config::{Group, Integer};
use crate::retry::Hold;

/// How long a whole batch is held that cannot be read, as if a setting were wrong.
pub const VARIABLES: Group<Duration> = Group {
    heading: "Batches that cannot be read",
    variables: &[&SUSPICIOUS_BATCH_HOLD],
    replaced: &[],
    read: |environment| environment.read(&SUSPICIOUS_BATCH_HOLD).map(Duration::from_secs),
};

const SUSPICIOUS_BATCH_HOLD: Integer = Integer {
    name: "SUSPICIOUS_BATCH_HOLD_SECONDS",
    allowed: 0..=Hold::MAX_LIMIT.as_secs(),
    default: Some(Hold::DEFAULT_LIMIT.as_secs()),
    unit: "seconds",
    meaning: "How long a batch of ten or more records waits of which none can be read, as if a setting were wrong, until the sandbox has \
              read its first record. Then it goes to quarantine. 0: at once.",
};
